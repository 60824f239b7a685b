"""The sensors of a Voltaware meter: what is there, what it shows, and when it says nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import fsum

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from meter_states import coordinator_of, entity_id_of, keys_of, poll, state_of
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_voltaware
from aiowattbridge.simulators import MonthDisagreement, VoltawareSimulator
from custom_components.wattbridge.voltaware_data import CycleFigure

MAY = (2026, 5)
FIRST_EVENT = datetime(2026, 4, 3, 9, 30, tzinfo=UTC)
FIRST_OF_JUNE, SEVENTH_OF_JUNE = date(2026, 6, 1), date(2026, 6, 7)
EV = "electric_vehicle"
APPLIANCES = ("boiler", "cooking_heating", "cooling", EV, "fridge", "lights", "others", "standby", "washing")
DIAGNOSTIC = {"results_until", "disagreements", "connection_state", "last_event"}


def shown(hass: HomeAssistant, device_id: str, key: str) -> float:
    """Return a sensor's number."""
    return float(state_of(hass, "sensor", device_id, key).state)


async def test_month_is_what_the_vendor_says(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """By appliance and in all, in kWh, and without a state class: the statistic is the energy's only record."""
    expected_wh = cloud.month_energy_wh(device_id, *MAY)
    assert set(expected_wh) == set(APPLIANCES)
    for key, energy_wh in expected_wh.items():
        state = state_of(hass, "sensor", device_id, f"month_appliance_{key}")
        assert float(state.state) == pytest.approx(energy_wh / 1000, abs=1e-4), key
        assert state.attributes["unit_of_measurement"] == "kWh"
        assert "state_class" not in state.attributes
    total = state_of(hass, "sensor", device_id, "month_total")
    assert float(total.state) == pytest.approx(fsum(expected_wh.values()) / 1000, abs=1e-4)
    assert total.attributes["first_day"] == "2026-05-01"
    assert total.attributes["last_day"] == "2026-05-31"
    assert "state_class" not in total.attributes
    assert state_of(hass, "sensor", device_id, "results_until").state == "2026-06-07"
    assert shown(hass, device_id, f"month_cycles_{EV}") == len(
        cloud.charges(device_id, date(2026, 5, 1), date(2026, 5, 31))
    )
    assert shown(hass, device_id, "month_co2") > 0


@pytest.mark.usefixtures("all_enabled")
async def test_week_is_what_the_vendor_says(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """With its days: which was the highest, which the lowest, and what came on working days."""
    days = {
        day: fsum(cloud.day_energy_wh(device_id, day).values()) / 1000
        for day in (FIRST_OF_JUNE + timedelta(days=number) for number in range(7))
    }
    total = state_of(hass, "sensor", device_id, "week_total")
    assert float(total.state) == pytest.approx(fsum(days.values()), abs=1e-4)
    assert (total.attributes["first_day"], total.attributes["last_day"]) == ("2026-06-01", "2026-06-07")
    assert shown(hass, device_id, "week_average_day") == pytest.approx(fsum(days.values()) / 7, abs=1e-3)
    for key, pick in (("highest", max), ("lowest", min)):
        day = pick(days, key=days.__getitem__)
        state = state_of(hass, "sensor", device_id, f"week_{key}_day")
        assert state.attributes["date"] == day.isoformat()
        assert float(state.state) == pytest.approx(days[day], abs=1e-3)
    weekend = fsum(energy for day, energy in days.items() if day.weekday() >= 5)
    assert shown(hass, device_id, "week_weekend_days") == pytest.approx(weekend, abs=1e-3)
    assert shown(hass, device_id, "week_week_days") == pytest.approx(fsum(days.values()) - weekend, abs=1e-3)
    assert shown(hass, device_id, "week_days_without_consumption") == 0
    assert 0 <= shown(hass, device_id, "week_disconnection") < 4


@pytest.mark.usefixtures("all_enabled")
async def test_shares_are_of_the_whole(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """They come to 100 % together."""
    shares = {key: shown(hass, device_id, f"month_share_{key}") for key in APPLIANCES}
    assert fsum(shares.values()) == pytest.approx(100, abs=0.01)
    energies_wh = cloud.month_energy_wh(device_id, *MAY)
    assert shares["fridge"] == pytest.approx(100 * energies_wh["fridge"] / fsum(energies_wh.values()), abs=1e-3)


async def test_what_is_rarely_wanted_is_disabled(hass: HomeAssistant, entry: MockConfigEntry, device_id: str) -> None:
    """Enabled: the month, the week's total, and what tells how the meter is."""
    enabled = {f"month_appliance_{key}" for key in APPLIANCES} | DIAGNOSTIC
    enabled |= {"month_total", "week_total", "month_co2", f"month_cycles_{EV}"}
    found = keys_of(hass, entry, device_id, enabled=True)
    assert {key for key in found if not key.startswith(("history", "missing", "revised", "statistics"))} == enabled
    assert {"firmware", "first_event", "week_trees", "month_share_fridge"} <= keys_of(
        hass, entry, device_id, enabled=False
    )


async def test_device_is_described(hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry) -> None:
    """With its maker, its number, its firmware and the name it was given."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    (meter,) = cloud.meters.values()
    assert device.identifiers == {("wattbridge", f"voltaware_{meter.device_id}")}
    assert (device.name, device.manufacturer, device.model) == ("Home", "Voltaware", "Sensor")
    assert (device.serial_number, device.sw_version) == (meter.device_id, meter.firmware)


async def test_meter_of_another_maker_reports_neither_connection_nor_firmware(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """So it has no sensors for them; when it was last heard of is known."""
    meter = cloud.meters[device_id]
    meter.connection_state = meter.firmware = None
    entry = await async_load_voltaware(hass, cloud)
    assert entity_id_of(hass, "sensor", device_id, "connection_state") is None
    assert entity_id_of(hass, "sensor", device_id, "firmware") is None
    assert entity_id_of(hass, "binary_sensor", device_id, "connected") is None
    last_event = datetime.fromisoformat(state_of(hass, "sensor", device_id, "last_event").state)
    assert last_event == cloud.clock.now() - timedelta(seconds=45)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_meter_that_is_added_to_the_account_has_its_own(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """A device with sensors of its own figures, beside those of the first."""
    async with VoltawareSimulator(devices=2, zones=("UTC",), first_event=FIRST_EVENT, clock=cloud.clock) as two:
        first, second = two.device_ids
        entry = await async_load_voltaware(hass, two)
        total = shown(hass, first, "month_total")
        assert entity_id_of(hass, "sensor", second, "month_total") is None
        devices = {**entry.data["devices"], second: {"name": "Shop"}}
        hass.config_entries.async_update_entry(entry, data={**entry.data, "devices": devices})
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=False)
        assert shown(hass, first, "month_total") == total
        expected_kwh = fsum(two.month_energy_wh(second, *MAY).values()) / 1000
        assert shown(hass, second, "month_total") == pytest.approx(expected_kwh, abs=1e-4)
        assert len(dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)) == 2
        await hass.config_entries.async_unload(entry.entry_id)


async def test_unknown_appliance_is_shown_under_its_own_name(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """The vendor announces new keys; none is dropped."""
    cloud.meters[device_id].extra_keys = ("heat_pump",)
    entry = await async_load_voltaware(hass, cloud)
    state = state_of(hass, "sensor", device_id, "month_appliance_heat_pump")
    assert state.attributes["friendly_name"] == "Home Heat pump in latest month"
    expected_wh = cloud.month_energy_wh(device_id, *MAY)["heat_pump"]
    assert float(state.state) == pytest.approx(expected_wh / 1000, abs=1e-4)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_appliance_appears_with_the_results_that_have_it(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Without a reload, when the next month is there."""
    cloud.meters[device_id].extra_keys = ("heat_pump",)
    assert entity_id_of(hass, "sensor", device_id, "month_appliance_heat_pump") is None
    cloud.clock.advance(26 * 86_400)
    await poll(hass, entry)
    assert state_of(hass, "sensor", device_id, "month_total").attributes["first_day"] == "2026-06-01"
    assert shown(hass, device_id, "month_appliance_heat_pump") > 0


async def test_appliance_that_was_not_used_keeps_its_sensor(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Also over a reload: it says nothing, because the vendor says nothing of it; and that is not zero."""
    coordinator = coordinator_of(entry)
    known = coordinator.data[device_id]
    assert known.month is not None
    others = {key: energy_wh for key, energy_wh in known.month.appliances_wh.items() if key != "cooling"}
    changed = replace(known, month=replace(known.month, appliances_wh=others), week=None)
    coordinator.async_set_updated_data({device_id: changed})
    await hass.async_block_till_done(wait_background_tasks=False)
    assert state_of(hass, "sensor", device_id, "month_appliance_cooling").state == "unknown"
    assert state_of(hass, "sensor", device_id, "week_total").state == "unknown"
    assert "first_day" not in state_of(hass, "sensor", device_id, "week_total").attributes

    er.async_get(hass).async_get_or_create(
        "sensor",
        "wattbridge",
        f"voltaware_{device_id}_month_appliance_jacuzzi",
        config_entry=entry,
        suggested_object_id="jacuzzi",
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    state = state_of(hass, "sensor", device_id, "month_appliance_jacuzzi")
    assert (state.state, state.attributes["friendly_name"]) == ("unknown", "Home Jacuzzi in latest month")


async def test_runs_are_counted_only_where_the_vendor_tells_of_them(
    hass: HomeAssistant, entry: MockConfigEntry, device_id: str
) -> None:
    """A month without one is zero if nothing was used, and unknown otherwise."""
    coordinator = coordinator_of(entry)
    known = coordinator.data[device_id]
    month = known.month
    assert month is not None
    run = CycleFigure("washing", cycle_start := known.cycles[0].start, cycle_start + timedelta(hours=1), None)
    for cycles, energy_wh, state in (((), 0.0, "0"), ((), 5.0, "unknown"), ((run, run), 5.0, "2")):
        changed = replace(month, cycles=cycles, appliances_wh={**month.appliances_wh, "washing": energy_wh})
        coordinator.async_set_updated_data({device_id: replace(known, month=changed, cycles=(*known.cycles, run))})
        await hass.async_block_till_done(wait_background_tasks=False)
        assert state_of(hass, "sensor", device_id, "month_cycles_washing").state == state


async def test_figures_that_disagree_are_listed(hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str) -> None:
    """With the month and what each of them says: the vendor's own contradiction is shown and not hidden."""
    cloud.quirks.append(MonthDisagreement(2026, 5, by_wh=2500))
    entry = await async_load_voltaware(hass, cloud)
    state = state_of(hass, "sensor", device_id, "disagreements")
    figures = state.attributes["figures"]
    assert int(state.state) == len(figures) > 0
    assert {found["month"] for found in figures} == {"2026-05"}
    for found in figures:
        assert found["month_kwh"] - found["other_kwh"] == pytest.approx(2.5, abs=1e-3)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_figures_that_agree_are_none(hass: HomeAssistant, entry: MockConfigEntry, device_id: str) -> None:
    """The vendor's rounding is no disagreement."""
    state = state_of(hass, "sensor", device_id, "disagreements")
    assert (state.state, state.attributes["figures"]) == ("0", [])
