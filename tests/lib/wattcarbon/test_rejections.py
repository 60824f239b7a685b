"""What the cloud says when it refuses: the fields and the reasons, and nothing of what was sent."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

import pytest
from kernel_bench import assert_silent, says
from wattcarbon_bench import API_KEY, EMAIL, OWNER, STREET, SmallCloud

from aiowattbridge.errors import ForbiddenError, NotFoundError, RejectedError, ResponseError, ServerError
from aiowattbridge.wattcarbon import Address, DeviceOwner, NewMeter, RefusedError, Solar, WattCarbonClient

PLACE = Address(street=STREET, city="Kanariedorf", state="QX", country="ZZ", postal_code="98765")
ASSET = Solar(name="Roof", custom_id="roof-1", location=PLACE, device_owner=DeviceOwner(name=OWNER))
PRIVATE = (STREET, OWNER, "Kanariedorf", "98765", "QX", "Sonderbar", "KANARIELLE", EMAIL, API_KEY, "canary-access")


async def refuse(client: WattCarbonClient, small: SmallCloud, detail: object, status: int = 422) -> RejectedError:
    """Have an asset refused."""
    await client.assets()
    small.serve(says(json.dumps({"detail": detail}), status))
    with pytest.raises(RejectedError) as caught:
        await client.create_asset(ASSET)
    return caught.value


def complaint(message: str, *where: str | int, **more: object) -> dict[str, Any]:
    """Make one of FastAPI's."""
    return {"type": "value_error", "loc": ["body", *where], "msg": message, **more}


async def test_field_is_named_by_its_path(client: WattCarbonClient, small: SmallCloud) -> None:
    """In the message, and apart for those who mark fields of a form."""
    error = await refuse(client, small, [complaint("Field required", "location", "postalCode")])
    assert isinstance(error, RefusedError)
    assert str(error) == (
        "WattCarbon /assets: refuses the request (HTTP 422): body.location.postalCode: Field required"
    )
    assert [(problem.path, problem.reason) for problem in error.problems] == [
        ("body.location.postalCode", "Field required")
    ]


async def test_reason_may_be_one_text(client: WattCarbonClient, small: SmallCloud) -> None:
    """Then no field is named."""
    error = await refuse(client, small, "The methodology is closed", 400)
    assert error.reason == "refuses the request (HTTP 400): The methodology is closed"


async def test_many_complaints_are_cut(client: WattCarbonClient, small: SmallCloud) -> None:
    """Every line of a file may have one."""
    error = await refuse(client, small, [complaint("is bad", number, "value_kwh") for number in range(300)])
    assert error.reason.endswith("body.4.value_kwh: is bad; and 295 more")


@pytest.mark.parametrize(
    "detail",
    [
        [complaint("Field required", "location", "zip", input=PLACE.to_wire())],
        [complaint(f"no such place: {STREET.upper()}, KANARIEDORF QX 98765", "location", input=STREET)],
        [complaint("is not known: 1F7-canary-input", "inverterDataId", input="1F7-canary-input")],
        [complaint(f"{EMAIL} may not use {API_KEY} or canary-access-1")],
        [complaint("hidden", ctx={"error": OWNER}, input={"deviceOwner": {"name": OWNER}})],
        [complaint(f"owner {OWNER} or just Kanarielle is not known", "deviceOwner", "name")],
        [complaint("no such key", "extra", OWNER)],
        [complaint("no such key", "extra", "KANARIEDORF")],
        f"{OWNER} of {STREET} is not known",
    ],
    ids=[
        "input",
        "respelt",
        "input in the message",
        "credentials",
        "context",
        "words",
        "path",
        "name in the path",
        "text",
    ],
)
async def test_nothing_that_was_sent_is_repeated(client: WattCarbonClient, small: SmallCloud, detail: object) -> None:
    """Neither in the message nor in the excerpt, however the cloud has woven it in."""
    error = await refuse(client, small, detail)
    assert_silent(error, *PRIVATE, "canary-input")
    for private in (*PRIVATE, "canary-input"):
        assert private.lower() not in (error.answer or "").lower()
        assert private.lower() not in str(error).lower()


