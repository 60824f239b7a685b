"""The history of an account that was just added: how soon it is to be seen, and who notices that it is being written.

The clouds are simulated in processes of their own. What is measured is what a user would look at: the series are read
back from the recorder.
"""

import asyncio
import time
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .cloud import Cloud, Month, cloud
from .home import add_account, home, read_hours
from .report import Detail, Emit, judged, rounded, say
from .watching import Watched, percentile_99, watched

_VISIBLE_S: Final = 60
_STALL_MS: Final = 250
_STEP_MS: Final = 20
_LAG_MS: Final = 20
_RECENT_DAYS: Final = 30
_YEAR_DAYS: Final = 365
_QUICK_DAYS: Final = 40
_EVENT_DAYS: Final = 200
_QUICK_EVENT_DAYS: Final = 70
_SERIES: Final = ("usage", "generation", "export", "channel_1", "channel_2")
_CONTROL_S: Final = 10.0
_QUICK_CONTROL_S: Final = 2.0
_LOOK_EVERY_S: Final = 0.25
_AT_MOST_S: Final = 600.0
_WH_KWH: Final = 0.001


async def _add_carbontrack(hass: HomeAssistant, served: Cloud, days: int) -> MockConfigEntry:
    """Add an account with all its devices, five series each."""
    devices = {device_id: {"name": f"Meter {device_id}", "interval_s": 300} for device_id in served.device_ids}
    options: dict[str, Any] = {"grid_field": "power_usage_net", "power_unit": "Wh", "statistics": list(_SERIES)}
    return await add_account(hass, "carbontrack", served, devices=devices, history_days=days, **options)


async def _wait_back_to(hass: HomeAssistant, entry: MockConfigEntry, device_id: str, days: float) -> int:
    """Wait until every hour of the last days can be read back from every series; returns how many hours that are."""
    from_s = (dt_util.utcnow() - timedelta(days=days)).timestamp()
    async with asyncio.timeout(_AT_MOST_S):
        while True:
            if _days_back(entry, device_id) >= days - 1:
                ids = [f"wattbridge:carbontrack_{device_id}_{series}" for series in _SERIES]
                hours = [len(await read_hours(hass, statistic_id, from_s)) for statistic_id in ids]
                if min(hours) >= 24 * days - 1:
                    return sum(hours)
            await asyncio.sleep(_LOOK_EVERY_S)


def _days_back(entry: MockConfigEntry, device_id: str) -> float:
    """Tell how many days a device's history reaches back."""
    imported_from = entry.runtime_data.history.device_progress(device_id).imported_from
    return 0.0 if imported_from is None else (dt_util.utcnow() - imported_from) / timedelta(days=1)


async def _fill_one(hass: HomeAssistant, emit: Emit, days: int, seen: Watched) -> None:
    """Time the history of one device with five series."""
    async with cloud("carbontrack") as served:
        (device_id,) = served.device_ids
        started_s = time.perf_counter()
        entry = await _add_carbontrack(hass, served, days)
        await _wait_back_to(hass, entry, device_id, _RECENT_DAYS)
        recent_s = time.perf_counter() - started_s
        rows = await _wait_back_to(hass, entry, device_id, days)
        whole_s = time.perf_counter() - started_s
        await hass.config_entries.async_unload(entry.entry_id)
    whole = {"history_days": days, "whole_history_s": rounded(whole_s), "rows": rows}
    emit(judged("carbontrack_30_days_of_5_series_visible_s", recent_s, _VISIBLE_S, "lower", unit="s", **whole))
    say(f"  {len(seen.steps)} steps of our own, {len(seen.recorder_delays_s)} probes of the recorder")


async def _fill_two(hass: HomeAssistant, emit: Emit, days: int) -> None:
    """Make sure that two devices take turns: the recent past of both comes before the far past of one."""
    async with cloud("carbontrack", devices=2) as served:
        started_s = time.perf_counter()
        entry = await _add_carbontrack(hass, served, days)
        for device_id in served.device_ids:
            await _wait_back_to(hass, entry, device_id, _RECENT_DAYS)
        farthest = max(_days_back(entry, device_id) for device_id in served.device_ids)
        both_s = time.perf_counter() - started_s
        await hass.config_entries.async_unload(entry.entry_id)
    emit(judged("carbontrack_30_days_of_2_devices_visible_s", both_s, _VISIBLE_S, "lower", unit="s"))
    emit(judged("carbontrack_days_of_one_device_before_30_of_both", farthest, 2 * _RECENT_DAYS, "lower", unit="days"))


