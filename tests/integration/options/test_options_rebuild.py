"""Changing what the figures of an account mean: what is said before, and what becomes of its statistics."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from comparison import assert_equal_to_cloud, series_id, stored, wait_complete
from flows import filled, open_options, submit_options, suggested
from forwarding_bench import HOUR, stream_data
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from options_bench import SERIES, change, earlier, kwh
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sink_bench import async_load_sink, async_settle, engine_of, series_data, subentry_of

from accounts import add_statistic, async_load_carbontrack, make_entry, wait_for
from aiowattbridge.simulators import (
    CarbonTrackSimulator,
    House,
    WattCarbonSimulator,
    WatticsSimulator,
)
from custom_components.wattbridge.vendors.carbontrack import account_settings


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
    hass: HomeAssistant,
    cloud: CarbonTrackSimulator,
    wattics_cloud: WatticsSimulator,
    wattcarbon_cloud: WattCarbonSimulator,
    entry: MockConfigEntry,
) -> None:
    """The hours of the series that are concerned, and the streams and series of all clouds that read one of them."""
    first = cloud.house.device_ids[0]
    usage, generation = (f"wattbridge:carbontrack_{first}_{series}" for series in ("usage", "generation"))
    for statistic_id in (usage, generation, "meter:energy"):
        await add_statistic(hass, statistic_id, "energy", "kWh", with_sum=True)
    packets, hours = make_entry("wattics", wattics_cloud), make_entry("wattcarbon", wattcarbon_cloud)
    packets.add_to_hass(hass)
    hours.add_to_hass(hass)
    for stream_id, source in (("roof", usage), ("other", "meter:energy")):
        data = stream_data({"pC_1": (source, "change")}, stream_id=stream_id)
        hass.config_entries.async_add_subentry(packets, subentry_of(data))
    for target, source in (("panels", generation), ("heater", "meter:energy")):
        data = series_data((source, "generation"), target_id=target)
        hass.config_entries.async_add_subentry(hours, subentry_of(data))
    form = await open_options(hass, entry)
    form = await submit_options(hass, form, filled(entry, power_unit="kw"))
    assert form["description_placeholders"]["hours"] == "2"
    assert form["description_placeholders"]["streams"] == "roof, The panels"


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


async def test_streams_wait_for_a_series_that_is_built_anew(
    hass: HomeAssistant, frozen_cloud: CarbonTrackSimulator
) -> None:
    """Nothing wrong goes out meanwhile; then Wattics goes on where it was, and WattCarbon gets the corrected hours."""
    device_id, clock = frozen_cloud.house.device_ids[0], frozen_cloud.clock
    settings = {"devices": {device_id: {"name": "Roof", "interval_s": 600}}, "history_days": 2}
    entry = await async_load_carbontrack(hass, frozen_cloud, **settings)
    await wait_complete(entry, device_id)
    usage = series_id(frozen_cloud, "usage")
    async with WatticsSimulator(clock=clock) as collector, WattCarbonSimulator(clock=clock, assets=1) as uploads:
        (asset_id,) = uploads.assets
        packets = await async_load_sink(hass, collector, stream_data({"pC_1": (usage, "change")}, stream_id="roof"))
        hours = await async_load_sink(hass, uploads, series_data((usage, "generation"), target_id=asset_id))
        await async_settle(hass, packets)
        await async_settle(hass, hours)
        before, filled_until = await kwh(hass, usage), engine_of(packets).status.filled_until
        assert filled_until is not None
        sent_before = len(collector.accepted["roof"])
        seen: dict[datetime, float] = {}
        uploads.reject(asset_id, lambda rows: bool(seen.update(rows)))
        clock.advance(2 * 3600)
        await change(hass, entry, device_id, power_unit="kwh")
        after = {datetime.fromtimestamp(start, UTC): energy for start, energy in (await kwh(hass, usage)).items()}
        closed = {start: energy for start, energy in after.items() if start < filled_until + 2 * HOUR}
        await wait_for(lambda: len(collector.accepted["roof"]) == sent_before + 2)
        await wait_for(lambda: uploads.hours(asset_id) == pytest.approx(closed))
        packets_sent = collector.accepted["roof"][sent_before - 1 :]
        readings = [float(str(sent.packet["pC_1"])) for sent in packets_sent]
        steps_wh = [reading - last for last, reading in pairwise(readings)]
        assert steps_wh == pytest.approx([closed[filled_until + hour * HOUR] * 1000 for hour in range(2)])
        # Only what is another energy now, and what is new, went out; and never anything else.
        changed = {start: energy for start, energy in closed.items() if before.get(start.timestamp()) != energy}
        assert len(changed) > 24
        assert seen == pytest.approx(changed)
        report = collector.report()
        assert [report[kind] for kind in ("duplicates", "out_of_order", "violations")] == [0, 0, 0]
        assert (engine_of(packets).problem, engine_of(hours).problem) == (None, None)
        for account in (packets, hours, entry):
            assert await hass.config_entries.async_unload(account.entry_id)


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


async def test_series_that_is_chosen_again_with_another_unit_is_made_anew_after_a_question(
    hass: HomeAssistant, frozen_cloud: CarbonTrackSimulator
) -> None:
    """It was left out when the unit was changed: only with its own unit does it go on without one."""
    device_id = frozen_cloud.house.device_ids[0]
    settings = {"devices": {device_id: {"name": "Roof", "interval_s": 600}}, "history_days": 2}
    entry = await async_load_carbontrack(hass, frozen_cloud, **settings)
    await wait_complete(entry, device_id)
    export = series_id(frozen_cloud, "export")
    before = await kwh(hass, export)
    await change(hass, entry, device_id, statistics=["usage", "generation"])
    await change(hass, entry, device_id, power_unit="kwh")
    form = await open_options(hass, entry)
    form = await submit_options(hass, form, filled(entry, statistics=SERIES))
    assert form["step_id"] == "rebuild"
    assert form["description_placeholders"]["series"] == "- Roof energy exported"
    assert form["description_placeholders"]["hours"] == str(len(before))
    form = await submit_options(hass, form, {"confirm": False})
    form = await submit_options(hass, form, filled(entry, statistics=["usage", "export"], power_unit="wh"))
    # Of the two that change with the unit one is given up, and the other one fits again.
    assert form["description_placeholders"]["series"] == "- Roof energy used"
    form = await submit_options(hass, form, {"confirm": False})
    await submit_options(hass, form, filled(entry))
    assert await kwh(hass, export) == before
    await change(hass, entry, device_id, statistics=SERIES)
    found = await kwh(hass, export)
    assert found == pytest.approx({start: 1000 * energy for start, energy in before.items()})
    assert await hass.config_entries.async_unload(entry.entry_id)
