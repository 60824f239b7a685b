"""The event entity of a meter: new results, and results that are not what they were."""

from datetime import UTC, datetime
from math import fsum

import pytest
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers.event import async_track_state_change_event
from meter_states import entity_id_of, poll, state_of
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_voltaware
from aiowattbridge.simulators import MonthRevision, VoltawareSimulator

DAY_S = 86_400
FIRST_EVENT = datetime(2026, 4, 3, 9, 30, tzinfo=UTC)


def follow(hass: HomeAssistant, device_id: str) -> list[State]:
    """Collect what the entity tells from now on."""
    told: list[State] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if event.data["new_state"] is not None:
            told.append(event.data["new_state"])

    entity_id = entity_id_of(hass, "event", device_id, "results")
    assert entity_id is not None
    async_track_state_change_event(hass, entity_id, note)
    return told


async def test_first_results_of_an_account_are_no_news(
    hass: HomeAssistant, entry: MockConfigEntry, device_id: str
) -> None:
    """Nothing has happened yet; that stays so while nothing does."""
    told = follow(hass, device_id)
    assert state_of(hass, "event", device_id, "results").state == "unknown"
    assert set(state_of(hass, "event", device_id, "results").attributes["event_types"]) == {
        "new_month",
        "new_week",
        "corrected",
    }
    await poll(hass, entry)
    assert told == []


async def test_new_month_and_new_weeks_are_told(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Each once, with its days and its energy."""
    told = follow(hass, device_id)
    cloud.clock.advance(26 * DAY_S)
    await poll(hass, entry)
    await poll(hass, entry)
    (month,) = [state for state in told if state.attributes["event_type"] == "new_month"]
    assert (month.attributes["first_day"], month.attributes["last_day"]) == ("2026-06-01", "2026-06-30")
    expected_kwh = fsum(cloud.month_energy_wh(device_id, 2026, 6).values()) / 1000
    assert month.attributes["total_kwh"] == pytest.approx(expected_kwh, abs=1e-4)
    assert "previous_total_kwh" not in month.attributes
    weeks = [state.attributes["last_day"] for state in told if state.attributes["event_type"] == "new_week"]
    assert "2026-06-28" in weeks
    assert len(weeks) == len(set(weeks))


async def test_correction_is_told_with_what_was_there_before(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """And the sensor shows the new figure."""
    told = follow(hass, device_id)
    before_kwh = fsum(cloud.month_energy_wh(device_id, 2026, 5).values()) / 1000
    cloud.quirks.append(MonthRevision(2026, 5, percent=110, available_at=cloud.clock.now()))
    cloud.clock.advance(DAY_S + 3600)
    await poll(hass, entry)
    (corrected,) = [state for state in told if state.attributes.get("first_day") == "2026-05-01"]
    assert corrected.attributes["event_type"] == "corrected"
    assert corrected.attributes["previous_total_kwh"] == pytest.approx(before_kwh, abs=1e-4)
    assert corrected.attributes["total_kwh"] == pytest.approx(before_kwh * 1.1, abs=1e-3)
    shown = float(state_of(hass, "sensor", device_id, "month_total").state)
    assert shown == pytest.approx(before_kwh * 1.1, abs=1e-3)


async def test_month_that_came_while_home_assistant_was_off_is_told(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Once: the next start tells nothing again."""
    told = follow(hass, device_id)
    await hass.config_entries.async_unload(entry.entry_id)
    cloud.clock.advance(26 * DAY_S)
    for _ in range(2):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=False)
        await hass.config_entries.async_unload(entry.entry_id)
    new = {(state.state, state.attributes["last_day"]) for state in told if "last_day" in state.attributes}
    assert {last_day for _, last_day in new} == {"2026-06-28", "2026-06-30"}
    assert len(new) == 2


async def test_news_of_another_meter_are_not_its_own(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """Every meter tells its own."""
    async with VoltawareSimulator(devices=2, zones=("UTC",), first_event=FIRST_EVENT, clock=cloud.clock) as two:
        first, second = two.device_ids
        devices = {first: {"name": "Home"}, second: {"name": "Shop"}}
        entry = await async_load_voltaware(hass, two, devices=devices)
        told, others = follow(hass, first), follow(hass, second)
        two.quirks.append(MonthRevision(2026, 5, percent=90, available_at=two.clock.now(), device_id=first))
        two.clock.advance(DAY_S + 3600)
        await poll(hass, entry)
        assert {state.attributes["event_type"] for state in told} == {"corrected"}
        assert others == []
        await hass.config_entries.async_unload(entry.entry_id)
