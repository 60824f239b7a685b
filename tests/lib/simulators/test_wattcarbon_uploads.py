"""The WattCarbon simulator's files: how they travel, what stands in them, what becomes of the hours."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import aiohttp
import pytest
from raw_wattcarbon import Caller

from aiowattbridge.simulators import SimulatorClock, WattCarbonSimulator

HEADER = "datetime,value_kwh\n"
GOOD = HEADER + "2026-03-01T00:00:00+00:00,0.1\n2026-03-01T01:00:00+00:00,-1.25\n"
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
RAW = {"Content-Type": "text/csv"}


@pytest.fixture
async def cloud(clock: SimulatorClock) -> AsyncIterator[WattCarbonSimulator]:
    """Run a cloud that takes files in either way."""
    async with WattCarbonSimulator(clock=clock, upload="both") as running:
        yield running


@pytest.fixture
async def caller(cloud: WattCarbonSimulator, http: aiohttp.ClientSession) -> Caller:
    """Sign in."""
    signed_in = Caller(cloud, http)
    assert await signed_in.sign_in() == 200
    return signed_in


@pytest.fixture
def asset_id(cloud: WattCarbonSimulator) -> str:
    """Register an asset."""
    return cloud.add_asset({"kind": "solar_direct", "name": "Barn", "location": "1 Meadow Way"})


@pytest.fixture
def meter_id(cloud: WattCarbonSimulator) -> str:
    """Register a meter."""
    return cloud.add_meter({"apiProvider": "manual", "meterType": "gas", "location": "1 Meadow Way"})


def form(
    content: str, name: str = "file", filename: str | None = "hours.csv", kind: str | None = "text/csv"
) -> aiohttp.FormData:
    """Put a file into a multipart form."""
    data = aiohttp.FormData(default_to_multipart=True)
    data.add_field(name, io.BytesIO(content.encode()) if filename else content, filename=filename, content_type=kind)
    return data


async def raw(caller: Caller, path: str, content: str | bytes, **headers: str) -> tuple[int, Any]:
    """Upload a file as the body."""
    return await caller.ask("POST", path, data=content, headers=RAW | headers)


async def test_takes_a_file_either_way(caller: Caller, cloud: WattCarbonSimulator, asset_id: str) -> None:
    """Store what is in it and say how it came."""
    for collection in ("assets", "devices"):
        status, _ = await caller.ask("POST", f"/{collection}/{asset_id}/timeseries", data=form(GOOD))
        assert status == 200
    assert (await raw(caller, f"/assets/{asset_id}/timeseries", GOOD))[0] == 200
    assert cloud.hours(asset_id) == {MIDNIGHT: 0.1, MIDNIGHT + HOUR: -1.25}
    assert [upload.encoding for upload in cloud.uploads] == ["multipart", "multipart", "raw"]
    first = cloud.uploads[0]
    assert (first.owner_id, first.resource, first.rows) == (asset_id, "hours", 2)
    assert (first.first, first.last, first.arrival.size_bytes) == (MIDNIGHT, MIDNIGHT + HOUR, len(GOOD))


@pytest.mark.parametrize("refusal", [415, 422])
@pytest.mark.parametrize("taken", ["multipart", "raw"])
async def test_takes_one_way_alone(
    caller: Caller, asset_id: str, taken: Literal["multipart", "raw"], refusal: Literal[415, 422]
) -> None:
    """Refuse the other one in one of two ways, and count that as no mistake."""
    caller.cloud.upload, caller.cloud.upload_refusal = taken, refusal
    path = f"/assets/{asset_id}/timeseries"
    by_form, by_body = await caller.ask("POST", path, data=form(GOOD)), await raw(caller, path, GOOD)
    good, bad = (by_form, by_body) if taken == "multipart" else (by_body, by_form)
    assert (good[0], bad[0]) == (200, refusal)
    if refusal == 422:
        assert [(each["loc"], each["msg"]) for each in bad[1]["detail"]] == [(["body", "file"], "Field required")]
    report = caller.cloud.report()
    assert (report["encodings_refused"], report["malformed"], report["files"]) == (1, 0, 1)
    assert (await raw(caller, path, GOOD, **{"Content-Type": "text/plain"}))[0] == refusal
    assert caller.cloud.report()["malformed"] == 1


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (form(GOOD, name="upload"), ["body", "upload"]),
        (form(GOOD, filename=None), ["body", "file"]),
        (form(GOOD, kind="text/plain"), ["body", "file"]),
        (form(GOOD, kind=None), ["body", "file"]),
    ],
)
async def test_form_has_one_csv_file(caller: Caller, asset_id: str, data: Any, place: list[str]) -> None:
    """Name the part that is wrong."""
    status, answer = await caller.ask("POST", f"/assets/{asset_id}/timeseries", data=data)
    assert status == 422
    assert answer["detail"][0]["loc"] == place


async def test_form_has_no_second_part(caller: Caller, asset_id: str) -> None:
    """Refuse another file and another field."""
    for name in ("file", "comment"):
        data = form(GOOD)
        data.add_field(name, b"x", filename="x.csv", content_type="text/csv")
        status, answer = await caller.ask("POST", f"/assets/{asset_id}/timeseries", data=data)
        assert (status, answer["detail"][0]["loc"]) == (422, ["body", name])


PART = b'Content-Disposition: form-data; name="file"; filename="x.csv"\r\nContent-Type: text/csv\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--b\r\n" + PART + GOOD.encode() + b"\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + PART + GOOD.encode() + b"\r\n--b\r\n"),
        ("multipart/form-data; boundary=b", b"--c\r\n" + PART + GOOD.encode() + b"\r\n--c--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + PART.rstrip() + b"\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + PART.replace(b"form-data", b"inline") + b"\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense\r\n\r\n" + GOOD.encode() + b"\r\n--b--\r\n"),
    ],
)
async def test_form_that_is_none(caller: Caller, asset_id: str, kind: str, body: bytes) -> None:
    """Answer 400."""
    path = f"/assets/{asset_id}/timeseries"
    status, answer = await caller.ask("POST", path, data=body, headers={"Content-Type": kind})
    assert status == 400
    assert isinstance(answer["detail"], str)


async def test_form_written_by_hand(caller: Caller, asset_id: str) -> None:
    """Take the bytes of the file exactly, with a quoted boundary and without the last line end."""
    body = b"--a b\r\n" + PART + GOOD.encode() + b"\r\n--a b--"
    headers = {"Content-Type": 'multipart/form-data; charset=utf-8; boundary="a b"'}
    path = f"/assets/{asset_id}/timeseries"
    assert (await caller.ask("POST", path, data=body, headers=headers))[0] == 200
    assert caller.cloud.uploads[0].arrival.size_bytes == len(GOOD)


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace("\n", "\r\n"),
        GOOD.removesuffix("\n"),
        GOOD.replace("+00:00", "Z"),
        GOOD.replace("T00:00:00+00:00", "T05:30:00+05:30"),
        HEADER + "2026-03-01T01:00:00+00:00,-1.25\n2026-02-28T16:00:00-08:00,0.10\n",
    ],
)
async def test_ways_to_write_the_same(caller: Caller, asset_id: str, content: str) -> None:
    """Compare instants and values, not texts."""
    assert (await raw(caller, f"/assets/{asset_id}/timeseries", content))[0] == 200
    assert caller.cloud.hours(asset_id) == {MIDNIGHT: 0.1, MIDNIGHT + HOUR: -1.25}


ROW = "2026-03-01T00:00:00+00:00,0.1\n"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", 1),
        ("datetime,value_kwh", None),
        (HEADER, None),
        (ROW, 1),
        ("\ufeff" + HEADER + ROW, 1),
        ("datetime, value_kwh\n" + ROW, 1),
        ("Datetime,value_kwh\n" + ROW, 1),
        ("value_kwh,datetime\n" + ROW, 1),
        (HEADER + ROW + "\n", 3),
        (HEADER + "\n" + ROW, 2),
        (HEADER + ROW + ROW, 3),
        (HEADER + ROW + "2026-03-01T01:00:00+01:00,0.2\n", 3),
        (HEADER + "2026-03-01T00:00:00,0.1\n", 2),
        (HEADER + "2026-03-01 00:00:00+00:00,0.1\n", 2),
        (HEADER + "2026-03-01T00:00+00:00,0.1\n", 2),
        (HEADER + "2026-03-01T00:00:00.000+00:00,0.1\n", 2),
        (HEADER + "2026-03-01T00:30:00+00:00,0.1\n", 2),
        (HEADER + "2026-03-01T00:00:00+05:30,0.1\n", 2),
        (HEADER + "2026-02-29T00:00:00+00:00,0.1\n", 2),
        (HEADER + "2026-03-01T24:00:00+00:00,0.1\n", 2),
        (HEADER + "0001-01-01T00:00:00+01:00,0.1\n", 2),
        (HEADER + "1772323200,0.1\n", 2),
        (HEADER + "2026-03-01T00:00:00+00:00,\n", 2),
        (HEADER + "2026-03-01T00:00:00+00:00,nan\n", 2),
        (HEADER + "2026-03-01T00:00:00+00:00,inf\n", 2),
        (HEADER + "2026-03-01T00:00:00+00:00,1e-05\n", 2),
        (HEADER + "2026-03-01T00:00:00+00:00,.5\n", 2),
        (HEADER + "2026-03-01T00:00:00+00:00, 0.5\n", 2),
        (HEADER + "2026-03-01T00:00:00+00:00,+0.5\n", 2),
        (HEADER + "2026-03-01T00:00:00+00:00,0.5,\n", 2),
        (HEADER + '"2026-03-01T00:00:00+00:00",0.5\n', 2),
        (HEADER + "2026-03-01T00:00:00+00:00;0,5\n", 2),
    ],
)
async def test_bad_files(caller: Caller, asset_id: str, content: str, line: int | None) -> None:
    """Refuse the whole file and name the line, counted from the header."""
    status, answer = await raw(caller, f"/assets/{asset_id}/timeseries", content.encode())
    assert status == 422
    place = ["body", "file"] if line is None else ["body", "file", line]
    assert [each["loc"] for each in answer["detail"]] == [place]
    assert line is None or f"line {line}:" in answer["detail"][0]["msg"]
    assert not caller.cloud.hours(asset_id)
    assert (caller.cloud.report()["malformed"], caller.cloud.report()["files"]) == (1, 0)


async def test_names_every_bad_line_and_keeps_no_good_one(caller: Caller, asset_id: str) -> None:
    """Refuse a file whole, and bytes that are no text."""
    path = f"/assets/{asset_id}/timeseries"
    _, answer = await raw(caller, path, HEADER + "x\n" + ROW + "y\n")
    assert [each["loc"][-1] for each in answer["detail"]] == [2, 4]
    assert not caller.cloud.hours(asset_id)
    assert (await raw(caller, path, b"\xff" + GOOD.encode()))[0] == 422


async def test_last_value_wins_and_all_is_counted(caller: Caller, asset_id: str, meter_id: str) -> None:
    """Tell new, changed and repeated hours apart."""
    path = f"/assets/{asset_id}/timeseries"
    await raw(caller, path, GOOD)
    await raw(caller, path, GOOD.replace("0.1", "0.10").replace("-1.25", "7") + "2026-03-01T02:00:00+00:00,0\n")
    await raw(caller, f"/meters/{meter_id}/intervals", GOOD)
    assert list(caller.cloud.hours(asset_id).values()) == [0.1, 7, 0]
    report = caller.cloud.report()
    assert {name: report[name] for name in ("files", "rows", "hours", "replaced", "identical")} == {
        "files": 2,
        "rows": 5,
        "hours": 3,
        "replaced": 1,
        "identical": 1,
    }
    assert report["intervals"] == {"files": 1, "rows": 2, "intervals": 2, "replaced": 0, "identical": 0}
    assert report["violations"] == 0


async def test_hours_that_are_not_over(caller: Caller, clock: SimulatorClock, asset_id: str, meter_id: str) -> None:
    """Take them, and log that somebody could not wait."""
    clock.set(MIDNIGHT + HOUR * 2 - timedelta(seconds=1))
    await raw(caller, f"/assets/{asset_id}/timeseries", GOOD)
    assert [each.kind for each in caller.cloud.log.violations] == ["not_over_yet"]
    clock.advance(1)
    await raw(caller, f"/assets/{asset_id}/timeseries", GOOD)
    await raw(caller, f"/meters/{meter_id}/intervals", GOOD)
    assert len(caller.cloud.log.violations) == 1
    await raw(caller, f"/meters/{meter_id}/intervals", HEADER + "2026-03-01T02:00:01+00:00,0.1\n")
    assert len(caller.cloud.log.violations) == 2


async def test_size_limit(caller: Caller, asset_id: str) -> None:
    """Measure the file, not the form around it."""
    caller.cloud.max_upload_bytes = len(GOOD)
    path = f"/assets/{asset_id}/timeseries"
    for more, status in (("", 200), ("2026-03-01T02:00:00+00:00,0\n", 413)):
        assert (await raw(caller, path, GOOD + more))[0] == status
        assert (await caller.ask("POST", path, data=form(GOOD + more)))[0] == status


async def test_files_above_a_megabyte(caller: Caller, asset_id: str) -> None:
    """Take years of hours at once."""
    start = datetime(1990, 1, 1, tzinfo=UTC)
    content = HEADER + "".join(f"{(start + HOUR * number).isoformat()},0.125\n" for number in range(40_000))
    assert len(content) > 1024**2
    assert (await caller.ask("POST", f"/assets/{asset_id}/timeseries", data=form(content)))[0] == 200
    assert len(caller.cloud.hours(asset_id)) == 40_000


@pytest.mark.parametrize(
    ("style", "answer"), [("object", (200, {"rows": 2})), ("null", (200, None)), ("nothing", (204, None))]
)
async def test_answers_that_the_pages_do_not_show(caller: Caller, asset_id: str, style: Any, answer: object) -> None:
    """Say little or nothing."""
    caller.cloud.upload_answer = style
    assert await raw(caller, f"/assets/{asset_id}/timeseries", GOOD) == answer


async def test_rejections(caller: Caller, asset_id: str, meter_id: str) -> None:
    """Refuse the files one is told to refuse, until the rejection is taken back."""
    path = f"/assets/{asset_id}/timeseries"
    rejection = caller.cloud.reject(asset_id, lambda rows: min(rows.values()) < 0, reason="No losses here.")
    status, answer = await raw(caller, path, GOOD)
    assert (status, answer["detail"][0]["msg"]) == (422, "No losses here.")
    assert (await raw(caller, path, GOOD.replace("-", "", 5)))[0] == 422
    assert (await raw(caller, path, HEADER + ROW))[0] == 200
    assert (await raw(caller, f"/meters/{meter_id}/bills", GOOD))[0] == 200
    caller.cloud.rejections.remove(rejection)
    assert (await raw(caller, path, GOOD))[0] == 200
    caller.cloud.reject(meter_id, status=403)
    assert await raw(caller, f"/meters/{meter_id}/bills", GOOD) == (403, {"detail": "This file is not wanted."})
    assert (caller.cloud.report()["rejected"], caller.cloud.report()["malformed"]) == (2, 1)


async def test_meter_takes_any_interval(caller: Caller, meter_id: str) -> None:
    """Take quarters, hours and days, and show what is there on the days asked for."""
    days = "2026-02-27T00:00:00-08:00,24\n2026-02-28T00:00:00Z,9\n"
    content = HEADER + days + "2026-03-01T00:15:00Z,0.25\n2026-03-01T00:30:01+00:00,-0.5\n"
    assert (await caller.ask("POST", f"/meters/{meter_id}/intervals", data=form(content)))[0] == 200
    assert (await raw(caller, f"/meters/{meter_id}/bills", HEADER + "2026-02-01T00:00:00Z,700\n"))[0] == 200
    assert list(caller.cloud.intervals(meter_id).values()) == [24, 9, 0.25, -0.5]
    assert caller.cloud.bills(meter_id) == {datetime(2026, 2, 1, tzinfo=UTC): 700}
    assert not caller.cloud.hours(meter_id)
    path = f"/meters/{meter_id}/timeseries"
    assert await caller.ask("GET", f"{path}?start=2026-02-01&end=2026-02-27") == (
        200,
        [
            {"datetime": "2026-02-01T00:00:00+00:00", "value_kwh": 700},
            {"datetime": "2026-02-27T08:00:00+00:00", "value_kwh": 24},
        ],
    )
    assert len((await caller.ask("GET", f"{path}?start=2026-02-28&end=2026-03-01"))[1]) == 3
    caller.cloud.end_day = "excluded"
    assert len((await caller.ask("GET", f"{path}?start=2026-02-28&end=2026-03-01"))[1]) == 1
    assert await caller.ask("GET", f"{path}?start=2026-02-20&end=2026-02-27") == (200, [])
    assert await caller.ask("GET", f"{path}?start=2026-02-02&end=2026-02-02") == (200, [])


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("", ["query", "start"]),
        ("?start=2026-02-01", ["query", "end"]),
        ("?start=2026-02-01&end=2026-02-30", ["query", "end"]),
        ("?start=2026-02-01T00:00:00Z&end=2026-02-03", ["query", "start"]),
        ("?start=2026-02-02&end=2026-02-01", ["query", "end"]),
        ("?start=2026-02-01&end=2026-02-02&end=2026-02-03", ["query"]),
        ("?start=2026-02-01&end=2026-02-02&limit=5", ["query", "limit"]),
    ],
)
async def test_days_of_a_meter(caller: Caller, meter_id: str, query: str, place: list[str]) -> None:
    """Want two dates in order and nothing else."""
    status, answer = await caller.ask("GET", f"/meters/{meter_id}/timeseries{query}")
    assert (status, answer["detail"][0]["loc"]) == (422, place)


async def test_foreign_ids(caller: Caller, asset_id: str, meter_id: str) -> None:
    """Know an asset by its own id alone, and a meter by its."""
    for path in (f"/assets/{meter_id}/timeseries", f"/meters/{asset_id}/intervals", "/meters/x/bills"):
        assert (await raw(caller, path, GOOD))[0] == 404
    status, answer = await caller.ask("GET", "/meters/x/timeseries?start=2026-02-01&end=2026-02-02")
    assert (status, answer) == (404, {"detail": "Meter not found"})
