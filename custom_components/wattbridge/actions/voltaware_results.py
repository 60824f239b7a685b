"""`get_voltaware_disaggregation`: a month's or a week's results as plain figures; energies are in Wh."""

import re
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_DATE, ATTR_DEVICE_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from ..aiowattbridge.voltaware import (
    ApplianceCycles,
    ClippedWeek,
    Disaggregation,
    Month,
    MonthByWeeks,
    Report,
    VoltawareClient,
    Week,
    load_zone,
)
from ..data import VoltawareRuntime
from ..vendors import VOLTAWARE
from .common import AccountDevice, action_refused, cloud_errors, device_of_vendor

ATTR_KIND: Final = "kind"

# A date may be written in more ways than one means: 2026-W10 would be a Monday for a month as well.
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ResultKind(StrEnum):
    """What there is to be asked for."""

    MONTH = "month"
    MONTH_BY_WEEKS = "month_by_weeks"
    MONTH_CYCLES = "month_cycles"
    MONTH_REPORT = "month_report"
    WEEK = "week"
    WEEK_CYCLES = "week_cycles"
    WEEK_REPORT = "week_report"

    @property
    def is_of_week(self) -> bool:
        """Tell weeks from months."""
        return self.value.startswith("week")


DISAGGREGATION_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_KIND, default=ResultKind.MONTH): vol.Coerce(ResultKind),
        vol.Optional(ATTR_DATE): vol.Any(date, cv.string),
    }
)


async def async_get_disaggregation(call: ServiceCall) -> ServiceResponse:
    """Answer with the results of a month or a week; those that are not there yet are no failure."""
    device = device_of_vendor(call.hass, call.data[ATTR_DEVICE_ID], VOLTAWARE, VoltawareRuntime)
    kind, given = call.data[ATTR_KIND], call.data.get(ATTR_DATE)
    client, device_id = device.runtime.client, device.device_id
    with cloud_errors(call.hass, device.entry):
        zone = await _async_zone(device)
        period = _period(kind, given, dt_util.utcnow().astimezone(zone).date())
        if isinstance(period, Month):
            found = await _ask_for_month(client, device_id, kind, period, zone)
        else:
            found = await _ask_for_week(client, device_id, kind, period, zone)
    expected_at = period.expected_at(zone) if isinstance(period, Month) and found is None else None
    return {
        "device_id": device_id,
        "name": device.name,
        "kind": kind,
        "period": str(period),
        "first_day": period.first_day.isoformat(),
        "last_day": period.last_day.isoformat(),
        "available": found is not None,
        **({} if expected_at is None else {"expected_at": expected_at.isoformat()}),
        **(found or {}),
    }


async def _async_zone(device: AccountDevice[VoltawareRuntime]) -> tzinfo:
    """Return the zone of a meter's clocks, which is asked for only if no poll has told it."""
    known = device.runtime.coordinator.data.get(device.device_id)
    name = None if known is None else known.time_zone
    return await load_zone(name or (await device.runtime.client.device(device.device_id)).time_zone)


def _period(kind: ResultKind, given: str | date | None, today: date) -> Month | Week:
    """Return the month or the week that is meant, by default the last one that is over."""
    of: type[Month | Week] = Week if kind.is_of_week else Month
    if given is None:
        return of.of(today).previous
    text = given.date().isoformat() if isinstance(given, datetime) else str(given).strip()
    try:
        return of.of(date.fromisoformat(text)) if DAY.fullmatch(text) else of.parse(text)
    except ValueError, OverflowError:
        raise action_refused("date_unreadable", field=ATTR_DATE, given=text) from None


async def _ask_for_month(
    client: VoltawareClient, device_id: str, kind: ResultKind, month: Month, zone: tzinfo
) -> dict[str, Any] | None:
    """Ask for a month's results and describe them; None if they are not there."""
    match kind:
        case ResultKind.MONTH_BY_WEEKS:
            return _weeks_document(await client.month_by_weeks(device_id, month))
        case ResultKind.MONTH_CYCLES:
            return _cycles_document(await client.month_cycles(device_id, month, zone), zone)
        case ResultKind.MONTH_REPORT:
            return _report_document(await client.monthly_report(device_id, month))
        case _:
            return _whole_document(await client.month(device_id, month))


async def _ask_for_week(
    client: VoltawareClient, device_id: str, kind: ResultKind, week: Week, zone: tzinfo
) -> dict[str, Any] | None:
    """Ask for a week's results and describe them; None if they are not there."""
    match kind:
        case ResultKind.WEEK_CYCLES:
            return _cycles_document(await client.week_cycles(device_id, week, zone), zone)
        case ResultKind.WEEK_REPORT:
            return _report_document(await client.weekly_report(device_id, week))
        case _:
            return _whole_document(await client.week(device_id, week))


def _whole_document(found: Disaggregation | None) -> dict[str, Any] | None:
    """Describe the consumption of a period."""
    if found is None:
        return None
    return {
        "total_wh": found.total_wh,
        "disconnection_percent": found.disconnection_percent,
        "appliances_wh": _appliances_wh(found),
    }


def _weeks_document(found: MonthByWeeks | None) -> dict[str, Any] | None:
    """Describe the weeks of a month, of which the first and the last may be parts."""
    if found is None:
        return None
    weeks = [
        {
            "first_day": week.first_day.isoformat(),
            "last_day": week.last_day.isoformat(),
            "total_wh": week.total_wh,
            "appliances_wh": _appliances_wh(week),
        }
        for week in found.weeks
    ]
    return {"total_wh": found.total_wh, "disconnection_percent": found.disconnection_percent, "weeks": weeks}


def _cycles_document(found: Iterable[ApplianceCycles] | None, zone: tzinfo) -> dict[str, Any] | None:
    """Describe the runs of appliances, by the device's clocks."""
    if found is None:
        return None
    appliances = [
        {
            "appliance": appliance.key,
            "total_wh": appliance.total_wh,
            "cycles": [
                {
                    "start": cycle.start.astimezone(zone).isoformat(),
                    "end": cycle.end.astimezone(zone).isoformat(),
                    "energy_wh": cycle.energy_wh,
                }
                for cycle in appliance.cycles
            ],
        }
        for appliance in found
    ]
    return {"appliances": appliances}


def _report_document(found: Report | None) -> dict[str, Any] | None:
    """Describe a report: the whole, its days, and the carbon footprint."""
    if found is None:
        return None
    return {
        **(_whole_document(found.disaggregation) or {}),
        "day_by_day": None if found.day_by_day is None else _plain(asdict(found.day_by_day)),
        "carbon_footprint": None if found.carbon_footprint is None else _plain(asdict(found.carbon_footprint)),
    }


def _appliances_wh(found: Disaggregation | ClippedWeek) -> dict[str, float | None]:
    """Return what each kind of appliance used, the largest first."""
    energies = {appliance.key: found.energy_wh(appliance.key) for appliance in found.appliances}
    return dict(sorted(energies.items(), key=lambda pair: -(pair[1] or 0.0)))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    match value:
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case date():
            return value.isoformat()
        case _:
            return value
