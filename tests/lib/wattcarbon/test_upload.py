"""A series arrives whole, in order and to the digit, or the upload says where it stopped and why."""

import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import timedelta
from decimal import Decimal

import pytest
from kernel_bench import JumpingClock, Reply, assert_silent, cuts, says
from wattcarbon_bench import HEADER, HOUR, START, SmallCloud, collect, hours, text_of

from aiowattbridge.errors import CredentialsError, NotFoundError, ResponseError, ServerError, WattbridgeError
from aiowattbridge.wattcarbon import (
    Encoding,
    Hole,
    HourlyEnergy,
    RefusedError,
    UploadReceipt,
    WattCarbonClient,
    read_csv,
    write_csv,
)


@pytest.fixture(autouse=True)
def _kept(small: SmallCloud) -> None:
    """Let there be an asset."""
    small.assets.append({"id": 7})


def complaint(*where: str | int, message: str = "is bad", status: int = 422) -> Reply:
    """Refuse in FastAPI's way."""
    return says(json.dumps({"detail": [{"loc": ["body", *where], "msg": message, "type": "x"}]}), status)


def encodings(small: SmallCloud) -> list[str]:
    """Name how the uploads came, in order."""
    return [seen.headers["Content-Type"].partition(";")[0] for seen in small.asked if seen.method == "POST"]


MULTIPART, RAW = "multipart/form-data", "text/csv"


async def test_series_is_sent_as_a_file_of_a_form(client: WattCarbonClient, small: SmallCloud) -> None:
    """With the lines of the guide, every one with its line break, in one batch with a header."""
    [receipt] = await collect(client.upload("7", hours(3)))
    [seen] = small.asked
    assert (seen.method, seen.path) == ("POST", "/assets/7/timeseries")
    assert seen.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert text_of(seen) == (
        f"{HEADER}2025-08-01T00:00:00+00:00,0.0\n2025-08-01T01:00:00+00:00,0.1\n2025-08-01T02:00:00+00:00,0.2\n"
    ).replace(",0.0\n", ",0\n")
    assert receipt == UploadReceipt(
        rows=3,
        first=START,
        last=START + 2 * HOUR,
        total_kwh=Decimal("0.3"),
        holes=(),
        encoding=Encoding.MULTIPART,
        status=200,
        answer='{"id": 7}',
    )


async def test_long_series_is_cut_into_batches_that_are_told_one_by_one(
    client: WattCarbonClient, small: SmallCloud
) -> None:
    """Each is a whole CSV; together they are the series."""
    rows = list(hours(25))
    receipts = await collect(client.upload("7", rows, batch_rows=10))
    assert [receipt.rows for receipt in receipts] == [10, 10, 5]
    assert [row for seen in small.asked for row in read_csv(text_of(seen).splitlines())] == rows


async def test_batch_that_fits_leaves_no_empty_one_behind(client: WattCarbonClient, small: SmallCloud) -> None:
    """And nothing at all is sent of nothing."""
    assert len(await collect(client.upload("7", hours(20), batch_rows=10))) == 2
    assert await collect(client.upload("7", [])) == []
    assert len(small.asked) == 2


async def test_rows_may_come_from_an_asynchronous_source(client: WattCarbonClient, small: SmallCloud) -> None:
    """Which is read no further than the batch that is sent."""
    read = 0

    async def source() -> AsyncIterator[HourlyEnergy]:
        nonlocal read
        for row in hours(100):
            read += 1
            yield row

    async with aclosing(client.upload("7", source(), batch_rows=10)) as receipts:
        await anext(receipts)
        assert read == 10
        await anext(receipts)
        assert read == 20
    assert len(small.asked) == 2


async def test_memory_is_that_of_a_batch(client: WattCarbonClient, small: SmallCloud) -> None:
    """Whatever the length of the series."""

    async def peak(count: int) -> int:
        tracemalloc.start()
        async with aclosing(client.upload("7", hours(count, start=START - 900 * timedelta(days=1)))) as receipts:
            async for _ in receipts:
                small.cloud.seen.clear()
        high = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return high

    await peak(2_000)
    assert await peak(20_000) < 1.5 * await peak(4_000)


async def test_numbers_arrive_to_the_digit(client: WattCarbonClient, small: SmallCloud) -> None:
    """Signed, long, small and large."""
    given = ["-0.1", "0.30000000000000004", "1E-9", "1E+5", "123456789.987654321"]
    rows = [HourlyEnergy(START + number * HOUR, Decimal(text)) for number, text in enumerate(given)]
    [receipt] = await collect(client.upload("7", rows))
    sent = [line.partition(",")[2] for line in text_of(small.asked[0]).splitlines()[1:]]
    assert sent == ["-0.1", "0.30000000000000004", "0.000000001", "100000", "123456789.987654321"]
    assert receipt.total_kwh == sum(map(Decimal, given))