async def _fill_voltaware(hass: HomeAssistant, emit: Emit, days: int) -> None:
    """Time the latest published month of a meter, total and appliances, and how long the whole past takes."""
    async with cloud("voltaware", days=days) as served:
        ((device_id,), (month,)) = served.device_ids, served.months
        started_s = time.perf_counter()
        entry = await add_account(hass, "voltaware", served, devices={device_id: {"name": "Home"}})
        history = entry.runtime_data.history
        async with asyncio.timeout(_AT_MOST_S):
            while not await _is_visible(hass, history.statistic_ids, month):  # noqa: ASYNC110 - it is read back
                await asyncio.sleep(_LOOK_EVERY_S)
            month_s = time.perf_counter() - started_s
            while not history.device_progress(device_id).complete:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(_LOOK_EVERY_S)
        whole = {
            "whole_history_s": rounded(time.perf_counter() - started_s),
            "series": len(history.statistic_ids),
            "history_days": days,
        }
        await hass.config_entries.async_unload(entry.entry_id)
    emit(judged("voltaware_latest_month_visible_s", month_s, _VISIBLE_S, "lower", unit="s", **whole))


async def _is_visible(hass: HomeAssistant, statistic_ids: list[str], month: Month) -> bool:
    """Tell whether a month can be read back from every series: to the watt-hour, as a total and as appliances."""
    hours = {
        statistic_id: await read_hours(hass, statistic_id, month.from_s, month.to_s) for statistic_id in statistic_ids
    }
    kwh = {statistic_id: sum(found.values()) for statistic_id, found in hours.items()}
    total_kwh = sum(figure for statistic_id, figure in kwh.items() if statistic_id.endswith("_total"))
    appliances_kwh = sum(kwh.values()) - total_kwh
    return abs(total_kwh - month.kwh) < _WH_KWH and abs(appliances_kwh - month.kwh) < _WH_KWH


def _judge(emit: Emit, control: Watched, seen: Watched, vendor: str) -> None:
    """Hold what others noticed against the same Home Assistant without an import."""
    idle_ms, busy_ms = (1000 * percentile_99(watch.recorder_delays_s) for watch in (control, seen))
    details: dict[str, Detail] = {
        "unit": "ms",
        "idle_ms": rounded(idle_ms),
        "longest_ms": rounded(1000 * max(seen.recorder_delays_s)),
    }
    emit(judged(f"{vendor}_recorder_stall_p99_ms", busy_ms - idle_ms, _STALL_MS, "lower", **details))
    longest_s, place = max(seen.steps)
    emit(
        judged(
            f"{vendor}_longest_step_of_ours_ms",
            1000 * longest_s,
            _STEP_MS,
            "lower",
            unit="ms",
            place=place,
            steps=len(seen.steps),
        )
    )
    idle_ms, busy_ms = (1000 * percentile_99(watch.loop_lags_s) for watch in (control, seen))
    emit(judged(f"{vendor}_loop_lag_p99_ms", busy_ms - idle_ms, _LAG_MS, "lower", unit="ms", idle_ms=rounded(idle_ms)))


async def run(emit: Emit, *, quick: bool) -> None:
    """Measure an account of each vendor; `quick` is for seeing that it works."""
    days = _QUICK_DAYS if quick else _YEAR_DAYS
    async with home() as hass:
        async with watched(hass) as control:
            await asyncio.sleep(_QUICK_CONTROL_S if quick else _CONTROL_S)
        say(f"  carbonTRACK, one device, {days} days")
        async with watched(hass) as seen:
            await _fill_one(hass, emit, days, seen)
        _judge(emit, control, seen, "carbontrack")
    async with home() as hass:
        say("  carbonTRACK, two devices")
        await _fill_two(hass, emit, days)
    async with home() as hass:
        say("  Voltaware, one meter, all that there is")
        async with watched(hass) as seen:
            await _fill_voltaware(hass, emit, _QUICK_EVENT_DAYS if quick else _EVENT_DAYS)
        _judge(emit, control, seen, "voltaware")
