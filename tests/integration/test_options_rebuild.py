"""Changing what the figures of an account mean: what is said before, and what becomes of its statistics."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import pytest
from comparison import assert_equal_to_cloud, series_id, stored, wait_complete
from flows import filled, open_options, submit_options, suggested
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import add_statistic, async_load_carbontrack, make_entry, wait_for
from aiowattbridge.simulators import (
    CarbonTrackSimulator,
    House,
    SimulatorClock,
    WatticsSimulator,
)
from custom_components.wattbridge.vendors.carbontrack import account_settings

SETTINGS: dict[str, Any] = {"grid_field": "power_usage_net", "power_unit": "Wh", "history_days": 1}
SERIES = ["usage", "generation", "export"]


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A carbonTRACK cloud with two devices whose readings are ten minutes apart."""
    async with CarbonTrackSimulator(house=House(seed=7, devices=2, interval_s=600)) as simulator:
        yield simulator


@pytest.fixture
def entry(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> MockConfigEntry:
    """An account with both devices, which is not loaded."""
    return earlier(hass, cloud, cloud.house.device_ids)


@pytest.fixture
def reloads(hass: HomeAssistant) -> Iterator[list[str]]:
    """The entries that were loaded anew; they are not, so that a test is about its flow."""
    seen: list[str] = []
    with patch.object(hass.config_entries, "async_schedule_reload", seen.append):
        yield seen


def earlier(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, device_ids: tuple[str, ...], **settings: Any
) -> MockConfigEntry:
    """Make an account that was set up earlier with these devices, and is not loaded."""
    devices = {device_id: {"name": f"Roof {n}", "interval_s": 600} for n, device_id in enumerate(device_ids, 1)}
    entry = make_entry("carbontrack", cloud, devices=devices, **SETTINGS | settings)
    entry.add_to_hass(hass)
    return entry


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({"power_unit": "kwh"}, "6"),
        ({"grid_field": "power_usage"}, "2"),
        ({"power_unit": "w", "statistics": SERIES[:1]}, "2"),
    ],
)
async def test_change_of_meaning_is_made_after_a_question(
    hass: HomeAssistant, entry: MockConfigEntry, reloads: list[str], change: dict[str, Any], count: str
) -> None:
    """Not confirmed, the form comes back with what was typed, and nothing is changed; confirmed, it is made."""
    before = dict(entry.options)
    form = await open_options(hass, entry)
    form = await submit_options(hass, form, filled(entry, **change))
    assert form["step_id"] == "rebuild"
    assert form["description_placeholders"]["count"] == count
    assert form["description_placeholders"]["days"] == "1"
    form = await submit_options(hass, form, {"confirm": False})
    assert form["step_id"] == "carbontrack"
    for field, value in change.items():
        assert suggested(form["data_schema"], field) == value
    assert entry.options == before
    assert reloads == []
    form = await submit_options(hass, form, filled(entry, **change))
    result = await submit_options(hass, form, {"confirm": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert reloads == [entry.entry_id]
    account = account_settings(entry)
    assert account.unit.name.lower() == change.get("power_unit", "wh")
    assert account.grid_field == change.get("grid_field", "power_usage_net")


async def test_interval_of_one_device_touches_its_series_alone(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry, reloads: list[str]
) -> None:
    """Only what differs from what was learned is an option; set back, it is none."""
    first, second = cloud.house.device_ids
    form = await open_options(hass, entry)
    form = await submit_options(hass, form, filled(entry, intervals_s={second: 300}))
    assert form["description_placeholders"]["series"] == (
        "- Roof 2 energy used\n- Roof 2 energy generated\n- Roof 2 energy exported"
    )
    await submit_options(hass, form, {"confirm": True})
    assert entry.options["intervals_s"] == {second: 300}
    assert account_settings(entry).intervals_s == {first: 600, second: 300}
    form = await open_options(hass, entry)
    form = await submit_options(hass, form, filled(entry, intervals_s={second: 600}))
    await submit_options(hass, form, {"confirm": True})
    assert "intervals_s" not in entry.options


async def test_question_says_how_much_is_stored_and_who_waits(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, wattics_cloud: WatticsSimulator, entry: MockConfigEntry
) -> None:
    """The hours of the series that are concerned, and the streams that read one of them."""
    first = cloud.house.device_ids[0]
    for series in ("usage", "generation"):
        await add_statistic(hass, f"wattbridge:carbontrack_{first}_{series}", "energy", "kWh", with_sum=True)
    await add_statistic(hass, "meter:energy", "energy", "kWh", with_sum=True)
    sink = make_entry("wattics", wattics_cloud)
    sink.add_to_hass(hass)
    for title, source in (("roof", f"wattbridge:carbontrack_{first}_usage"), ("other", "meter:energy")):
        data = {"stream_id": title, "parameters": {"pC_1": {"source": source, "measure": "change"}}}
        subentry = ConfigSubentry(data=MappingProxyType(data), subentry_type="stream", title=title, unique_id=title)
        hass.config_entries.async_add_subentry(sink, subentry)
    form = await open_options(hass, entry)
    form = await submit_options(hass, form, filled(entry, power_unit="kw"))
    assert form["description_placeholders"]["hours"] == "2"
    assert form["description_placeholders"]["streams"] == "roof"


async def test_many_series_are_not_all_named(hass: HomeAssistant) -> None:
    """A dozen is enough to see what is meant; the number says the rest."""
    async with CarbonTrackSimulator(house=House(seed=7, devices=6)) as cloud:
        entry = earlier(hass, cloud, cloud.house.device_ids)
        form = await open_options(hass, entry)
        form = await submit_options(hass, form, filled(entry, power_unit="kw"))
        shown = form["description_placeholders"]
        assert shown["count"] == "18"
        assert len(shown["series"].splitlines()) == 13
        assert shown["hours"] == "0"
        assert shown["streams"] == "–"


@pytest.fixture
async def frozen_cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud whose time stands still, also for Home Assistant."""
    clock = SimulatorClock(datetime(2026, 6, 10, 20, 2, tzinfo=UTC), frozen=True)
    async with CarbonTrackSimulator(house=House(seed=5, interval_s=600), clock=clock) as cloud:
        with same_time(clock):
            yield cloud


async def change(hass: HomeAssistant, entry: MockConfigEntry, device_id: str, **changes: Any) -> None:
    """Change options, confirm it if asked, and wait until the history is whole again."""
    before = entry.runtime_data
    form = await open_options(hass, entry)
    result = await submit_options(hass, form, filled(entry, **changes))
    if result["type"] is FlowResultType.FORM:
        await submit_options(hass, result, {"confirm": True})
    await wait_for(lambda: entry.state is ConfigEntryState.LOADED and entry.runtime_data is not before)
    await wait_complete(entry, device_id)


async def kwh(hass: HomeAssistant, statistic_id: str) -> dict[float, float]:
    """Read the stored hours of a series."""
    return {row["start"]: row["state"] for row in await stored(hass, statistic_id)}


async def test_changed_unit_is_in_every_stored_hour(hass: HomeAssistant, frozen_cloud: CarbonTrackSimulator) -> None:
    """The whole way: after the question the series are there again, a thousand times as large and fitting together."""
    device_id = frozen_cloud.house.device_ids[0]
    settings = {"devices": {device_id: {"name": "Roof", "interval_s": 600}}, "history_days": 2}
    entry = await async_load_carbontrack(hass, frozen_cloud, **settings)
    await wait_complete(entry, device_id)
    usage = series_id(frozen_cloud, "usage")
    before = await kwh(hass, usage)
    assert len(before) > 24
    await change(hass, entry, device_id, power_unit="kwh")
    rows = await stored(hass, usage)
    assert {row["start"]: row["state"] for row in rows} == pytest.approx(
        {start: 1000 * e for start, e in before.items()}
    )
    assert rows[-1]["sum"] == pytest.approx(1000 * sum(before.values()))
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_series_come_and_go_by_the_options(hass: HomeAssistant, frozen_cloud: CarbonTrackSimulator) -> None:
    """One that is added is filled in from the past; one that is given up stays as it is."""
    device_id = frozen_cloud.house.device_ids[0]
    settings = {"devices": {device_id: {"name": "Roof", "interval_s": 600}}, "history_days": 2}
    entry = await async_load_carbontrack(hass, frozen_cloud, **settings)
    await wait_complete(entry, device_id)
    exported = await kwh(hass, series_id(frozen_cloud, "export"))
    assert exported
    await change(hass, entry, device_id, statistics=["usage", "generation", "channel_2"])
    wires = {"usage": "PowerUsageNet", "generation": "Generating", "channel_2": "Power2"}
    await assert_equal_to_cloud(hass, frozen_cloud, days=2, wires=wires)
    assert await kwh(hass, series_id(frozen_cloud, "export")) == exported
    assert await hass.config_entries.async_unload(entry.entry_id)
