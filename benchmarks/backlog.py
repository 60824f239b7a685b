"""A recorder that is full of hours nobody has forwarded yet, and an account whose streams do that."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics, get_metadata
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy import insert

from custom_components.wattbridge.const import CONF_BASE_URL, DOMAIN, MINOR_VERSION, SUBENTRY_STREAM
from custom_components.wattbridge.statistics import queue_mark

from .kill_scene import HOUR_S, energy_kwh

_AT_ONCE: Final = 5_000
_LOOK_EVERY_S: Final = 0.05


def total_kwh(number: int, from_s: int, to_s: int) -> float:
    """Add up the hours of a series that begin in [from_s, to_s)."""
    return sum(energy_kwh(number, hour_s) for hour_s in range(from_s, to_s, HOUR_S))


def statistic_id(number: int) -> str:
    """Name a series."""
    return f"bench:energy_{number}"


def first_hour_s(hours: int) -> int:
    """Return when so many hours begin, the newest of which ended hours ago: later rows exist, so all are final."""
    begun = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) - timedelta(hours=4 + hours)
    return int(begun.timestamp())


async def fill(hass: HomeAssistant, series: int, hours: int) -> int:
    """Write so many hours into so many series in bulk, and one more that makes the others final; returns the first."""
    from_s = first_hour_s(hours)
    for number in range(series):
        description = StatisticMetaData(
            has_sum=True,
            mean_type=StatisticMeanType.NONE,
            name=f"Meter {number}",
            source="bench",
            statistic_id=statistic_id(number),
            unit_class="energy",
            unit_of_measurement="kWh",
        )
        to_s = from_s + hours * HOUR_S
        total = total_kwh(number, from_s, to_s + HOUR_S)
        last = StatisticData(start=dt_util.utc_from_timestamp(to_s), state=total, sum=total)
        async_add_external_statistics(hass, description, [last])
    await queue_mark(hass)
    await get_instance(hass).async_add_executor_job(_insert, hass, series, from_s, hours)
    return from_s


def _insert(hass: HomeAssistant, series: int, from_s: int, hours: int) -> None:
    known = get_metadata(hass, statistic_source="bench")
    created_ts = dt_util.utcnow().timestamp()
    for number in range(series):
        metadata_id, total = known[statistic_id(number)][0], 0.0
        for begin in range(0, hours, _AT_ONCE):
            rows = []
            for hour in range(begin, min(hours, begin + _AT_ONCE)):
                start_s = from_s + hour * HOUR_S
                total += energy_kwh(number, start_s)
                row = {"metadata_id": metadata_id, "start_ts": float(start_s), "state": total, "sum": total}
                rows.append({"created_ts": created_ts, **row})
            with session_scope(hass=hass) as session:
                session.execute(insert(Statistics), rows)


def stream_of(name: str, number: int, from_s: int) -> ConfigSubentryData:
    """Describe the stream of a series."""
    data: dict[str, Any] = {
        "stream_id": f"{name}-{number}",
        "kind": "electricity",
        "interval_min": 60,
        "start": "date",
        "start_at": dt_util.utc_from_timestamp(from_s).isoformat(),
        "parameters": {"pC_1": {"source": statistic_id(number), "measure": "change"}},
    }
    return ConfigSubentryData(
        data=data, subentry_type=SUBENTRY_STREAM, title=data["stream_id"], unique_id=data["stream_id"]
    )


@asynccontextmanager
async def forwarding(
    hass: HomeAssistant, base_url: str, name: str, series: Sequence[int], from_s: int
) -> AsyncGenerator[MockConfigEntry]:
    """Forward series from an hour on, each in a stream of its own; in the end the account is removed."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=name,
        data={"vendor": "wattics", CONF_BASE_URL: base_url, CONF_USERNAME: name, CONF_PASSWORD: "invented"},
        minor_version=MINOR_VERSION,
        subentries_data=[stream_of(name, number, from_s) for number in series],
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    if entry.state is not ConfigEntryState.LOADED:
        raise RuntimeError(f"the account was not set up: {entry.state}, {entry.reason}")
    try:
        yield entry
    finally:
        await hass.config_entries.async_remove(entry.entry_id)


async def until_delivered(entry: MockConfigEntry, packets: int) -> None:
    """Wait until every stream has delivered so many packets; raises where one has a problem.

    It looks now and then: whoever is told of every packet costs time that is not the stream's.
    """
    engines = list(entry.runtime_data.forwarder.streams.values())
    while any(engine.cursor is None or engine.cursor.delivered < packets for engine in engines):
        for engine in engines:
            if engine.problem is not None:
                raise RuntimeError(f"a stream stands still: {engine.status.problem} {engine.status.detail}")
        await asyncio.sleep(_LOOK_EVERY_S)
