"""What is known of the meters of an account, kept over a restart: nothing that is fresh is asked for again."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import UnsupportedStorageVersionError
from homeassistant.helpers.storage import Store
from pydantic import TypeAdapter, ValidationError

from .aiowattbridge.voltaware import Month
from .const import DOMAIN
from .spread import Period
from .vendors.voltaware import appliance_id, total_id
from .voltaware_data import Figures

STORE_VERSION: Final = 1
SAVE_DELAY_S: Final = 10.0
# Weeks are shown, and not kept as history: their months are.
WEEKS_KEPT: Final = 8
_WEEK: Final = "week "

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A month's results with the weeks it is cut into, or a week's; `digest` changes as soon as anything in it does."""

    figures: Figures
    weeks: Sequence[Period] = ()
    digest: str


def make_result(figures: Figures, weeks: Sequence[Period] = ()) -> Result:
    """Put together what belongs to a result."""
    content = _FIGURES.dump_json(figures) + _WEEKS.dump_json(list(weeks))
    return Result(figures=figures, weeks=weeks, digest=sha256(content).hexdigest()[:16])


@dataclass(slots=True, kw_only=True)
class MeterRecord:
    """What is known of a meter.

    `months` and `weeks` are its results, by `2026-03` and by the week's Monday; `asked_s` is when something was asked
    for the last time (epoch seconds), by its name; `known_since_s` is when the meter was met first. `first_day` is the
    local day of the first event.
    """

    known_since_s: int
    is_registered: bool = True
    connection_state: str | None = None
    firmware: str | None = None
    first_event: datetime | None = None
    last_event: datetime | None = None
    first_day: date | None = None
    time_zone: str | None = None
    produces_energy: bool | None = None
    months: dict[str, Result] = field(default_factory=dict)
    weeks: dict[str, Result] = field(default_factory=dict)
    asked_s: dict[str, int] = field(default_factory=dict)

    def month(self, month: Month) -> Result | None:
        """Return a month's results, if they are there."""
        return self.months.get(str(month))

    @property
    def newest_month(self) -> Month | None:
        """Return the newest month that has results."""
        return Month.parse(max(self.months)) if self.months else None

    @property
    def oldest_month(self) -> Month | None:
        """Return the oldest month that has results."""
        return Month.parse(min(self.months)) if self.months else None

    @property
    def newest_week(self) -> Result | None:
        """Return the results of the newest week that has any."""
        return self.weeks[max(self.weeks)] if self.weeks else None

    @property
    def appliance_keys(self) -> list[str]:
        """List the kinds of appliances that any month has, by the vendor's keys."""
        return sorted({key for result in self.months.values() for key in result.figures.appliances_wh})

    def ask_again(self) -> None:
        """Let all results be asked for again; what is known stays until then, and where the cloud has no more."""
        self.asked_s = {name: at_s for name, at_s in self.asked_s.items() if not name.startswith(("month ", _WEEK))}

    def holds_week(self, monday: str) -> bool:
        """Tell whether a week's results are there, and need not be asked for again."""
        return monday in self.weeks and f"{_WEEK}{monday}" in self.asked_s

    def note_week_asked(self, monday: str, now_s: int) -> None:
        """Note when a week was asked for, and forget that of weeks long past."""
        asked = [name for name in self.asked_s if name.startswith(_WEEK)]
        for name in sorted({*asked, f"{_WEEK}{monday}"})[:-WEEKS_KEPT]:
            self.asked_s.pop(name, None)
        self.asked_s[f"{_WEEK}{monday}"] = now_s

    def keep_week(self, monday: str, result: Result) -> None:
        """Keep a week's results, and the newest others."""
        kept = {**self.weeks, monday: result}
        self.weeks = {key: kept[key] for key in sorted(kept)[-WEEKS_KEPT:]}


class _SomeFigures(TypedDict):
    """Of figures, what names the kinds of appliances."""

    appliances_wh: dict[str, object]


class _SomeOfResult(TypedDict):
    """Of a result, its figures."""

    figures: _SomeFigures


class _SomeOfRecord(TypedDict):
    """Of a meter, its months."""

    months: dict[str, _SomeOfResult]


_FIGURES: Final = TypeAdapter(Figures)
_WEEKS: Final = TypeAdapter(list[Period])
_RECORDS: Final = TypeAdapter(dict[str, MeterRecord])
_SOME_OF_RECORDS: Final = TypeAdapter(dict[str, _SomeOfRecord])


def _kinds_of(stored: Mapping[str, Any]) -> dict[str, list[str]]:
    """List the kinds of appliances of each meter in an archive, and check nothing else of it."""
    return {
        device_id: sorted({key for result in record["months"].values() for key in result["figures"]["appliances_wh"]})
        for device_id, record in _SOME_OF_RECORDS.validate_python(stored).items()
    }


class Archive:
    """The records of an account's meters, by device id."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the file; nothing is read yet."""
        self._hass = hass
        self._store: Store[dict[str, Any]] = Store(
            hass,
            STORE_VERSION,
            f"{DOMAIN}.voltaware.{entry_id}",
            private=True,
            atomic_writes=True,
            serialize_in_event_loop=False,
        )
        self._records: dict[str, MeterRecord] = {}

    async def async_load(self) -> None:
        """Read what is remembered."""
        stored = await self._store.async_load() or {}
        try:
            # Those of a hundred meters would hold up the event loop.
            self._records = await self._hass.async_add_executor_job(_RECORDS.validate_python, stored)
        except ValidationError:
            _LOGGER.warning("What was remembered of the meters cannot be read: it is asked for again")

    def forget_others(self, device_ids: Collection[str]) -> None:
        """Forget the meters that are not the account's any more."""
        self._records = {key: record for key, record in self._records.items() if key in device_ids}

    def record(self, device_id: str, now_s: int) -> MeterRecord:
        """Return the record of a meter, an empty one of a new meter."""
        return self._records.setdefault(device_id, MeterRecord(known_since_s=now_s))

    async def async_statistic_ids(self, device_ids: Iterable[str]) -> list[str]:
        """List the series that these meters have by what is stored; no more of that is looked at than it takes."""
        kinds: Mapping[str, list[str]] = {}
        # What cannot be read is told when the account is set up: the totals are there in any case.
        with suppress(UnsupportedStorageVersionError, ValidationError):
            stored = await self._store.async_load() or {}
            kinds = await self._hass.async_add_executor_job(_kinds_of, stored)
        found = []
        for device_id in device_ids:
            found += [total_id(device_id), *(appliance_id(device_id, key) for key in kinds.get(device_id, ()))]
        return found

    @callback
    def async_save_soon(self) -> None:
        """Write what is known now, in a while."""
        self._store.async_delay_save(self._data, SAVE_DELAY_S)

    async def async_save(self) -> None:
        """Write what is known now."""
        await self._store.async_save(self._data())

    async def async_remove(self) -> None:
        """Delete what is remembered."""
        await self._store.async_remove()

    def _data(self) -> dict[str, Any]:
        data: dict[str, Any] = _RECORDS.dump_python(self._records, mode="json")
        return data
