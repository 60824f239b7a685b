"""The form about a carbonTRACK account's readings, which set-up and options share, and what helps to fill it in."""

from collections.abc import Mapping, Sequence
from typing import Any

import voluptuous as vol
from homeassistant.helpers.selector import BooleanSelector, NumberSelector, NumberSelectorConfig, NumberSelectorMode

from .aiowattbridge.carbontrack.units import PowerUnit
from .const import CONF_FOLLOW_NEW_DEVICES, CONF_GRID_FIELD, CONF_HISTORY_DAYS, CONF_POWER_UNIT, CONF_STATISTICS
from .selectors import choice, choices
from .vendors.carbontrack import CHANNELS, GRID_FIELDS, SERIES, USUAL_SERIES, LastDay

DEFAULT_HISTORY_DAYS = 400
LONGEST_HISTORY_DAYS = 3650
# Home Assistant translates options by keys in lower case.
UNITS = tuple(unit.name.lower() for unit in PowerUnit)
USUAL_KEYS = tuple(series.key for series in USUAL_SERIES)

_PREVIEWED_FIELDS = ("power_usage", "power_usage_net", "generating")
_WHOLE_FROM = 100


def readings_schema(offered: Sequence[str], *, with_follow: bool) -> vol.Schema:
    """Ask what the figures are, which statistics are made of them, and how far back."""
    schema = vol.Schema(
        {
            vol.Required(CONF_GRID_FIELD, default=GRID_FIELDS[0]): choice(GRID_FIELDS, "grid_field"),
            vol.Required(CONF_POWER_UNIT, default=UNITS[0]): choice(UNITS, "power_unit"),
            vol.Required(CONF_STATISTICS, default=list(USUAL_KEYS)): choices(offered, "statistics"),
            vol.Required(CONF_HISTORY_DAYS, default=DEFAULT_HISTORY_DAYS): number(1, LONGEST_HISTORY_DAYS, "d"),
        }
    )
    return schema.extend(
        {vol.Required(CONF_FOLLOW_NEW_DEVICES, default=False): BooleanSelector()} if with_follow else {}
    )


def number(lowest: int, highest: int, unit: str) -> NumberSelector:
    """Ask for a whole number."""
    return NumberSelector(
        NumberSelectorConfig(min=lowest, max=highest, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement=unit)
    )


def offered_series(days: Sequence[LastDay], chosen: Sequence[str]) -> list[str]:
    """Offer a channel only where one of the devices reports it, or where it was chosen before."""
    reported = {field for day in days for field in day.totals}
    unknown = {series.key for series in CHANNELS if series.field not in reported}
    return [series.key for series in SERIES if series.key in chosen or series.key not in unknown]


def default_grid_field(day: LastDay) -> str:
    """Suggest the net field where it is reported."""
    return GRID_FIELDS[0] if GRID_FIELDS[0] in day.totals else GRID_FIELDS[1]


def as_form(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return an account's options in the shape of the form."""
    unit = PowerUnit(options[CONF_POWER_UNIT]).name.lower()
    return {CONF_STATISTICS: list(USUAL_KEYS), **options, CONF_POWER_UNIT: unit}


def as_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a filled in form means."""
    options = {
        CONF_GRID_FIELD: values[CONF_GRID_FIELD],
        CONF_POWER_UNIT: PowerUnit[values[CONF_POWER_UNIT].upper()].value,
        CONF_HISTORY_DAYS: int(values[CONF_HISTORY_DAYS]),
        CONF_STATISTICS: [series.key for series in SERIES if series.key in values[CONF_STATISTICS]],
    }
    if CONF_FOLLOW_NEW_DEVICES in values:
        options[CONF_FOLLOW_NEW_DEVICES] = values[CONF_FOLLOW_NEW_DEVICES]
    return options


def errors_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Say what is wrong with a filled in form."""
    return {} if values[CONF_STATISTICS] else {CONF_STATISTICS: "no_statistic_chosen"}


def preview(device: str, day: LastDay, unit: PowerUnit) -> dict[str, str]:
    """Return what the texts of the form show: both candidates for the grid, and a reading in each unit."""
    field = next((field for field in _PREVIEWED_FIELDS if field in day.last), _PREVIEWED_FIELDS[0])
    shown = {
        "device": device,
        "power_usage": _kwh(day.energy_kwh("power_usage", unit)),
        "power_usage_net": _kwh(day.energy_kwh("power_usage_net", unit)),
        "reading": _figure(day.last.get(field)),
    }
    for each in PowerUnit:
        key = each.name.lower()
        shown[f"{key}_power"] = _watts(day.power_w(field, each))
        shown[f"{key}_day"] = _kwh(day.energy_kwh(field, each))
    return shown


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if abs(value) >= _WHOLE_FROM else f"{value:.2f}"


def _kwh(energy_kwh: float | None) -> str:
    return "–" if energy_kwh is None else f"{_figure(energy_kwh)} kWh"


def _watts(power_w: float | None) -> str:
    if power_w is None:
        return "–"
    return f"{power_w:.0f} W" if abs(power_w) < 1000 else f"{_figure(power_w / 1000)} kW"  # noqa: PLR2004 - to kilo
