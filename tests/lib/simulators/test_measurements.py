"""The carbonTRACK simulator's measurements: paging, forms, sums and speed."""

import json
import re
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Literal

import aiohttp
import pytest
from raw_carbontrack import bearer, period, post

from aiowattbridge.simulators import ALL_FIELDS, CarbonTrackSimulator, House, RecordStyle, SimulatorClock


@pytest.fixture
async def cloud(clock: SimulatorClock) -> AsyncIterator[CarbonTrackSimulator]:
    """Run a cloud with small pages."""
    async with CarbonTrackSimulator(house=House(7), clock=clock, page_size=100) as running:
        yield running


async def test_measurements_page_by_page(cloud: CarbonTrackSimulator, http: aiohttp.ClientSession) -> None:
    """Give every reading of a day once, in pages, with the documented forms."""
    body = period(cloud, days=1)
    records = []
    for page in range(4):
        answer = await post(cloud, http, "/ctapi/Measurement", body | {"PageIndex": page})
        assert (answer["Count"], answer["Pages"], answer["PagesIndex"]) == (288, 3, page)
        records += answer["Measurements"]
    assert len(records) == 288
    assert len({record["ID"] for record in records}) == 288
    assert [record["RecordDateTime"] for record in records[-2:]] == ["2026-03-04T11:55:00Z", "2026-03-04T12:00:00Z"]
    record = records[0]
    assert list(record) == ["ID", "DeviceID", "RecordDateTime", *ALL_FIELDS]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", record["ID"])
    for name in ALL_FIELDS:
        assert record[name] is None or re.fullmatch(r"-?(\d+|\d{1,3}(,\d{3})+)\.\d\d", record[name])
    assert record["Power4"] is None
    assert any("," in record["SignalStrength"] for record in records)
    assert not any("," in record["Irradiation"] for record in records)
    assert cloud.log.entries[-1].body == body | {"PageIndex": 3}


async def test_answers_add_up_to_the_expectation(cloud: CarbonTrackSimulator, http: aiohttp.ClientSession) -> None:
    """Publish exactly the values that the expectation is made of."""
    cloud.page_size = 1000
    cloud.clock.advance(-120)
    answer = await post(cloud, http, "/ctapi/Measurement", period(cloud, hours=6))
    told = sum(round(float(record["Generating"]) * 100) for record in answer["Measurements"][1:])
    now = cloud.clock.now()
    hours = cloud.house.hourly_energy_wh(cloud.house.device_ids[0], "Generating", now - timedelta(hours=6), now, at=now)
    assert round(sum(hours.values()) * 100) == told
    assert len(hours) == 6


async def test_pages_counted_from_one(clock: SimulatorClock, http: aiohttp.ClientSession) -> None:
    """Answer page 0 in the three ways such a cloud may."""
    ways: tuple[tuple[Literal["first", "echo", "empty"], int, int], ...]
    ways = (("first", 1, 100), ("echo", 0, 100), ("empty", 0, 0))
    for page_zero, index, length in ways:
        simulator = CarbonTrackSimulator(house=House(7), clock=clock, page_size=100, first_page=1, page_zero=page_zero)
        async with simulator as cloud:
            body = period(cloud, days=1)
            zero = await post(cloud, http, "/ctapi/Measurement", body | {"PageIndex": 0})
            one = await post(cloud, http, "/ctapi/Measurement", body | {"PageIndex": 1})
            last = await post(cloud, http, "/ctapi/Measurement", body | {"PageIndex": 3})
        assert (zero["PagesIndex"], len(zero["Measurements"])) == (index, length)
        assert (one["PagesIndex"], len(one["Measurements"])) == (1, 100)
        assert (last["PagesIndex"], len(last["Measurements"])) == (3, 88)
        assert zero["Measurements"] in ([], one["Measurements"])


@pytest.mark.parametrize(
    ("missing", "value"), [("null", None), ("empty", ""), ("dash", "-"), ("nan", "NaN"), ("absent", "not there")]
)
async def test_missing_fields_have_many_faces(
    cloud: CarbonTrackSimulator, http: aiohttp.ClientSession, missing: Any, value: str | None
) -> None:
    """Write a field that the device does not have the way the style says."""
    cloud.style = RecordStyle(missing=missing)
    answer = await post(cloud, http, "/ctapi/Measurement", period(cloud, minutes=6))
    assert [record.get("Flow", "not there") for record in answer["Measurements"]] == [value]


async def test_record_styles(cloud: CarbonTrackSimulator, http: aiohttp.ClientSession) -> None:
    """Write numbers, leave the zone out, repeat, reverse and shuffle: the same readings all the same."""
    body = period(cloud, hours=5)

    async def read(style: RecordStyle) -> list[dict[str, Any]]:
        cloud.style = style
        found = (await post(cloud, http, "/ctapi/Measurement", body))["Measurements"]
        assert isinstance(found, list)
        return found

    plain = await read(RecordStyle())
    assert len(plain) == 60
    numbers = await read(RecordStyle(numbers=True, naive_times=True))
    assert numbers[0]["PowerUsage"] == float(plain[0]["PowerUsage"])
    assert numbers[0]["SignalStrength"] == float(plain[0]["SignalStrength"].replace(",", ""))
    assert numbers[0]["RecordDateTime"] == plain[0]["RecordDateTime"].removesuffix("Z")
    assert await read(RecordStyle(order="descending")) == plain[::-1]
    shuffled = await read(RecordStyle(order="shuffled"))
    assert shuffled != plain
    assert sorted(shuffled, key=lambda record: str(record["RecordDateTime"])) == plain
    repeated = await read(RecordStyle(repeat_every=10))
    assert len(repeated) == 66
    assert repeated[9] == repeated[10]


async def test_unknown_devices_in_band(clock: SimulatorClock, http: aiohttp.ClientSession) -> None:
    """Report an error inside a 200 when asked to."""
    async with CarbonTrackSimulator(clock=clock, unknown_device="in_band") as cloud:
        answer = await post(cloud, http, "/ctapi/Measurement", {"DeviceID": "1"})
    assert (answer["status"], answer["Error"], answer["ErrorNumber"], answer["ResponseCode"]) == (200, 1, 1003, 0)


async def test_a_year_is_served_in_seconds(cloud: CarbonTrackSimulator, http: aiohttp.ClientSession) -> None:
    """Serve 105,120 readings; the bound is generous, it takes about a second."""
    cloud.page_size = 2000
    headers = await bearer(cloud, http)
    body = period(cloud, days=365)
    started = time.monotonic()
    found = 0
    for page in range(53):
        async with http.post(
            f"{cloud.url}/ctapi/Measurement", json=body | {"PageIndex": page}, headers=headers
        ) as answer:
            found += len(json.loads(await answer.read())["Measurements"])
    assert found == 105_120
    assert time.monotonic() - started < 20
