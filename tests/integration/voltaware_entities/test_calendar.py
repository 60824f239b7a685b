"""The calendar of a meter: when its appliances ran, as Home Assistant's own calendar shows it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from meter_states import coordinator_of, entity_id_of, state_of
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from accounts import async_load_voltaware
from aiowattbridge.simulators import VoltawareSimulator
from custom_components.wattbridge.voltaware_data import CycleFigure

MAY = (datetime(2026, 4, 30, 22, tzinfo=UTC), datetime(2026, 5, 31, 22, tzinfo=UTC))


async def events(hass: HomeAssistant, device_id: str, start: datetime, end: datetime) -> list[dict[str, str]]:
    """Ask the calendar's action for what happened."""
    entity_id = entity_id_of(hass, "calendar", device_id, "cycles")
    assert entity_id is not None
    answer = await hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": entity_id, "start_date_time": start.isoformat(), "end_date_time": end.isoformat()},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    return answer[entity_id]["events"]  # type: ignore[index, call-overload, return-value]


async def test_calendar_has_every_charging_of_a_month(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """With its times to the second, its appliance and its energy; one over a month's end too."""
    found = await events(hass, device_id, *MAY)
    expected = cloud.charges(device_id, date(2026, 5, 1), date(2026, 5, 31))
    assert len(expected) > 5
    assert [(datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])) for one in found] == [
        (charge.start, charge.end) for charge in expected
    ]
    assert {one["summary"] for one in found} == {"Electric vehicle"}
    assert [one["description"] for one in found] == [f"{charge.energy_wh / 1000:.2f} kWh" for charge in expected]


async def test_calendar_is_shown_by_the_calendar_panel(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    cloud: VoltawareSimulator,
    entry: MockConfigEntry,
    device_id: str,
) -> None:
    """The panel asks over HTTP; a run that only touches the time asked for is in it."""
    charge = cloud.charges(device_id, date(2026, 5, 1), date(2026, 5, 31))[2]
    middle = charge.start + (charge.end - charge.start) / 2
    client = await hass_client()
    entity_id = entity_id_of(hass, "calendar", device_id, "cycles")
    times = {"start": middle.isoformat(), "end": (middle + timedelta(minutes=1)).isoformat()}
    answer = await client.get(f"/api/calendars/{entity_id}", params=times)
    (shown,) = await answer.json()
    assert datetime.fromisoformat(shown["start"]["dateTime"]) == charge.start
    assert shown["uid"].endswith(charge.start.isoformat())
    empty = {"start": charge.end.isoformat(), "end": (charge.end + timedelta(minutes=1)).isoformat()}
    assert await (await client.get(f"/api/calendars/{entity_id}", params=empty)).json() == []


async def test_state_is_of_the_newest_run(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """It is over by the time it is known, so the calendar is off; one that lasts switches it on."""
    newest = max(coordinator_of(entry).data[device_id].cycles, key=lambda cycle: cycle.start)
    state = state_of(hass, "calendar", device_id, "cycles")
    assert state.state == "off"
    assert state.attributes["message"] == "Electric vehicle"
    start = datetime.fromisoformat(state.attributes["start_time"])
    assert start.replace(tzinfo=dt_util.get_default_time_zone()) == newest.start.replace(microsecond=0)

    now = datetime.now(UTC)
    lasting = CycleFigure("sauna", now - timedelta(hours=1), now + timedelta(hours=1), None)
    known = coordinator_of(entry).data[device_id]
    coordinator_of(entry).async_set_updated_data({device_id: replace(known, cycles=(*known.cycles, lasting))})
    await hass.async_block_till_done(wait_background_tasks=False)
    state = state_of(hass, "calendar", device_id, "cycles")
    assert (state.state, state.attributes["message"]) == ("on", "Sauna")
    assert state.attributes["description"] == ""


async def test_home_without_runs_has_no_calendar_until_it_has_some(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """It appears without a reload."""
    cloud.meters[device_id].has_car = False
    entry = await async_load_voltaware(hass, cloud)
    assert entity_id_of(hass, "calendar", device_id, "cycles") is None
    known = coordinator_of(entry).data[device_id]
    run = CycleFigure("washing", MAY[0], MAY[0] + timedelta(hours=1), 800.0)
    coordinator_of(entry).async_set_updated_data({device_id: replace(known, cycles=(run,))})
    await hass.async_block_till_done(wait_background_tasks=False)
    (shown,) = await events(hass, device_id, *MAY)
    assert (shown["summary"], shown["description"]) == ("Washing", "0.80 kWh")
    await hass.config_entries.async_unload(entry.entry_id)