async def test_holes_are_reported_and_not_filled(client: WattCarbonClient, small: SmallCloud) -> None:
    """Between rows and between batches; a hole belongs to the batch after it."""
    rows = [row for number, row in enumerate(hours(12)) if number not in (1, 2, 6, 9)]
    receipts = await collect(client.upload("7", rows, batch_rows=4))
    at = [START + number * HOUR for number in range(12)]
    assert [receipt.holes for receipt in receipts] == [
        (Hole(at[1], at[3]),),
        (Hole(at[6], at[7]), Hole(at[9], at[10])),
    ]
    assert sum(len(text_of(seen).splitlines()) - 1 for seen in small.asked) == 8


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (START, "has to be later than the row before it, of 2025-08-01T00:00:00"),
        (START - HOUR, "has to be later than the row before it"),
        (START + HOUR / 2, "has to be a full hour"),
    ],
    ids=["twice", "backwards", "misaligned"],
)
@pytest.mark.parametrize("batch_rows", [1, 2, 10])
async def test_row_that_may_not_follow_is_named_and_not_sent(
    client: WattCarbonClient, small: SmallCloud, second: object, reason: str, batch_rows: int
) -> None:
    """Also where a batch ends between the two; nothing of its batch is sent."""
    rows = [HourlyEnergy(start, Decimal(1)) for start in (START, second)]  # type: ignore[arg-type]  # it is one
    with pytest.raises(ValueError, match=rf"^start: row 2 \(2025-.*\) {reason}") as caught:
        await collect(client.upload("7", rows, batch_rows=batch_rows))
    assert len(small.asked) == (1 if batch_rows == 1 else 0)
    rows_before = "1 rows up to 2025-08-01T00:00:00+00:00 were" if batch_rows == 1 else "nothing was"
    assert caught.value.__notes__ == [f"{rows_before} uploaded before"]


async def test_hour_that_is_not_over_is_not_sent(
    client: WattCarbonClient, small: SmallCloud, clock: JumpingClock
) -> None:
    """It would be replaced by itself later, and meanwhile be wrong."""
    last = clock.now() - HOUR
    await collect(client.upload("7", [HourlyEnergy(last, Decimal(1))]))
    with pytest.raises(ValueError, match=r"^start: row 1 .* has to be over"):
        await collect(client.upload("7", [HourlyEnergy(last + HOUR, Decimal(1))]))
    clock.passed_s = 3600
    await collect(client.upload("7", [HourlyEnergy(last + HOUR, Decimal(1))]))


@pytest.mark.parametrize("batch_rows", [0, -1, 100_001])
def test_size_of_a_batch_is_checked_at_once(client: WattCarbonClient, batch_rows: int) -> None:
    """As is the id."""
    with pytest.raises(ValueError, match=r"^batch_rows: has to be 1 to"):
        client.upload("7", [], batch_rows=batch_rows)
    with pytest.raises(ValueError, match=r"^asset_id"):
        client.upload("", [])


