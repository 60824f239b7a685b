"""Polling a carbonTRACK account: what is asked for, what it adds up to, and what one failure does to the rest."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from moving import local, same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load, make_entry
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, House, SimulatorClock
from custom_components.wattbridge.aiowattbridge.errors import ResponseError
from custom_components.wattbridge.coordinator import CarbonTrackCoordinator
from custom_components.wattbridge.snapshot import DeviceSnapshot, take_snapshot
from custom_components.wattbridge.vendors import CARBONTRACK, entry_session

NOON = datetime(2026, 6, 10, 12, 2, tzinfo=UTC)


def account(cloud: CarbonTrackSimulator, *device_ids: str, **settings: Any) -> MockConfigEntry:
    """Make an account that has these devices."""
    devices = {device_id: {"name": f"House {n}", "interval_s": 300} for n, device_id in enumerate(device_ids)}
    chosen = {"devices": devices, "grid_field": "power_usage_net", "power_unit": "Wh", "history_days": 1, **settings}
    return make_entry("carbontrack", cloud, **chosen)


def polling(hass: HomeAssistant, entry: MockConfigEntry) -> CarbonTrackCoordinator:
    """Make the coordinator of an account, without anything that listens to it."""
    entry.add_to_hass(hass)
    return CarbonTrackCoordinator(hass, entry, CARBONTRACK.connect(entry_session(hass), entry.data))


def asked(cloud: CarbonTrackSimulator) -> list[tuple[datetime, datetime]]:
    """List the stretches of time that measurements were asked for."""
    bodies = [e.body for e in cloud.log.entries if e.path == "/ctapi/Measurement" and e.body is not None]
    return [
        (datetime.fromisoformat(str(body["FromUTCDate"])), datetime.fromisoformat(str(body["ToUTCDate"])))
        for body in bodies
    ]


def day_kwh(cloud: CarbonTrackSimulator, field: str, midnight: datetime, now: datetime) -> float:
    """Add up the cloud's readings of a stretch of time without any of our code."""
    (device,) = cloud.house.devices
    pieces = cloud.house.stamps(device.device_id, midnight + timedelta(seconds=1), now, now)
    rows = cloud.house.rows(device.device_id, [stamp for piece in pieces for stamp in piece], now)
    return sum(row[device.fields.index(field)] for row in rows) / 100 / 1000


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud whose time stands still, also for Home Assistant."""
    clock = SimulatorClock(NOON, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=11, devices=2), clock=clock) as simulator:
        with same_time(clock):
            yield simulator


async def test_polls_ask_for_the_day_first_and_then_for_what_is_new(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """With an overlap, since records come late; and for the chosen device alone."""
    chosen = cloud.house.device_ids[1]
    coordinator = polling(hass, account(cloud, chosen))
    await coordinator.async_refresh()
    local_midnight = local(hass.config.time_zone, 2026, 6, 10)
    assert asked(cloud) == [(local_midnight - timedelta(hours=1), NOON)]
    cloud.clock.advance(300)
    await coordinator.async_refresh()
    newest = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
    assert asked(cloud)[1] == (newest - timedelta(hours=2), cloud.clock.now())
    assert {str(e.body["DeviceID"]) for e in cloud.log.entries if e.body is not None} == {chosen}
    assert coordinator.data.keys() == {chosen}


@pytest.mark.parametrize(
    ("zone", "now", "midnight"),
    [
        ("Europe/Berlin", (2026, 3, 29, 23, 57), (2026, 3, 29)),
        ("Europe/Berlin", (2026, 10, 25, 23, 57), (2026, 10, 25)),
        ("America/New_York", (2026, 3, 8, 23, 57), (2026, 3, 8)),
        ("America/New_York", (2025, 11, 2, 23, 57), (2025, 11, 2)),
        ("Australia/Adelaide", (2026, 4, 5, 23, 57), (2026, 4, 5)),
        ("Australia/Adelaide", (2025, 10, 5, 23, 57), (2025, 10, 5)),
        ("Australia/Lord_Howe", (2026, 4, 5, 23, 57), (2026, 4, 5)),
        ("Australia/Lord_Howe", (2025, 10, 5, 23, 57), (2025, 10, 5)),
        ("Asia/Kolkata", (2026, 6, 10, 23, 57), (2026, 6, 10)),
        ("UTC", (2026, 6, 10, 23, 57), (2026, 6, 10)),
    ],
)
async def test_today_is_the_local_day_whatever_its_length(
    hass: HomeAssistant, zone: str, now: tuple[int, ...], midnight: tuple[int, ...]
) -> None:
    """Days of 23 to 25 hours, and midnights in the middle of a UTC hour."""
    await hass.config.async_set_time_zone(zone)
    clock = SimulatorClock(local(zone, *now), frozen=True)
    try:
        async with CarbonTrackSimulator(house=House(seed=11), clock=clock) as cloud:
            with same_time(clock):
                coordinator = polling(hass, account(cloud, *cloud.house.device_ids))
                await coordinator.async_refresh()
                (snapshot,) = coordinator.data.values()
                begin = local(zone, *midnight).astimezone(UTC)
                for series, field in (("usage", "PowerUsageNet"), ("generation", "Generating")):
                    expected = day_kwh(cloud, field, begin, clock.now())
                    assert snapshot.today_kwh[series] == pytest.approx(expected, abs=1e-6)
                clock.advance(600)
                await coordinator.async_refresh()
                (snapshot,) = coordinator.data.values()
                tomorrow = local(zone, *now).replace(hour=0, minute=0) + timedelta(days=1)
                expected = day_kwh(cloud, "PowerUsageNet", tomorrow.astimezone(UTC), clock.now())
                assert snapshot.today_kwh["usage"] == pytest.approx(expected, abs=1e-6)
    finally:
        await hass.config.async_set_time_zone("UTC")


async def test_one_device_that_cannot_be_read_leaves_the_others(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """It is there, without a reading."""
    good = cloud.house.device_ids[0]
    coordinator = polling(hass, account(cloud, good, "4800000000000000"))
    await coordinator.async_refresh()
    assert coordinator.last_update_success
    assert coordinator.data[good].last_reading == datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
    assert coordinator.data["4800000000000000"].stale
    assert coordinator.data["4800000000000000"].name == "House 1"


@pytest.mark.parametrize("refusal", ["403", "in_band"])
async def test_device_that_the_account_has_lost_is_looked_for_once_an_hour(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, refusal: Literal["403", "in_band"]
) -> None:
    """It fails nothing, says nothing about now, and is back by itself."""
    cloud.unknown_device = refusal
    device_id = cloud.house.device_ids[0]
    coordinator = polling(hass, account(cloud, device_id))
    await coordinator.async_refresh()
    cloud.house.away.add(device_id)
    cloud.log.clear()
    for _ in range(12):
        cloud.clock.advance(300)
        await coordinator.async_refresh()
        assert coordinator.last_update_success
    snapshot = coordinator.data[device_id]
    assert (snapshot.is_missing, snapshot.stale, snapshot.description_stale) == (True, True, True)
    assert (cloud.log.count("/ctapi/Measurement"), cloud.log.count("/ctapi/Device")) == (1, 1)
    cloud.house.away.clear()
    cloud.clock.advance(300)
    await coordinator.async_refresh()
    snapshot = coordinator.data[device_id]
    assert (snapshot.is_missing, snapshot.stale) == (False, False)


async def test_device_that_cannot_be_read_is_said_once(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    """And once that it can be again, however often is polled in between."""
    first, second = cloud.house.device_ids
    coordinator = polling(hass, account(cloud, first, second))
    poll = coordinator._poll

    async def failing(device_id: str, now: datetime) -> None:
        if device_id == second:
            raise ResponseError("no such page", vendor="carbonTRACK")
        await poll(device_id, now)

    coordinator._poll = failing  # type: ignore[method-assign]
    for _ in range(3):
        await coordinator.async_refresh()
    assert caplog.text.count("1 of 2 devices cannot be read now: no such page") == 1
    assert "All devices can be read again" not in caplog.text
    coordinator._poll = poll  # type: ignore[method-assign]
    for _ in range(2):
        await coordinator.async_refresh()
    assert caplog.text.count("All devices can be read again") == 1


async def test_devices_are_described_one_at_a_time(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others get their turn on the event loop between any two of them."""
    coordinator = polling(hass, account(cloud, *cloud.house.device_ids))
    turns = [0]
    seen: list[int] = []

    def describe(*args: Any) -> DeviceSnapshot:
        seen.append(turns[0])
        hass.loop.call_soon(lambda: turns.append(turns.pop() + 1))
        return take_snapshot(*args)

    monkeypatch.setattr("custom_components.wattbridge.coordinator.take_snapshot", describe)
    await coordinator.async_refresh()
    assert seen == [0, 1]


