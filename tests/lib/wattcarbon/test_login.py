"""How the WattCarbon client gets its tokens, and how it says who it is."""

import asyncio
import logging

import pytest
from kernel_bench import JumpingClock, ScriptedCloud, assert_silent, says
from wattcarbon_bench import API_KEY, EMAIL, SmallCloud, collect, hours, solar

from aiowattbridge.errors import CredentialsError, ResponseError, ServerError
from aiowattbridge.version import VERSION
from aiowattbridge.wattcarbon import WattCarbonClient

GRANT = {"grant_type": "password", "username": EMAIL, "password": API_KEY}
DAY_S = 24 * 3600.0


async def test_first_request_logs_in_with_the_form_of_the_guide(client: WattCarbonClient, small: SmallCloud) -> None:
    """Once for all that follow, also for many at once."""
    await asyncio.gather(*(client.assets() for _ in range(20)))
    assert small.grants == [GRANT]
    assert small.cloud.seen[0].headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert small.asked[0].headers["Authorization"] == "Bearer canary-access-1"


async def test_token_serves_a_day_and_is_then_asked_for_anew(
    client: WattCarbonClient, small: SmallCloud, clock: JumpingClock
) -> None:
    """There is no refresh token: the same form again, a minute ahead of time."""
    await client.assets()
    clock.passed_s = DAY_S - 61
    await client.assets()
    assert len(small.grants) == 1
    clock.passed_s = DAY_S - 59
    await client.assets()
    assert small.grants == [GRANT, GRANT]


async def test_shorter_life_that_the_answer_states_is_believed(
    client: WattCarbonClient, small: SmallCloud, clock: JumpingClock
) -> None:
    """Though the guide does not show that it states one."""
    token = says('{"access_token": "canary", "expires_in": "600"}')
    small.cloud.reply(token, says("[]"), token, says("[]"))
    await client.assets()
    clock.passed_s = 541
    await client.assets()
    assert len(small.grants) == 2


async def test_token_refused_in_the_middle_is_replaced_once(client: WattCarbonClient, small: SmallCloud) -> None:
    """And the request replayed; a second refusal is about the credentials."""
    await client.assets()
    small.serve(says(status=401))
    assert await client.assets() == []
    assert small.asked[-1].headers["Authorization"] == "Bearer canary-access-2"
    small.serve(says(status=401), says(status=401))
    with pytest.raises(CredentialsError):
        await client.assets()
    assert len(small.grants) == 3


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_refused_credentials_are_a_credentials_error(
    client: WattCarbonClient, small: SmallCloud, status: int
) -> None:
    """What the cloud echoes of them goes nowhere."""
    small.cloud.reply(says(f'{{"detail": "no {EMAIL} here", "password": "canary-x"}}', status))
    with pytest.raises(CredentialsError) as caught:
        await client.verify()
    assert caught.value.answer == "no *** here"
    assert_silent(caught.value, "canary", API_KEY)
    assert len(small.cloud.seen) == 1


async def test_form_that_is_refused_is_not_taken_for_wrong_credentials(
    client: WattCarbonClient, small: SmallCloud
) -> None:
    """422 says that something about the request is wrong."""
    small.cloud.reply(says('{"detail": [{"loc": ["body", "grant_type"], "msg": "unknown", "input": "canary"}]}', 422))
    with pytest.raises(ResponseError, match=r"/auth/token: the login is refused: .*: body\.grant_type: unknown$"):
        await client.verify()


@pytest.mark.parametrize("status", [404, 409, 422])
async def test_refused_login_is_no_refusal_of_what_was_to_be_done(
    client: WattCarbonClient, small: SmallCloud, status: int
) -> None:
    """The rows of an upload are not at fault; they can go out when there is a token again."""
    small.cloud.reply(says('{"detail": [{"loc": ["body"], "msg": "canary-x"}]}', status))
    with pytest.raises(ResponseError) as caught:
        await collect(client.upload("roof", hours(2)))
    assert (caught.value.endpoint, caught.value.status) == ("/auth/token", status)
    assert_silent(caught.value, API_KEY, EMAIL)
    assert len(small.cloud.seen) == 1


async def test_failing_token_endpoint_is_not_taken_for_wrong_credentials(
    client: WattCarbonClient, small: SmallCloud, clock: JumpingClock
) -> None:
    """It is tried again within the policy."""
    small.cloud.reply(says(status=503))
    with pytest.raises(ServerError):
        await client.assets()
    assert len(small.cloud.seen) == 4


async def test_verifying_logs_in_anew_every_time(client: WattCarbonClient, small: SmallCloud) -> None:
    """A kept token would prove nothing of the key."""
    await client.verify()
    await client.verify()
    assert small.grants == [GRANT, GRANT]
    assert not small.asked


async def test_token_that_is_none_is_a_response_error(client: WattCarbonClient, small: SmallCloud) -> None:
    """Naming the field."""
    small.cloud.reply(says('{"token": "canary"}'))
    with pytest.raises(ResponseError, match="WattCarbon /auth/token: field access_token is missing"):
        await client.verify()


async def test_every_request_names_the_library(client: WattCarbonClient, small: SmallCloud) -> None:
    """Also the one that logs in: the vendor asks for a distinctive name."""
    await client.assets()
    assert [seen.headers["User-Agent"] for seen in small.cloud.seen] == [f"aiowattbridge/{VERSION}"] * 2


async def test_application_may_add_its_own_name(cloud: ScriptedCloud, small: SmallCloud) -> None:
    """Before the library's."""
    async with WattCarbonClient(
        EMAIL, API_KEY, base_url=cloud.url, user_agent="rooftops/2 (ops@rooftops.example)"
    ) as client:
        await client.create_asset(solar())
    names = {seen.headers["User-Agent"] for seen in cloud.seen}
    assert names == {f"rooftops/2 (ops@rooftops.example) aiowattbridge/{VERSION}"}


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("user_agent", {"user_agent": " "}),
        ("user_agent", {"user_agent": "a\r\nX-Admin: 1"}),
        ("user_agent", {"user_agent": "café"}),
        ("collection", {"collection": "things"}),
        ("email", {"email": ""}),
        ("api_key", {"api_key": " "}),
        ("The URL", {"base_url": "http://cloud.example"}),
    ],
)
def test_what_cannot_be_used_is_refused_when_the_client_is_made(field: str, options: dict[str, str]) -> None:
    """Naming it, and before anything is sent."""
    given: dict[str, str] = {"email": EMAIL, "api_key": API_KEY, **options}
    with pytest.raises(ValueError, match=f"^{field}"):
        WattCarbonClient(given.pop("email"), given.pop("api_key"), **given)  # type: ignore[arg-type]  # the point


async def test_nothing_secret_is_logged(
    client: WattCarbonClient, small: SmallCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the credentials nor the token nor where anything is."""
    caplog.set_level(logging.DEBUG)
    asset = await client.create_asset(solar())
    assert (await client.asset(asset.asset_id)).asset_id == asset.asset_id
    messages = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert any("POST /assets: 201" in message for message in messages)
    assert any("GET /assets/…: 200" in message for message in messages)
    for secret in ("canary", API_KEY, "Sampletown", f"/{asset.asset_id}"):
        assert not any(secret in message for message in messages)