async def test_number_that_was_sent_is_not_repeated(client: WattCarbonClient, small: SmallCloud) -> None:
    """But the limits are."""
    error = await refuse(client, small, [complaint("1234.5 is not below 90", "location", "latitude", input=1234.5)])
    assert error.reason.endswith("body.location.latitude: *** is not below 90")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("Go away", "Go away"),
        ("", None),
        (f'{{"error": "bad", "input": "{OWNER}"}}', '{"error": "bad", "input": "***"}'),
        ('{"detail": 7}', '{"detail": 7}'),
        ('{"detail": []}', '{"detail": []}'),
        ("[" * 100_000, "[" * 200),
        ('{"detail": [{"msg": 5, "loc": "x"}]}', "is refused"),
    ],
    ids=["text", "nothing", "other json", "number", "no complaints", "brackets", "other complaint"],
)
async def test_refusal_of_another_form_is_still_one(
    client: WattCarbonClient, small: SmallCloud, body: str, answer: str | None
) -> None:
    """What can be shown of it is."""
    await client.assets()
    small.serve(says(body, 400))
    with pytest.raises(RefusedError, match=r"refuses the request \(HTTP 400\)") as caught:
        await client.create_asset(ASSET)
    assert caught.value.answer == answer


@pytest.mark.parametrize(("status", "kind"), [(403, ForbiddenError), (404, NotFoundError), (500, ServerError)], ids=str)
async def test_other_errors_keep_their_kind_and_text(
    client: WattCarbonClient, small: SmallCloud, status: int, kind: type[RejectedError | ServerError]
) -> None:
    """What the cloud said of it is in the excerpt, without personal texts."""
    await client.assets()
    small.serve(*[says(json.dumps({"detail": f"nothing for {OWNER}"}), status)] * 4)
    with pytest.raises(kind) as caught:
        await client.update_asset("7", ASSET)
    assert caught.value.answer == "nothing for ***"
    assert "nothing" not in str(caught.value)


async def test_place_of_a_meter_is_kept_out_of_errors_too(client: WattCarbonClient, small: SmallCloud) -> None:
    """It is as personal as that of an asset."""
    small.serve(says(json.dumps({"detail": f"cannot find {STREET}"}), 422))
    with pytest.raises(RefusedError, match=r"cannot find \*\*\*$"):
        await client.create_meter(NewMeter(meter_type="gas", location=STREET))


async def test_whole_request_may_be_quoted_without_holding_anything_up(
    client: WattCarbonClient, small: SmallCloud
) -> None:
    """However long or deep it is."""
    long = [f"{number} kWh" for number in range(20_000)]
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    started_s = time.perf_counter()
    error = await refuse(client, small, [complaint("not 19999 kWh", input=[long, deep])] * 3)
    assert error.reason.endswith("body: not ***; body: not ***; body: not ***")
    assert time.perf_counter() - started_s < 2


@pytest.mark.parametrize("spell", [quote_plus, json.dumps, str.upper], ids=["form", "json", "capitals"])
async def test_key_is_recognised_as_it_stands_in_a_form(
    client: WattCarbonClient, small: SmallCloud, spell: Callable[[str], str]
) -> None:
    """Where a service shows the request it could not read."""
    small.cloud.reply(says(f"cannot read password={spell(API_KEY)}", 422, content_type="text/plain"))
    with pytest.raises(ResponseError) as caught:
        await client.verify()
    refusal = caught.value.__cause__
    assert isinstance(refusal, RefusedError)
    assert refusal.answer is not None
    for shown in (str(caught.value), str(refusal), refusal.answer):
        assert not [part for part in ("canary", "cret") if part in shown.lower()]


async def test_common_words_of_a_name_do_not_blot_out_the_reason(client: WattCarbonClient, small: SmallCloud) -> None:
    """A name as a whole is hidden where it is quoted, its words are not personal."""
    await client.assets()
    new = replace(ASSET, name="My asset")
    detail = [complaint("Another asset has this name: My Asset", "name", input="My asset")]
    small.serve(says(json.dumps({"detail": detail}), 422))
    with pytest.raises(RefusedError, match=r"body\.name: Another asset has this name: \*\*\*$"):
        await client.create_asset(new)
