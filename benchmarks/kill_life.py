"""Lives that are ended by SIGKILL: a recorder on a file, the integration and its cursors, and no more.

Run as a program it imports all that takes long once, and forks a life for every line it reads: a life is there within
two tenths of a second. What it tells: `pid N` when one begins, `done` when one has delivered everything, `ended N`.
"""

import asyncio
import ctypes
import json
import logging
import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattbridge.aiowattbridge.retry import RetryPolicy
from custom_components.wattbridge.aiowattbridge.wattics import delivery
from custom_components.wattbridge.const import DOMAIN, MINOR_VERSION
from custom_components.wattbridge.forwarding import hours

from .backlog import fill, statistic_id, stream_of
from .home import home_in
from .kill_scene import Scene

_PDEATHSIG: Final = 1
_LOOK_EVERY_S: Final = 0.05
# The waits between attempts are seconds and more: a proof with so many faults would be one of waiting.
_IMPATIENT: Final = RetryPolicy(base_s=0.02, cap_s=0.1)


def _subentries(scene: Scene, vendor: str) -> Iterator[ConfigSubentryDataWithId]:
    """Describe what is forwarded to a cloud; the ids are the same in every life."""
    if vendor == "wattics":
        for stream_id, number in scene.streams.items():
            stream = stream_of("", number, scene.streams_from_s)
            data = {**stream["data"], "stream_id": stream_id}
            yield ConfigSubentryDataWithId(
                data=data, subentry_type="stream", title=stream_id, unique_id=stream_id, subentry_id=stream_id
            )
        return
    for asset_id, numbers in scene.assets.items():
        roles = ["discharge", *["charge"] * (len(numbers) - 1)]
        asset: dict[str, Any] = {
            "target": "asset",
            "target_id": asset_id,
            "target_kind": "storage_direct",
            "target_name": asset_id,
            "start": "beginning",
            "start_at": None,
            "statistics": [
                {"source": statistic_id(number), "role": role} for number, role in zip(numbers, roles, strict=True)
            ],
            "send_revisions": True,
        }
        yield ConfigSubentryDataWithId(
            data=asset, subentry_type="series", title=asset_id, unique_id=asset_id, subentry_id=asset_id
        )


@contextmanager
def _impatient() -> Iterator[None]:
    """Wait less between attempts; how long the waits really are is tested elsewhere."""
    with patch.object(delivery, "PATIENCE", _IMPATIENT), patch.object(hours, "PATIENCE", _IMPATIENT):
        yield


async def _load(hass: HomeAssistant, scene: Scene, vendor: str) -> MockConfigEntry:
    """Set the account of a cloud up."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        entry_id=vendor,
        title=vendor,
        data={"vendor": vendor, **scene.clouds[vendor]},
        minor_version=MINOR_VERSION,
        subentries_data=list(_subentries(scene, vendor)),
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    return entry


def _is_done(entry: MockConfigEntry, scene: Scene) -> bool:
    """Tell whether everything of an account is settled."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    statuses = [engine.status for engine in entry.runtime_data.forwarder.streams.values()]
    return all(status.filled_until is not None and status.filled_until.timestamp() >= scene.to_s for status in statuses)


async def live(scene: Scene) -> None:
    """Forward until everything is delivered."""
    with _impatient():
        async with home_in(Path(scene.folder)) as hass:
            await hass.config.async_set_time_zone("Europe/Berlin")
            entries = [await _load(hass, scene, vendor) for vendor in scene.clouds]
            while not all(_is_done(entry, scene) for entry in entries):  # noqa: ASYNC110 - of several accounts
                await asyncio.sleep(_LOOK_EVERY_S)
            for entry in entries:
                await hass.config_entries.async_unload(entry.entry_id)
            print("done", flush=True)


async def prepare(scene: Scene) -> None:
    """Fill a new recorder with the series of a scene."""
    series = 1 + max([*scene.streams.values(), *(number for numbers in scene.assets.values() for number in numbers)])
    async with home_in(Path(scene.folder)) as hass:
        from_s = await fill(hass, series, scene.hours)
        print(f"filled {from_s} {int(dt_util.utcnow().timestamp())}", flush=True)


def _fork(line: str) -> None:
    """Begin a life, and wait for its end."""
    if (pid := os.fork()) == 0:
        if sys.platform == "linux":
            # Whoever ends this program ends the life too.
            ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
        random.seed()
        scene = Scene(**json.loads(line))
        asyncio.run(live(scene) if scene.from_s else prepare(scene))
        os._exit(0)
    print(f"pid {pid}", flush=True)
    _, status = os.waitpid(pid, 0)
    print(f"ended {status}", flush=True)


if __name__ == "__main__":
    # Lives that were killed leave sessions without an end, and the recorder says so in every next one.
    logging.disable(logging.CRITICAL)
    for _line in sys.stdin:
        _fork(_line)
