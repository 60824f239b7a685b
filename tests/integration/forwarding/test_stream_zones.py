"""Both changes of the clock in every zone: packets say the local time with the offset it had, and no hour is lost."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from forwarding_bench import (
    HOUR,
    SHORT,
    Bench,
    async_store,
    async_store_short,
    hours_ago,
    metadata,
    register_sensor,
    stream_data,
    sum_rows,
    until,
)
from homeassistant.core import HomeAssistant
from review_bench import SeriesBench, series_data

from aiowattbridge.simulators import WattCarbonSimulator
from custom_components.wattbridge.aiowattbridge.wattics import Sender
from custom_components.wattbridge.forwarding import ForwardCounts, async_preview_once, async_send_once
from custom_components.wattbridge.forwarding.model import StreamConfig
from custom_components.wattbridge.forwarding.plan import PlanState
from custom_components.wattbridge.forwarding.wire import async_zone_of
from custom_components.wattbridge.vendors import WATTICS, entry_session

INTERVALS_MIN = (5, 10, 15, 30, 60)
# Zone, the instant at which its clock changes, and the offsets (minutes) before and after it.
CHANGES = (
    ("Europe/Berlin", "2025-03-30T01:00", 60, 120),
    ("Europe/Berlin", "2025-10-26T01:00", 120, 60),
    ("America/New_York", "2025-03-09T07:00", -300, -240),
    ("America/New_York", "2025-11-02T06:00", -240, -300),
    ("Australia/Adelaide", "2025-04-05T16:30", 630, 570),
    ("Australia/Adelaide", "2025-10-04T16:30", 570, 630),
    ("Australia/Lord_Howe", "2025-04-05T15:00", 660, 630),
    ("Australia/Lord_Howe", "2025-10-04T15:30", 630, 660),
    ("Asia/Kolkata", "2025-03-30T01:00", 330, 330),
    ("UTC", "2025-10-26T01:00", 0, 0),
)


@pytest.fixture
async def series_bench(hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator) -> AsyncIterator[SeriesBench]:
    """An account of the other cloud; what a test leaves running is stopped."""
    bench = SeriesBench(hass, wattcarbon_cloud)
    yield bench
    await bench.stop()


@pytest.mark.parametrize(("zone", "change", "before_min", "after_min"), CHANGES)
async def test_stamps_are_local_and_instants_go_up(
    hass: HomeAssistant, bench: Bench, zone: str, change: str, before_min: int, after_min: int
) -> None:
    """For every interval: each packet has the offset of its instant, and the next one an instant that is later."""
    at = datetime.fromisoformat(change).replace(tzinfo=UTC)
    start = at.replace(minute=0) - 2 * HOUR
    sensor = register_sensor(hass, "grid")
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start - SHORT, [0.0, *[1 / 64] * 48], SHORT))
    await async_store(hass, metadata(sensor.entity_id), sum_rows(start - HOUR, [0.0, *[12 / 64] * 4]))
    for interval_min in INTERVALS_MIN:
        data = stream_data(
            {"pC_1": (sensor.id, "change")},
            stream_id=f"every-{interval_min}",
            interval_min=interval_min,
            start_at=start,
        )
        bench.add({**data, "time_zone": zone})
    await bench.start()
    assert bench.forwarder is not None
    streams = bench.forwarder.streams.values()
    await until(lambda: all(engine.status.caught_up for engine in streams))
    for interval_min in INTERVALS_MIN:
        interval = timedelta(minutes=interval_min)
        stamps = [str(stored.packet["tsISO8601"]) for stored in bench.cloud.accepted[f"every-{interval_min}"]]
        instants = [start + n * interval for n in range(1, 240 // interval_min + 1)]
        offsets = [timedelta(minutes=after_min if instant >= at else before_min) for instant in instants]
        assert stamps == [
            f"{(instant + offset).replace(tzinfo=None).isoformat(timespec='milliseconds')}{_written(offset)}"
            for instant, offset in zip(instants, offsets, strict=True)
        ]
        times = [datetime.fromisoformat(stamp).astimezone(UTC) for stamp in stamps]
        assert all(later - earlier == interval for earlier, later in pairwise(times))
        readings = [values["pC_1"] for _, values in bench.sent(f"every-{interval_min}")]
        assert readings == pytest.approx([1000 * interval_min / 5 * n / 64 for n in range(1, len(times) + 1)])
    assert bench.is_clean()


def _written(offset: timedelta) -> str:
    minutes = int(offset.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


@pytest.mark.parametrize(("zone", "change"), [(zone, change) for zone, change, _, _ in CHANGES[::2]])
async def test_hours_of_an_asset_are_those_of_utc(
    hass: HomeAssistant, series_bench: SeriesBench, zone: str, change: str
) -> None:
    """Whatever the clock on the wall does, also where it is half an hour off."""
    await hass.config.async_set_time_zone(zone)
    start = datetime.fromisoformat(change).replace(tzinfo=UTC, minute=0) - 12 * HOUR
    sensor = register_sensor(hass, "roof")
    await async_store(hass, metadata(sensor.entity_id), sum_rows(start, [n / 64 for n in range(24)]))
    asset = next(iter(series_bench.cloud.assets))
    series_bench.add(series_data(asset, (sensor.id, "generation")))
    await series_bench.run()
    assert series_bench.cloud.hours(asset) == pytest.approx({start + n * HOUR: n / 64 for n in range(24)})


async def test_zone_that_nobody_knows_is_home_assistants(hass: HomeAssistant) -> None:
    """A zone may vanish from the tables; the instants are right in any."""
    await hass.config.async_set_time_zone("Asia/Kolkata")
    config = StreamConfig.from_data(stream_data({"pC_1": ("meter:energy", "change")}))
    assert await async_zone_of(replace(config, time_zone="Atlantis/City")) == ZoneInfo("Asia/Kolkata")
    assert await async_zone_of(config) == ZoneInfo("Asia/Kolkata")
    assert await async_zone_of(replace(config, time_zone="Australia/Lord_Howe")) == ZoneInfo("Australia/Lord_Howe")


async def test_what_is_sent_once_is_stamped_in_the_zone_of_its_site(hass: HomeAssistant, bench: Bench) -> None:
    """As a stream would."""
    sensor = register_sensor(hass, "grid")
    start = hours_ago(6)
    await async_store(hass, metadata(sensor.entity_id), sum_rows(start, [0.0, 1.0, 2.0]))
    config = StreamConfig.from_data({**stream_data({"pC_1": (sensor.id, "change")}), "time_zone": "Asia/Kolkata"})
    sender = Sender(WATTICS.connect(entry_session(hass), bench.entry.data))
    counts, end_s = ForwardCounts(), (start + 3 * HOUR).timestamp()
    await async_send_once(hass, sender, config, PlanState(config.first_s), end_s, counts)
    stamps = [str(stored.packet["tsISO8601"]) for stored in bench.cloud.accepted["meter-1"]]
    assert [stamp[-6:] for stamp in stamps] == ["+05:30"] * counts.accepted != []
    counted = await async_preview_once(hass, config, PlanState(config.first_s), end_s)
    assert (counted.planned, counted.first, counted.last) == (counts.accepted, counts.first, counts.last)
