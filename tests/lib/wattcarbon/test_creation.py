"""An asset is created once, whatever becomes of the answer."""

import json

import pytest
from kernel_bench import JumpingClock, assert_silent, cuts, cuts_body, says
from wattcarbon_bench import EMAIL, SmallCloud, solar

from aiowattbridge.errors import (
    CredentialsError,
    ForbiddenError,
    RateLimitedError,
    RejectedError,
    ResponseError,
    ServerError,
    UnreachableError,
)
from aiowattbridge.wattcarbon import RefusedError, WattCarbonClient

HTML = says("<html>canary</html>", content_type="text/html")
LOST = {
    "cut": cuts,
    "half an answer": cuts_body,
    "page of a proxy": HTML,
    "server error": says(status=502),
    "empty": says("", 201),
    "no id": says("{}", 201),
}


def posts(small: SmallCloud) -> int:
    """Count the requests to create."""
    return sum(line.startswith("POST") for line in small.lines)


async def test_created_asset_is_returned(client: WattCarbonClient, small: SmallCloud) -> None:
    """With the id the cloud gave it."""
    asset = await client.create_asset(solar())
    assert (asset.asset_id, asset.custom_id, asset.name) == ("100", "roof-1", "Roof")
    assert small.lines == ["POST /assets"]


async def test_asset_without_a_custom_id_is_refused_here(client: WattCarbonClient, small: SmallCloud) -> None:
    """It could not be found again; the message says so, and nothing is sent."""
    with pytest.raises(ValueError, match=r"^custom_id: is needed .* if the answer is lost"):
        await client.create_asset(solar(custom_id=None))
    assert not small.cloud.seen


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
async def test_asset_whose_answer_was_lost_is_found_and_not_created_again(
    client: WattCarbonClient, small: SmallCloud, lost: object
) -> None:
    """It is looked up by its custom id."""
    assert callable(lost)
    small.afterwards.append(lost)
    asset = await client.create_asset(solar())
    assert (asset.asset_id, len(small.assets), posts(small)) == ("100", 1, 1)


@pytest.mark.parametrize("lost", [cuts, says(status=502)], ids=["cut", "server error"])
async def test_request_that_took_no_effect_is_made_again(
    client: WattCarbonClient, small: SmallCloud, lost: object
) -> None:
    """After looking whether it had."""
    assert callable(lost)
    small.serve(lost)
    assert (await client.create_asset(solar())).asset_id == "100"
    assert small.lines == ["POST /assets", "GET /assets", "POST /assets"]


@pytest.mark.parametrize("status", [429, 408])
async def test_request_that_was_surely_not_executed_is_made_again_without_looking(
    client: WattCarbonClient, small: SmallCloud, clock: JumpingClock, status: int
) -> None:
    """After as long as the cloud asks for."""
    small.serve(says(status=status, headers={"Retry-After": "7"}))
    await client.create_asset(solar())
    assert small.lines == ["POST /assets", "POST /assets"]
    assert clock.sleeps_s[0] >= 7


async def test_answers_that_keep_getting_lost_end_with_the_policy(
    client: WattCarbonClient, small: SmallCloud, clock: JumpingClock
) -> None:
    """It says that the asset may be there, although no list has shown it."""
    small.serve(cuts, None, cuts, None, cuts, None, cuts, None)
    with pytest.raises(UnreachableError) as caught:
        await client.create_asset(solar())
    assert posts(small) == 4
    assert caught.value.may_have_arrived


async def test_waiting_beyond_the_policy_is_left_to_the_caller(client: WattCarbonClient, small: SmallCloud) -> None:
    """With what the cloud asked for, and what became of an earlier request."""
    small.serve(cuts, None, says(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimitedError) as caught:
        await client.create_asset(solar())
    assert caught.value.retry_after_s == 3600
    assert caught.value.may_have_arrived


async def test_request_that_was_slow_rather_than_lost_counts_as_ours(
    client: WattCarbonClient, small: SmallCloud
) -> None:
    """It takes effect after the list has shown nothing; the repetition is refused because of it."""

    async def late(request: object) -> object:
        small.assets.append({"id": 5, "customId": "roof-1", "name": "Roof", "kind": "solar"})
        return await says('{"detail": "customId is taken"}', 409)(request)  # type: ignore[arg-type]  # passed on

    small.serve(cuts, None, late)  # type: ignore[arg-type]  # as above
    assert (await client.create_asset(solar())).asset_id == "5"


@pytest.mark.parametrize("taken", [{"name": "Shed"}, {"kind": "storage_direct"}])
async def test_asset_of_somebody_else_is_not_taken_for_ours(
    client: WattCarbonClient, small: SmallCloud, taken: dict[str, str]
) -> None:
    """It has our custom id, and another name or kind."""
    small.assets.append({"id": 5, "customId": "roof-1", "name": "Roof", "kind": "solar", **taken})
    small.serve(cuts)
    with pytest.raises(RefusedError, match="another asset has this custom id already"):
        await client.create_asset(solar())
    assert posts(small) == 1


async def test_custom_id_in_use_is_said_clearly(client: WattCarbonClient, small: SmallCloud) -> None:
    """A conflict without a lost answer is never taken for success, even if all is the same."""
    await client.create_asset(solar())
    with pytest.raises(RefusedError) as caught:
        await client.create_asset(solar())
    assert caught.value.reason == (
        "an asset has this custom id already: refuses the request (HTTP 409): customId is taken"
    )
    assert len(small.assets) == 1


async def test_fields_at_fault_are_named(client: WattCarbonClient, small: SmallCloud) -> None:
    """And the request is not repeated."""
    fault = {"loc": ["body", "customId"], "msg": "must be unique", "type": "value_error"}
    small.serve(says(json.dumps({"detail": [fault]}), 422))
    with pytest.raises(RefusedError, match=r"body\.customId: must be unique$") as caught:
        await client.create_asset(solar())
    assert caught.value.problems[0].path == "body.customId"
    assert small.lines == ["POST /assets"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (says(status=403), ForbiddenError),
        (says(status=404), RejectedError),
        (says(status=307, headers={"Location": "/x"}), ResponseError),
    ],
)
async def test_other_refusals_are_what_they_are(
    client: WattCarbonClient, small: SmallCloud, reply: object, error: type[Exception]
) -> None:
    """Without a question."""
    assert callable(reply)
    await client.assets()
    small.serve(reply)
    with pytest.raises(error):
        await client.create_asset(solar())
    assert small.lines == ["GET /assets", "POST /assets"]


async def test_look_up_that_fails_leaves_the_first_failure(client: WattCarbonClient, small: SmallCloud) -> None:
    """The caller is told that the asset may be there; a repetition would be blind."""
    small.serve(cuts, *[says(status=503)] * 4)
    with pytest.raises(UnreachableError) as caught:
        await client.create_asset(solar())
    assert caught.value.may_have_arrived
    assert posts(small) == 1
    small.serve(says(status=500), says(status=403))
    with pytest.raises(ServerError):
        await client.create_asset(solar())
    assert posts(small) == 2


async def test_refused_token_is_replaced_and_the_request_replayed(client: WattCarbonClient, small: SmallCloud) -> None:
    """A 401 has created nothing."""
    small.serve(says(status=401))
    await client.create_asset(solar())
    assert small.lines == ["POST /assets", "POST /assets"]
    small.serve(says(status=401), says(status=401))
    with pytest.raises(CredentialsError) as caught:
        await client.create_asset(solar(custom_id="roof-2"))
    assert_silent(caught.value, "canary", EMAIL, "Sampletown")
