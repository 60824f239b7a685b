"""Accounts that are set up, for tests that begin where the flows end."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from aiowattbridge.simulators import CarbonTrackSimulator, VoltawareSimulator, WattCarbonSimulator, WatticsSimulator
from custom_components.wattbridge.const import CONF_BASE_URL, DOMAIN, MINOR_VERSION, SUBENTRY_STREAM
from custom_components.wattbridge.vendors import account_unique_id

OPTIONS = ("grid_field", "power_unit", "history_days", "statistics", "intervals_s", "follow_new_devices")
HOUR = datetime(2026, 10, 1, tzinfo=UTC)
NOTHING: dict[str, Any] = {
    key: {}
    for key in ("energy", "active_power", "reactive_power", "apparent_power", "voltage", "current", "line_voltage")
}


async def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something has happened in the background."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)


def make_entry(
    vendor: str,
    cloud: CarbonTrackSimulator | VoltawareSimulator | WatticsSimulator | WattCarbonSimulator,
    **settings: Any,
) -> MockConfigEntry:
    """Make an account that was set up earlier."""
    data = {
        "vendor": vendor,
        CONF_BASE_URL: cloud.url,
        CONF_USERNAME: cloud.username,
        CONF_PASSWORD: cloud.password,
        **{key: value for key, value in settings.items() if key not in OPTIONS},
    }
    options = {key: value for key, value in settings.items() if key in OPTIONS}
    unique_id = account_unique_id(vendor, data)
    return MockConfigEntry(
        domain=DOMAIN, title=vendor, unique_id=unique_id, data=data, options=options, minor_version=MINOR_VERSION
    )


async def async_load(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Load an account and wait until it is there."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    assert entry.state is ConfigEntryState.LOADED
    return entry


async def async_load_carbontrack(hass: HomeAssistant, cloud: CarbonTrackSimulator, **settings: Any) -> MockConfigEntry:
    """Load a carbonTRACK account with the first device of the house."""
    device_id = cloud.house.device_ids[0]
    chosen = {
        "devices": {device_id: {"name": "Roof", "interval_s": 300}},
        "grid_field": "power_usage_net",
        "power_unit": "Wh",
        "history_days": 1,
        **settings,
    }
    return await async_load(hass, make_entry("carbontrack", cloud, **chosen))


async def async_load_voltaware(hass: HomeAssistant, cloud: VoltawareSimulator, **settings: Any) -> MockConfigEntry:
    """Load a Voltaware account with the first meter of the cloud."""
    chosen = {"devices": {cloud.device_ids[0]: {"name": "Home"}}, **settings}
    return await async_load(hass, make_entry("voltaware", cloud, **chosen))


async def async_load_wattics(hass: HomeAssistant, cloud: WatticsSimulator) -> MockConfigEntry:
    """Load a Wattics account, with two statistics that its streams may use."""
    await add_statistic(hass, "meter:energy", "energy", "kWh", with_sum=True)
    await add_statistic(hass, "meter:power", "power", "W", with_sum=False)
    return await async_load(hass, make_entry("wattics", cloud))


async def add_statistic(hass: HomeAssistant, statistic_id: str, unit_class: str, unit: str, *, with_sum: bool) -> None:
    """Store one hour of an external statistic."""
    metadata = StatisticMetaData(
        has_sum=with_sum,
        mean_type=StatisticMeanType.NONE if with_sum else StatisticMeanType.ARITHMETIC,
        name=statistic_id,
        source=statistic_id.split(":", maxsplit=1)[0],
        statistic_id=statistic_id,
        unit_class=unit_class,
        unit_of_measurement=unit,
    )
    values = StatisticData(start=HOUR, state=1.0, sum=1.0)
    means = StatisticData(start=HOUR, mean=1.0, min=1.0, max=1.0)
    async_add_external_statistics(hass, metadata, [values if with_sum else means])
    await async_wait_recording_done(hass)


async def begin_stream(hass: HomeAssistant, entry: MockConfigEntry, stream_id: str, kind: str) -> Any:
    """Open the flow of a stream and give its id and kind."""
    form = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_STREAM), context={"source": "user"}
    )
    assert form["step_id"] == "user"
    return await submit(hass, form, {"stream_id": stream_id, "kind": kind})


async def submit(hass: HomeAssistant, form: Any, values: dict[str, Any]) -> Any:
    """Submit the form of a stream's flow."""
    return await hass.config_entries.subentries.async_configure(form["flow_id"], values)


async def add_stream(hass: HomeAssistant, entry: MockConfigEntry, stream_id: str) -> Any:
    """Add a stream of one energy statistic that begins now."""
    form = await begin_stream(hass, entry, stream_id, "electricity")
    form = await submit(hass, form, {**NOTHING, "interval_min": "60", "energy": {"pC_1": "meter:energy"}})
    assert form["step_id"] == "start", form
    form = await submit(hass, form, {"start": "now"})
    result = await submit(hass, form, {})
    await hass.async_block_till_done(wait_background_tasks=False)
    return result
