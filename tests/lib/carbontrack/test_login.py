"""How the carbonTRACK client gets its tokens, and what it does when one is refused."""

import asyncio
import logging
from contextlib import aclosing

import pytest
from carbontrack_bench import DEVICE, END, PASSWORD, START, USERNAME, TokenDesk, read_measurements
from kernel_bench import JumpingClock, assert_silent, says

from aiowattbridge.carbontrack import CarbonTrackClient
from aiowattbridge.errors import CredentialsError, ResponseError, ServerError

PASSWORD_GRANT = {"grant_type": "password", "username": USERNAME, "password": PASSWORD}


def refresh_grant(number: int) -> dict[str, str]:
    """Name what a refresh request has to hold: also user name and password."""
    return {**PASSWORD_GRANT, "grant_type": "refresh_token", "refresh_token": f"canary-refresh-{number}"}


async def test_first_request_logs_in_with_the_password(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Form-encoded, and once for all that follow."""
    desk.serve_recorded("distributor")
    await client.distributors()
    await client.distributors()
    assert desk.grants == [PASSWORD_GRANT]


async def test_many_requests_at_once_log_in_once(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """One token request for all of them."""
    desk.serve_recorded("distributor")
    await asyncio.gather(*(client.distributors() for _ in range(20)))
    assert desk.grants == [PASSWORD_GRANT]


async def test_token_is_refreshed_ahead_of_its_end_with_the_kept_refresh_token(
    client: CarbonTrackClient, desk: TokenDesk, clock: JumpingClock
) -> None:
    """The refresh grant wants the credentials too and brings no new refresh token: the old one stays good."""
    desk.serve_recorded("distributor")
    for hours in range(3):
        clock.passed_s = hours * 3600 - 59.0
        await client.distributors()
    assert desk.grants == [PASSWORD_GRANT, refresh_grant(1), refresh_grant(1)]


async def test_refresh_token_that_is_renewed_after_all_is_used(
    client: CarbonTrackClient, desk: TokenDesk, clock: JumpingClock
) -> None:
    """One sentence of the page promises it, its table does not."""
    desk.serve_recorded("distributor")
    desk.refreshes_refresh_tokens = True
    for hours in range(3):
        clock.passed_s = hours * 3600 - 59.0
        await client.distributors()
    assert desk.grants == [PASSWORD_GRANT, refresh_grant(1), refresh_grant(2)]


async def test_lifetime_of_a_token_is_counted_from_the_question(
    client: CarbonTrackClient, desk: TokenDesk, clock: JumpingClock
) -> None:
    """The cloud's `issued_at` is of another clock, here one of 1970."""
    desk.serve_recorded("distributor")
    for seconds in (0, 3500):
        clock.passed_s = seconds
        await client.distributors()
    assert desk.grants == [PASSWORD_GRANT]


async def test_refused_token_is_refreshed_and_the_request_replayed(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Once."""
    desk.serve_recorded("distributor")
    await client.distributors()
    good = desk.data[0]
    desk.serve(says(status=401), good)
    assert len(await client.distributors()) == 1
    assert desk.grants == [PASSWORD_GRANT, refresh_grant(1)]
    assert desk.asked[-1].headers["Authorization"] == "Bearer canary-access-2"


async def test_refused_refresh_leads_to_one_new_login(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """With the password, which may still be good."""
    desk.serve_recorded("distributor")
    await client.distributors()
    desk.refused = {"refresh_token"}
    desk.serve(says(status=401), desk.data[0])
    await client.distributors()
    assert desk.grants == [PASSWORD_GRANT, refresh_grant(1), PASSWORD_GRANT]


async def test_refused_password_is_a_credentials_error_after_one_try(
    client: CarbonTrackClient, desk: TokenDesk
) -> None:
    """The server answers 400, as OAuth has it; it echoes what it was given, which goes nowhere."""
    desk.serve_recorded("distributor")
    await client.distributors()
    desk.refused = {"refresh_token", "password"}
    desk.serve(says(status=401))
    with pytest.raises(CredentialsError) as caught:
        await client.distributors()
    assert [grant["grant_type"] for grant in desk.grants] == ["password", "refresh_token", "password"]
    assert caught.value.answer is not None
    assert "invalid_grant" in caught.value.answer
    assert not [secret for secret in (USERNAME, PASSWORD, "canary") if secret in caught.value.answer]
    assert_silent(caught.value, "canary", PASSWORD)


async def test_data_refused_with_a_fresh_token_is_a_credentials_error(
    client: CarbonTrackClient, desk: TokenDesk
) -> None:
    """No third try."""
    desk.serve(says(status=401))
    with pytest.raises(CredentialsError):
        await client.distributors()
    assert len(desk.asked) == 2


async def test_verifying_logs_in_anew_every_time(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """A kept token would prove nothing of the password."""
    await client.verify()
    await client.verify()
    assert desk.grants == [PASSWORD_GRANT, PASSWORD_GRANT]
    desk.refused = {"password"}
    with pytest.raises(CredentialsError):
        await client.verify()


async def test_failing_token_endpoint_is_not_taken_for_wrong_credentials(
    client: CarbonTrackClient, desk: TokenDesk, clock: JumpingClock
) -> None:
    """It is tried again within the policy, and no more often because of the request behind it."""
    desk.cloud.reply(says(status=503))
    with pytest.raises(ServerError):
        await client.distributors()
    assert len(desk.cloud.seen) == 4
    assert len(clock.sleeps_s) == 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"access_token": "", "expires_in": 1}', "field access_token is malformed"),
        ('{"access_token": "canary", "expires_in": "canary"}', "field expires_in is malformed"),
        ('{"expires_in": 3600}', "field access_token is missing"),
        ("<html>canary</html>", "page of HTML"),
    ],
)
async def test_unreadable_token_answer_names_the_field(
    client: CarbonTrackClient, desk: TokenDesk, body: str, reason: str
) -> None:
    """And never the token."""
    desk.cloud.reply(says(body))
    with pytest.raises(ResponseError, match=f"carbonTRACK /oauth/token: .*{reason}") as caught:
        await client.verify()
    assert_silent(caught.value, "canary")


async def test_nothing_secret_is_logged(
    client: CarbonTrackClient, desk: TokenDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither credentials nor tokens nor whom we looked for."""
    caplog.set_level(logging.DEBUG)
    desk.serve_recorded("customer")
    async with aclosing(client.customers(phone="canary-phone")) as customers:
        await anext(customers)
    desk.serve_recorded("all_fields")
    await read_measurements(client)
    assert [record async for record in client.measurements(DEVICE, START, END)]
    clients = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert any("/ctapi/Measurement: 200" in message for message in clients)
    assert not any("canary" in message or PASSWORD in message for message in clients)