async def test_description_that_cannot_be_read_costs_no_reading(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """It is asked for again an hour later, and then once an hour."""
    device_id = cloud.house.device_ids[0]
    cloud.faults.script("/ctapi/Device", [Fault("in_band")])
    coordinator = polling(hass, account(cloud, device_id))
    await coordinator.async_refresh()
    assert coordinator.last_update_success
    assert coordinator.data[device_id].device is None
    for _ in range(13):
        cloud.clock.advance(300)
        await coordinator.async_refresh()
    device = coordinator.data[device_id].device
    assert device is not None
    assert device.firmware_version
    assert cloud.log.count("/ctapi/Device") == 2


async def test_cloud_that_is_down_makes_the_poll_fail_and_asks_for_time(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """As long as the cloud says; what is known is kept."""
    device_id = cloud.house.device_ids[0]
    coordinator = polling(hass, account(cloud, device_id))
    await coordinator.async_refresh()
    cloud.faults.script("/ctapi/Measurement", [Fault("rate_limited", retry_after_s=1200)])
    await coordinator.async_refresh()
    assert not coordinator.last_update_success
    assert coordinator.data[device_id].last_reading is not None
    await coordinator.async_refresh()
    assert coordinator.last_update_success


async def test_polling_goes_on_without_a_single_entity(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """The statistics live on it; devices that were started together do not ask at the same moment."""
    entry = account(cloud, cloud.house.device_ids[0])
    coordinator = polling(hass, entry)
    entry.mock_state(hass, ConfigEntryState.SETUP_IN_PROGRESS)
    await coordinator.async_config_entry_first_refresh()
    assert coordinator._unsub_refresh is not None
    interval = coordinator.update_interval
    assert interval is not None
    assert timedelta(minutes=5) <= interval <= timedelta(minutes=5, seconds=20)
    await coordinator.async_shutdown()


async def test_refused_password_at_set_up_asks_for_a_new_one(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """The account waits for it."""
    entry = account(cloud, cloud.house.device_ids[0])
    cloud.password = "another one"
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"


async def test_cloud_that_is_down_at_set_up_is_tried_again(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Home Assistant does that by itself."""
    cloud.faults.script("/ctapi/Measurement", [Fault("in_band")])
    entry = account(cloud, cloud.house.device_ids[0])
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await hass.config_entries.async_unload(entry.entry_id)


async def test_loaded_account_says_nothing_that_home_assistant_minds(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither deprecations nor errors."""
    entry = await async_load(hass, account(cloud, *cloud.house.device_ids))
    await hass.config_entries.async_unload(entry.entry_id)
    assert "Detected that custom integration" not in caplog.text
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
