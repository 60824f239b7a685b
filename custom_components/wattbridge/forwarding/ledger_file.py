"""The ledgers of an account in one file beside its cursors; it may lag behind them, which costs a look, never data."""

import asyncio
import json
import logging
import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Container, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import STORAGE_DIR

from ..const import DOMAIN
from .cursor import CursorError, CursorNewerError, CursorWriteError
from .cursor_file import CursorFile
from .ledger import StreamLedger
from .months import Month
from .revisions import Revision, Revisions, Unsent

VERSION: Final = 1
SAVE_S: Final = 60.0

_LOGGER = logging.getLogger(__name__)

type Snapshot = tuple[dict[str, Any], bytes, bytes]


class LedgerBook:
    """The ledgers by stream, loaded once, and saved at most every minute while something changes."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the place; nothing is read yet."""
        self._hass = hass
        self._path = Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.ledger.{entry_id}"))
        self._file = CursorFile(self._path)
        self._ledgers: dict[str, StreamLedger] = {}
        self._writes = 0
        self._is_changed = False
        self._is_over = False
        self._timer: asyncio.TimerHandle | None = None
        self._saving = asyncio.Lock()

    async def async_load(self) -> None:
        """Take up what was saved; a file that cannot be read is begun anew, since it can be made again.

        Raises CursorNewerError for a file of a newer version.
        """
        try:
            self._ledgers = await self._hass.async_add_executor_job(load, self._path)
        except CursorNewerError:
            # It must stay as it is.
            self._is_over = True
            raise
        except CursorError as err:
            _LOGGER.warning("The forwarding ledgers are begun anew: %s", err)
        for ledger in self._ledgers.values():
            ledger.on_change = self._note_change

    def of(self, subentry_id: str) -> StreamLedger:
        """Return the ledger of a stream; a new one knows nothing."""
        ledger = self._ledgers.get(subentry_id)
        if ledger is None:
            ledger = self._ledgers[subentry_id] = StreamLedger(self._note_change)
        return ledger

    @callback
    def keep_only(self, subentry_ids: Container[str]) -> None:
        """Forget streams that were removed."""
        for gone in [key for key in self._ledgers if key not in subentry_ids]:
            del self._ledgers[gone]
            self._note_change()

    async def async_save(self) -> None:
        """Write the file, if there is anything new; a disk that is full is said, and costs no more than a look."""
        async with self._saving:
            if not self._is_changed or self._is_over:
                return
            self._is_changed = False
            self._writes += 1
            snapshots = {key: _snapshot(ledger) for key, ledger in self._ledgers.items()}
            try:
                await self._hass.async_add_executor_job(self._write, self._writes, snapshots)
            except CursorWriteError as err:
                self._is_changed = True
                _LOGGER.warning("The forwarding ledgers cannot be written: %s", err)

    async def async_stop(self) -> None:
        """Write what is left, now; no timer runs afterwards."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self.async_save()
        self._is_over = True

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._hass.async_add_executor_job(self._file.remove)

    @callback
    def _note_change(self) -> None:
        self._is_changed = True
        if self._timer is None and not self._is_over:
            self._timer = self._hass.loop.call_later(SAVE_S, self._save_soon)

    @callback
    def _save_soon(self) -> None:
        self._timer = None
        self._hass.async_create_background_task(self.async_save(), "wattbridge ledgers")

    def _write(self, sequence: int, snapshots: Mapping[str, Snapshot]) -> None:
        self._file.write(sequence, encode(snapshots))


def load(path: Path) -> dict[str, StreamLedger]:
    """Read all ledgers; an absent file has none.

    Raises CursorNewerError for a file of a newer version, and CursorError for one that cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as err:
        raise CursorError(f"{path.name}: {err.strerror}") from err
    try:
        data = json.loads(content)
        version = int(data["version"])
        if version > VERSION:
            raise CursorNewerError(f"{path.name}: version {version}")
        return {str(key): _from_json(stream) for key, stream in data["streams"].items()}
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as err:
        raise CursorError(f"{path.name}: cannot be read") from err


def encode(snapshots: Mapping[str, Snapshot]) -> bytes:
    """Write ledgers as the content of their file."""
    streams = {
        key: {**facts, "energies": _packed("d", energies), "digests": _packed("I", digests)}
        for key, (facts, energies, digests) in snapshots.items()
    }
    return json.dumps({"version": VERSION, "streams": streams}, separators=(",", ":"), allow_nan=False).encode()


def _snapshot(ledger: StreamLedger) -> Snapshot:
    """Copy a ledger at one moment; the long work is left to another thread."""
    energies, digests, end = ledger.rings()
    revisions = ledger.revisions
    facts = {
        "end": end,
        "from": ledger.from_s,
        "position": ledger.position_s,
        "unknown_to": ledger.unknown_to_s,
        "has_data": ledger.has_data,
        "source_mark": ledger.source_mark,
        "reconciled": ledger.reconciled_s,
        "difference_wh": ledger.difference_wh,
        "accepted_wh": ledger.accepted_wh,
        "months": {str(number): astuple(month) for number, month in ledger.months.items()},
        "revised": revisions.count,
        "revised_wh": revisions.energy_wh,
        "listed": [astuple(revision) for revision in revisions.listed.values()],
        "unsent": {str(number): astuple(unsent) for number, unsent in revisions.unsent.items()},
        "refused": {str(hour): energy_wh for hour, energy_wh in revisions.refused.items()},
        "unlisted": revisions.unlisted,
    }
    return facts, energies, digests


def _from_json(data: Mapping[str, Any]) -> StreamLedger:
    ledger = StreamLedger()
    ledger.restore(_unpacked("d", data["energies"]), _unpacked("I", data["digests"]), int(data["end"]))
    ledger.from_s, ledger.position_s = _whole(data["from"]), _whole(data["position"])
    ledger.unknown_to_s, ledger.source_mark = int(data["unknown_to"]), int(data["source_mark"])
    ledger.has_data = bool(data["has_data"])
    ledger.reconciled_s = _whole(data["reconciled"])
    ledger.difference_wh = None if data["difference_wh"] is None else float(data["difference_wh"])
    accepted_wh = data.get("accepted_wh")
    ledger.accepted_wh = None if accepted_wh is None else float(accepted_wh)
    ledger.months = {int(number): Month(*month) for number, month in data["months"].items()}
    ledger.revisions = Revisions(
        count=int(data["revised"]),
        energy_wh=float(data["revised_wh"]),
        listed={int(row[0]): Revision(*row) for row in data["listed"]},
        unsent={int(number): Unsent(*unsent) for number, unsent in data["unsent"].items()},
        refused={int(hour): float(energy_wh) for hour, energy_wh in data["refused"].items()},
        unlisted=int(data.get("unlisted", 0)),
    )
    return ledger


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _packed(kind: str, content: bytes) -> str:
    return b64encode(_little_endian(kind, content)).decode()


def _unpacked(kind: str, text: str) -> bytes:
    return _little_endian(kind, b64decode(text, validate=True))


def _little_endian(kind: str, content: bytes) -> bytes:
    """Turn numbers round where the machine has them the other way: a backup may go on elsewhere."""
    if sys.byteorder == "little":
        return content
    numbers = array(kind)
    numbers.frombytes(content)
    numbers.byteswap()
    return numbers.tobytes()