REFUSALS = {
    "415": says(status=415),
    "422 of the file": complaint("file", message="Field required"),
    "422 of the body": complaint(),
    "422 in a sentence": says('{"detail": "Unexpected content-type of the body"}', 422),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_cloud_that_wants_no_form_gets_the_text(
    client: WattCarbonClient, small: SmallCloud, refusal: object
) -> None:
    """The same lines, once more, and from then on at once."""
    assert callable(refusal)
    await client.assets()
    small.serve(refusal)
    receipts = await collect(client.upload("7", hours(6), batch_rows=2))
    assert [receipt.encoding for receipt in receipts] == [Encoding.RAW] * 3
    await collect(client.upload("7", hours(1)))
    assert encodings(small) == [MULTIPART, RAW, RAW, RAW, RAW]
    first, second = small.asked[1:3]
    assert second.body.decode() == text_of(first) == "".join(write_csv(hours(2)))


async def test_complaint_of_the_content_is_not_taken_for_one_of_the_form(
    client: WattCarbonClient, small: SmallCloud
) -> None:
    """It names a line; the text would be refused as well."""
    small.serve(complaint("file", 3, message="line 3: too much"))
    with pytest.raises(RefusedError, match=r"body\.file\.3: line 3: too much \(nothing was uploaded before\)"):
        await collect(client.upload("7", hours(6)))
    assert encodings(small) == [MULTIPART]


async def test_form_that_was_taken_once_is_not_doubted(client: WattCarbonClient, small: SmallCloud) -> None:
    """What is refused later is refused for what is in it."""
    await collect(client.upload("7", hours(1)))
    small.serve(complaint("file", message="line 2 is odd"))
    with pytest.raises(RefusedError):
        await collect(client.upload("7", hours(1)))
    assert encodings(small) == [MULTIPART, MULTIPART]


async def test_when_neither_is_taken_the_first_refusal_is_told(client: WattCarbonClient, small: SmallCloud) -> None:
    """And the next upload tries again."""
    small.serve(complaint("file", message="line 2 is odd"), says(status=415))
    with pytest.raises(RefusedError, match="line 2 is odd") as caught:
        await collect(client.upload("7", hours(1)))
    assert caught.value.status == 422
    await collect(client.upload("7", hours(1)))
    assert encodings(small) == [MULTIPART, RAW, MULTIPART]


async def test_trouble_during_the_second_try_is_what_it_is(client: WattCarbonClient, small: SmallCloud) -> None:
    """And settles nothing."""
    small.serve(says(status=415), *[says(status=503)] * 4)
    with pytest.raises(ServerError):
        await collect(client.upload("7", hours(1)))
    await collect(client.upload("7", hours(1)))
    assert encodings(small)[-1] == MULTIPART


async def test_refusal_says_how_far_the_upload_got(client: WattCarbonClient, small: SmallCloud) -> None:
    """So that it can go on behind the last receipt."""
    small.serve(None, None, complaint("file", 2, "value_kwh", message="too much for this asset", status=422))
    with pytest.raises(RefusedError) as caught:
        await collect(client.upload("7", hours(30), batch_rows=10))
    assert str(caught.value) == (
        "WattCarbon /assets/7/timeseries: refuses the request (HTTP 422): "
        "body.file.2.value_kwh: too much for this asset "
        "(20 rows up to 2025-08-01T19:00:00+00:00 were uploaded before)"
    )
    assert [receipt.last for receipt in caught.value.receipts] == [START + 9 * HOUR, START + 19 * HOUR]
    done = caught.value.receipts[-1].last
    await collect(client.upload("7", (row for row in hours(30) if row.start > done)))
    sent = [row for seen in (*small.asked[:2], small.asked[-1]) for row in read_csv(text_of(seen).splitlines())]
    assert sent == list(hours(30))


@pytest.mark.parametrize(
    ("replies", "kind"),
    [
        ([says(status=503)] * 4, ServerError),
        ([says(status=401)] * 2, CredentialsError),
        ([says('{"detail": "Asset not found"}', 404)], NotFoundError),
        ([says("<html>", content_type="text/html")], ResponseError),
    ],
)
async def test_every_other_error_says_it_in_a_note(
    client: WattCarbonClient, small: SmallCloud, replies: list[object], kind: type[WattbridgeError]
) -> None:
    """It keeps its kind, which says what to do."""
    small.serve(None, *replies)  # type: ignore[arg-type]  # they are replies
    with pytest.raises(kind) as caught:
        await collect(client.upload("7", hours(30), batch_rows=10))
    assert caught.value.__notes__ == ["10 rows up to 2025-08-01T09:00:00+00:00 were uploaded before"]
    assert_silent(caught.value, "canary")


async def test_batch_whose_answer_was_lost_is_sent_again(
    client: WattCarbonClient, small: SmallCloud, clock: JumpingClock
) -> None:
    """The hours replace themselves."""
    small.afterwards.extend([cuts, says(status=502), None])
    [receipt] = await collect(client.upload("7", hours(3)))
    assert receipt.rows == 3
    assert len(small.asked) == 3
    assert len({seen.body for seen in small.asked}) == 1


async def test_page_of_something_in_between_is_no_receipt(client: WattCarbonClient, small: SmallCloud) -> None:
    """Whatever its status; the error names where it came from."""
    await client.assets()
    small.serve(says("<!doctype html>", 200, content_type="text/html"))
    with pytest.raises(ResponseError, match="WattCarbon /assets/7/timeseries: the answer is a page") as caught:
        await collect(client.upload("7", hours(1)))
    assert caught.value.may_have_arrived


async def test_source_that_breaks_is_heard(client: WattCarbonClient, small: SmallCloud) -> None:
    """Its own error comes through."""

    def source() -> Iterator[HourlyEnergy]:
        yield from hours(3)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        await collect(client.upload("7", source(), batch_rows=2))
    assert len(small.asked) == 1


async def test_secrets_in_an_answer_do_not_get_into_the_receipt(client: WattCarbonClient, small: SmallCloud) -> None:
    """The excerpt is for people."""
    small.serve(says('{"message": "done for canary-access-1"}'))
    [receipt] = await collect(client.upload("7", hours(1)))
    assert receipt.answer == '{"message": "done for ***"}'
