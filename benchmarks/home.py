"""A real Home Assistant core in this process, with the recorder on a file as in a home: SQLite, a commit a second."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import aiohttp
import homeassistant  # noqa: F401 - it replaces a package that the next imports bring in
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import async_initialize_recorder
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.wattbridge.const import CONF_BASE_URL, DOMAIN, MINOR_VERSION
from custom_components.wattbridge.statistics import queue_mark

from .cloud import Cloud


@asynccontextmanager
async def home() -> AsyncGenerator[HomeAssistant]:
    """Run one in a folder of its own, and stop it in the end."""
    with TemporaryDirectory() as folder:
        async with home_in(Path(folder)) as hass:
            # What is loaded by now stays: a full collection would stop every thread for a tenth of a second.
            gc.collect()
            gc.freeze()
            try:
                yield hass
            finally:
                gc.unfreeze()


@asynccontextmanager
async def home_in(folder: Path) -> AsyncGenerator[HomeAssistant]:
    """Run one in a folder that may be another one's who was killed there, and stop it in the end."""
    async with async_test_home_assistant(config_dir=str(folder)) as hass:
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        async_initialize_recorder(hass)
        database = {"db_url": f"sqlite:///{folder / 'home.db'}", "commit_interval": 1}
        if not await async_setup_component(hass, "recorder", {"recorder": database}):
            raise RuntimeError("the recorder was not set up")
        await hass.async_block_till_done()
        await queue_mark(hass)
        try:
            # The usual resolver looks for names in the local network, too.
            with patch("homeassistant.helpers.aiohttp_client._async_make_resolver", _Resolver):
                yield hass
        finally:
            await hass.async_stop(force=True)


class _Resolver(aiohttp.ThreadedResolver):
    """What is enough for loopback."""

    def __init__(self, _: HomeAssistant) -> None:
        """Begin."""
        super().__init__()

    async def real_close(self) -> None:
        """Close, as Home Assistant calls it for a resolver that all sessions share."""
        await self.close()


async def add_account(hass: HomeAssistant, vendor: str, cloud: Cloud, **settings: Any) -> MockConfigEntry:
    """Set up an account of a simulated cloud; what is not a device is an option."""
    data = {
        "vendor": vendor,
        CONF_BASE_URL: cloud.url,
        CONF_USERNAME: cloud.username,
        CONF_PASSWORD: cloud.password,
        "devices": settings.pop("devices"),
    }
    entry = MockConfigEntry(domain=DOMAIN, title=vendor, data=data, options=settings, minor_version=MINOR_VERSION)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    if entry.state is not ConfigEntryState.LOADED:
        raise RuntimeError(f"the account was not set up: {entry.state}, {entry.reason}")
    return entry


async def read_hours(
    hass: HomeAssistant, statistic_id: str, from_s: float = 0.0, to_s: float | None = None
) -> dict[float, float]:
    """Read a stretch of a series back: the energy (kWh) by the hour (epoch seconds)."""
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        dt_util.utc_from_timestamp(from_s),
        None if to_s is None else dt_util.utc_from_timestamp(to_s),
        {statistic_id},
        "hour",
        None,
        {"state"},
    )
    return {row["start"]: row["state"] or 0.0 for row in found.get(statistic_id, [])}
