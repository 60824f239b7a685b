"""What a change of an account's options does to its stored statistics, and what the user has to know of it before."""

from collections.abc import Collection

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import HomeAssistant
from sqlalchemy import func, select

from .const import CONF_PARAMETERS, DOMAIN, SUBENTRY_STREAM
from .names import async_series_names
from .vendors.carbontrack import AccountSettings, Series, series_id

type DeviceSeries = tuple[str, Series]

MOST_NAMED = 12


def series_to_rebuild(before: AccountSettings, after: AccountSettings) -> list[DeviceSeries]:
    """List the series whose stored rows would be wrong after a change: one that is given up stays as it is."""
    return [
        (device_id, series)
        for device_id in after.names
        for series in after.series
        if series in before.series
        and (
            before.unit != after.unit
            or before.intervals_s[device_id] != after.intervals_s[device_id]
            or before.field_of(series) != after.field_of(series)
        )
    ]


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
    """Name the streams that are filled from one of these statistics."""
    return [
        subentry.title
        for entry in hass.config_entries.async_entries(DOMAIN)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_STREAM
        and any(parameter["source"] in statistic_ids for parameter in subentry.data[CONF_PARAMETERS].values())
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
