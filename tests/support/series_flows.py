"""Going through the flow of a WattCarbon series as a user does."""

from datetime import UTC, datetime, timedelta
from typing import Any

from forwarding_bench import async_store, metadata, sum_rows
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattbridge.const import SUBENTRY_SERIES

PANELS = "meter:panels"
BATTERY_OUT = "meter:battery_out"
BATTERY_IN = "meter:battery_in"
FIRST_HOUR = datetime(2026, 3, 1, 10, tzinfo=UTC)

type Form = Any


async def store_energies(hass: HomeAssistant) -> None:
    """Store hours of three statistics, of which the second lacks one, and two statistics that do not count energy.

    The last hour may still change, for all that is known.
    """
    await async_store(hass, metadata(PANELS), sum_rows(FIRST_HOUR, [1.0, 2.0, 3.0, 4.0, 5.0]))
    await async_store(hass, metadata(BATTERY_OUT), sum_rows(FIRST_HOUR, [1.0, None, 3.0, 4.0, 5.0]))
    await async_store(hass, metadata(BATTERY_IN), sum_rows(FIRST_HOUR, [0.5, 0.5, 0.5, 0.5, 0.5]))
    await async_store(hass, metadata("meter:warmth", "°C", with_sum=False), [])
    await async_store(hass, metadata("meter:means", with_sum=False), [])


async def open_series(hass: HomeAssistant, entry: MockConfigEntry, way: str | None = None) -> Form:
    """Open the flow of a series; `way`: what is chosen from its menu."""
    menu = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_SERIES), context={"source": "user"}
    )
    assert menu["type"] is FlowResultType.MENU
    return menu if way is None else await submit(hass, menu, {"next_step_id": way})


async def submit(hass: HomeAssistant, form: Form, values: dict[str, Any]) -> Form:
    """Submit a form of the flow."""
    return await hass.config_entries.subentries.async_configure(form["flow_id"], values)


async def finish(hass: HomeAssistant, form: Form, start: dict[str, Any] | None = None, **statistics: Any) -> Form:
    """Go from the statistics to the end."""
    assert form["step_id"] == "statistics", form
    form = await submit(hass, form, statistics)
    assert form["step_id"] == "start", form
    form = await submit(hass, form, start or {"start": "beginning"})
    assert form["step_id"].startswith("preview"), form
    result = await submit(hass, form, {})
    await hass.async_block_till_done(wait_background_tasks=False)
    return result


def fields_of(form: Form) -> set[str]:
    """Name the fields that a form shows."""
    return {str(marker) for marker in form["data_schema"].schema}


def suggestions(form: Form) -> dict[str, Any]:
    """Return what a form suggests."""
    return {
        str(marker): marker.description["suggested_value"]
        for marker in form["data_schema"].schema
        if marker.description and "suggested_value" in marker.description
    }


def options_of(form: Form, field: str) -> dict[str, str]:
    """Return what a form offers for a field: labels by value."""
    return {option["value"]: option["label"] for option in form["data_schema"].schema[field].config["options"]}


def local(hour: datetime, hours: int = 0) -> str:
    """Write a time as the forms do."""
    return dt_util.as_local(hour + timedelta(hours=hours)).isoformat(" ", "minutes")
