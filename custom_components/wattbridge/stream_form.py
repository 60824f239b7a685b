"""The forms of a Wattics stream, and what is said in them of its statistics."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol
from homeassistant.const import CONF_TIME_ZONE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import StatisticSelector, TextSelector

from .chosen_statistics import async_describe, has_mean, is_external, source_of, statistic_of
from .const import CONF_INTERVAL_MIN, CONF_KIND, CONF_PARAMETERS, CONF_SOURCE, CONF_STREAM_ID, CONF_UNIT
from .names import async_series_names
from .selectors import choice
from .vendors.wattics import GROUPS, HOURLY_MIN, INTERVALS_MIN, Kind, Measure, parameters_of

ADVANCED = "advanced"
CONF_MEASURE = "measure"
CONF_STATISTIC = "statistic"
VALUE = "value"

type Choices = dict[str, tuple[str, Measure, str | None]]
"""By parameter: the statistic, what is taken from it, and the unit class it must have."""

INTERVAL = choice(tuple(str(interval) for interval in INTERVALS_MIN), "interval")
# Optional as a whole: whoever leaves it closed means Home Assistant's own zone.
ZONE = {
    vol.Optional(ADVANCED): section(vol.Schema({vol.Optional(CONF_TIME_ZONE): TextSelector()}), {"collapsed": True})
}
STREAM_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_STREAM_ID): TextSelector(),
        vol.Required(CONF_KIND, default=Kind.ELECTRICITY.value): choice(tuple(Kind), "kind"),
    }
)
ELECTRICITY_SCHEMA = vol.Schema(
    {vol.Required(CONF_INTERVAL_MIN, default=str(HOURLY_MIN)): INTERVAL}
    | {
        vol.Required(group.key): section(
            vol.Schema({vol.Optional(name): StatisticSelector() for name in parameters_of(group)}),
            {"collapsed": group is not GROUPS[0]},
        )
        for group in GROUPS
    }
    | ZONE
)
VALUE_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_STATISTIC): StatisticSelector(),
        vol.Required(CONF_MEASURE, default=Measure.MEAN.value): choice(tuple(Measure), "measure"),
        vol.Required(CONF_INTERVAL_MIN, default=str(HOURLY_MIN)): INTERVAL,
    }
    | ZONE
)


def electricity_choices(user_input: Mapping[str, Any]) -> Choices:
    """Read which statistic is chosen for which electrical parameter."""
    return {
        name: (statistic, group.measure, group.unit_class)
        for group in GROUPS
        for name, statistic in user_input[group.key].items()
        if statistic
    }


def value_choices(user_input: Mapping[str, Any]) -> Choices:
    """Read the one statistic of a single-value stream."""
    return {VALUE: (user_input[CONF_STATISTIC], Measure(user_input[CONF_MEASURE]), None)}


def zone_in(user_input: Mapping[str, Any]) -> str | None:
    """Read the site's time zone, None for Home Assistant's own."""
    return user_input.get(ADVANCED, {}).get(CONF_TIME_ZONE, "").strip() or None


async def async_choice_errors(
    hass: HomeAssistant, chosen: Choices, interval_min: int
) -> tuple[dict[str, str], dict[str, str]]:
    """Compare every chosen statistic with what its parameter needs; returns errors and what their texts name."""
    if not chosen:
        return {"base": "no_parameter"}, {}
    known = await async_describe(hass, (statistic for statistic, _, _ in chosen.values()))
    names = await async_series_names(hass)
    for parameter, (statistic, measure, unit_class) in chosen.items():
        details = {"parameter": parameter, "statistic": statistic}
        row = known.get(statistic)
        if row is None:
            return {"base": "statistic_unknown"}, details
        if unit_class is not None and row["unit_class"] != unit_class:
            return {"base": "wrong_unit"}, details | {"accepted": names.unit_class(unit_class)}
        if not (has_mean(row) if measure is Measure.MEAN else row["has_sum"]):
            return {"base": "measure_missing"}, details | {"accepted": names.measure(measure)}
        if is_external(statistic) and interval_min < HOURLY_MIN:
            return {"base": "only_hourly"}, details
    return {}, {}


async def async_parameters(hass: HomeAssistant, chosen: Choices) -> dict[str, dict[str, str | None]]:
    """Write what is chosen as a subentry holds it; a single value keeps the unit that its statistic has now."""
    parameters: dict[str, dict[str, str | None]] = {
        parameter: {CONF_SOURCE: source_of(hass, statistic), CONF_MEASURE: measure.value}
        for parameter, (statistic, measure, _) in chosen.items()
    }
    if VALUE in chosen:
        statistic, _, _ = chosen[VALUE]
        unit = (await async_describe(hass, [statistic]))[statistic]["statistics_unit_of_measurement"]
        # None is a unit too: one that comes later is a change.
        parameters[VALUE][CONF_UNIT] = unit
    return parameters


def shown_choices(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a stream has now in the shape of its form."""
    if CONF_PARAMETERS not in data:
        return {}
    parameters = data[CONF_PARAMETERS]
    statistics = {name: statistic_of(hass, settings[CONF_SOURCE]) for name, settings in parameters.items()}
    shown: dict[str, Any] = {CONF_INTERVAL_MIN: str(data[CONF_INTERVAL_MIN])}
    if zone := data.get(CONF_TIME_ZONE):
        shown[ADVANCED] = {CONF_TIME_ZONE: zone}
    if VALUE in statistics:
        return shown | {CONF_STATISTIC: statistics[VALUE], CONF_MEASURE: parameters[VALUE][CONF_MEASURE]}
    return shown | {
        group.key: {name: statistics[name] for name in parameters_of(group) if name in statistics} for group in GROUPS
    }
