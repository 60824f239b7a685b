"""What a change of an account's options does to its stored statistics, and what the user has to know of it before."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import UnsupportedStorageVersionError
from sqlalchemy import func, select

from .carbontrack_records import made_of
from .const import DOMAIN
from .data import WattbridgeConfigEntry
from .forwarding import StreamConfig
from .history import async_noted
from .names import async_series_names
from .vendors.carbontrack import AccountSettings, Series, series_id

type DeviceSeries = tuple[str, Series]
type StoredFigures = Mapping[tuple[str, str], str]

MOST_NAMED = 12


async def async_stored_figures(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> StoredFigures:
    """Tell what the rows of each series were made of that is chosen, or was once, and has any."""
    notes: Mapping[str, Any] = {}
    # With notes of a newer version no series is written at all.
    with suppress(UnsupportedStorageVersionError):
        notes = await async_noted(hass, entry)
    return {
        (device_id, key): series["made_of"]
        for device_id, note in notes.items()
        for key, series in note.get("series", {}).items()
        if series["rows"]
    }


def series_to_rebuild(before: AccountSettings, after: AccountSettings, stored: StoredFigures) -> list[DeviceSeries]:
    """List the series whose stored rows would be wrong after a change: one that is given up stays as it is.

    One that is chosen again has the rows of the settings of then.
    """
    found = []
    for device_id in after.names:
        for series in after.series:
            is_chosen = series in before.series
            was = _figures(before, device_id, series) if is_chosen else stored.get((device_id, series.key))
            if was not in (None, _figures(after, device_id, series)):
                found.append((device_id, series))
    return found


def _figures(account: AccountSettings, device_id: str, series: Series) -> str:
    return made_of(account.field_of(series), account.unit, account.intervals_s[device_id])


async def async_rebuild_texts(
    hass: HomeAssistant, account: AccountSettings, series: Collection[DeviceSeries]
) -> dict[str, str]:
    """Return what the text before a rebuild names: the series, what they hold now, and who reads them."""
    ids = {series_id(device_id, one) for device_id, one in series}
    names = await async_series_names(hass)
    lines = [f"- {account.names[device_id]} {names.series(one.key)}" for device_id, one in series]
    return {
        "series": "\n".join([*lines[:MOST_NAMED], *(["- …"] if len(lines) > MOST_NAMED else [])]),
        "count": str(len(ids)),
        "hours": str(await _async_stored_hours(hass, ids)),
        "days": str(account.history_days),
        "streams": ", ".join(_streams_that_read(hass, ids)) or "–",
    }


def _streams_that_read(hass: HomeAssistant, statistic_ids: Collection[str]) -> list[str]:
    """Name the streams and the series that are filled from one of these statistics."""
    return [
        subentry.title
        for entry in hass.config_entries.async_entries(DOMAIN)
        for subentry in entry.subentries.values()
        if any(parameter.source in statistic_ids for parameter in StreamConfig.from_subentry(subentry).parameters)
    ]


async def _async_stored_hours(hass: HomeAssistant, statistic_ids: Collection[str]) -> int:
    """Count the rows of some statistics; reading them all would take a while after some years."""

    def count() -> int:
        query = (
            select(func.count())
            .select_from(Statistics)
            .join(StatisticsMeta, Statistics.metadata_id == StatisticsMeta.id)
            .where(StatisticsMeta.statistic_id.in_(statistic_ids))
        )
        with session_scope(hass=hass, read_only=True) as session:
            return session.execute(query).scalar_one()

    return await get_instance(hass).async_add_executor_job(count)
