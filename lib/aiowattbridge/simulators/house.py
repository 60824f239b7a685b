"""A household that never was: devices, readings and what they add up to, all from one seed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from .columns import ALL_FIELDS, ENERGY_FIELDS, USUAL_FIELDS, column
from .day import DAY_S, Site, simulate_day
from .expectation import Reading, hourly_energy_wh
from .people import Person, distributor_id, make_person

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DEFAULT_SITE = Site()
CACHED_DAYS = 48
UNREGISTERED_EVERY = 7


@dataclass(frozen=True, slots=True)
class Gap:
    """Readings that end inside (start, end] never existed."""

    start: datetime
    end: datetime
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """Readings that end inside (start, end] can be had only from a moment on."""

    start: datetime
    end: datetime
    available_at: datetime
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """Energies of readings that end inside (start, end] become so many percent from a moment on."""

    start: datetime
    end: datetime
    available_at: datetime
    percent: int
    device_id: str | None = None


type Oddity = Gap | Late | Revision


@dataclass(frozen=True, slots=True)
class Device:
    """A meter of the house."""

    number: int
    device_id: str
    name: str
    fields: tuple[str, ...]
    registered: bool = True


class House:
    """Devices with readings for ever back to `start`, the same for the same seed whatever is asked first.

    `start` (default: two years before the clock of the first simulator that serves the house) is where readings begin.
    `away` holds the ids of devices that the account does not have now: they can be put in and taken out at any time.
    """

    def __init__(  # noqa: PLR0913 - options are given by name
        self,
        seed: int = 7,
        *,
        devices: int = 1,
        interval_s: int = 300,
        start: datetime | None = None,
        site: Site = DEFAULT_SITE,
        fields: Sequence[str] = USUAL_FIELDS,
        stamp_offset_s: int = 0,
        delay_s: int = 0,
        oddities: Iterable[Oddity] = (),
    ) -> None:
        """Lay the house out; `stamp_offset_s` moves all readings off the round minutes.

        `delay_s`: how long after its end a reading can be had.
        """
        if DAY_S % interval_s or not 0 <= stamp_offset_s < interval_s:
            raise ValueError("the interval divides a day, and the offset is smaller than it")
        if unknown := set(fields) - set(ALL_FIELDS):
            raise ValueError(f"no such field: {sorted(unknown)}")
        self.seed = seed
        self.interval_s = interval_s
        self.start = start
        self.site = site
        self.stamp_offset_s = stamp_offset_s
        self.delay_s = delay_s
        self.oddities: list[Oddity] = list(oddities)
        self.away: set[str] = set()
        self.distributor_id = distributor_id(seed)
        # A device's fields stand in the vendor's order, whatever order they were asked in.
        names = tuple(name for name in ALL_FIELDS if name in fields)
        self.devices = tuple(_make_device(seed, number, names) for number in range(devices))
        self.people: tuple[Person, ...] = tuple(
            make_person(seed, number, [device.device_id for device in self.devices[2 * number : 2 * number + 2]])
            for number in range((devices + 1) // 2)
        )
        self._by_id = {device.device_id: device for device in self.devices}
        self._slots = DAY_S // interval_s
        self._seam = site.seam_slots(interval_s)
        self._rows = lru_cache(maxsize=CACHED_DAYS)(self._make_rows)

    @property
    def device_ids(self) -> tuple[str, ...]:
        """Name all devices."""
        return tuple(self._by_id)

    @property
    def present(self) -> tuple[Device, ...]:
        """List the devices that the account has now."""
        return tuple(device for device in self.devices if device.device_id not in self.away)

    @property
    def canaries(self) -> frozenset[str]:
        """Name every piece of personal data, so that a test can look for it where it must not be."""
        return frozenset(text for person in self.people for text in person.canaries)

    def device(self, device_id: str) -> Device | None:
        """Find a device that the account has now."""
        return None if device_id in self.away else self._by_id.get(device_id)

    def owner(self, device_id: str) -> Person:
        """Find whose device it is."""
        return self.people[self._by_id[device_id].number // 2]

    def begin(self, moment: datetime) -> None:
        """Let the readings begin at the midnight (UTC) of this moment unless a start was given."""
        if self.start is None:
            self.start = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def stamps(self, device_id: str, first: datetime, last: datetime, at: datetime | None) -> list[range]:
        """List the ends (unix s) of the readings from `first` to `last`, both included, that can be had at `at`."""
        step, offset = self.interval_s, self.stamp_offset_s
        low = -((offset - _unix_s(first)) // step) * step + offset
        if self.start is not None:
            # The first reading is a whole interval after the beginning.
            low = max(low, -((offset - _unix_s(self.start)) // step) * step + offset + step)
        latest = last if at is None else min(last, at - timedelta(seconds=self.delay_s))
        pieces = [range(low, _unix_s(latest, down=True) + 1, step)]
        for oddity in self.oddities:
            hides = isinstance(oddity, Gap) or (
                isinstance(oddity, Late) and at is not None and at < oddity.available_at
            )
            if hides and oddity.device_id in (None, device_id):
                pieces = [part for piece in pieces for part in _without(piece, oddity)]
        return [piece for piece in pieces if piece]

    def rows(self, device_id: str, stamps: Sequence[int], at: datetime | None) -> list[tuple[int, ...]]:
        """Give the hundredths of the device's fields for readings that end at these times, as published at `at`."""
        device = self._by_id[device_id]
        found = []
        for stamp in stamps:
            number, slot = divmod((stamp - self.stamp_offset_s) // self.interval_s - 1 - self._seam, self._slots)
            found.append(self._rows(device.number, number)[slot])
        for oddity in self.oddities:
            if (
                isinstance(oddity, Revision)
                and oddity.device_id in (None, device_id)
                and (at is None or at >= oddity.available_at)
            ):
                found = _revised(device.fields, stamps, found, oddity)
        return found

    def hourly_energy_wh(
        self, device_id: str, field: str, start: datetime, end: datetime, *, at: datetime | None = None
    ) -> dict[datetime, float]:
        """Add up what the readings say of each hour that begins in [start, end), without any of a client's code.

        `at`: as far as it can be had at that moment; by default all there will ever be, revised for good.
        Hours that no reading touches are not there.
        """
        margin = timedelta(hours=2)
        stamps = [stamp for piece in self.stamps(device_id, start - margin, end + margin, at) for stamp in piece]
        index = self._by_id[device_id].fields.index(field)
        values = [row[index] for row in self.rows(device_id, stamps, at)]
        readings = [Reading(stamp, value) for stamp, value in zip(stamps, values, strict=True)]
        return hourly_energy_wh(readings, self.interval_s, start, end)

    def _make_rows(self, device_number: int, number: int) -> list[tuple[int, ...]]:
        """Simulate a day of a device and turn it into rows of its fields."""
        day = simulate_day(self.site, f"{self.seed}/{device_number}", number, self.interval_s)
        return list(zip(*(column(day, name) for name in self.devices[device_number].fields), strict=True))


def _make_device(seed: int, number: int, fields: tuple[str, ...]) -> Device:
    """Give a device its 16-digit number; every seventh is not registered."""
    name = "Home" if number == 0 else f"Building {number + 1}"
    return Device(
        number, f"48{seed % 10**6:06d}{number + 1:08d}", name, fields, registered=(number + 1) % UNREGISTERED_EVERY != 0
    )


def _unix_s(moment: datetime, *, down: bool = False) -> int:
    """Count whole seconds since 1970, rounded up unless asked otherwise."""
    seconds = moment.timestamp()
    return int(seconds // 1) if down else int(-(-seconds // 1))


def _without(piece: range, hole: Gap | Late | Revision) -> list[range]:
    """Take the stamps inside (start, end] out of a regular run of them."""
    after_start = _unix_s(hole.start, down=True) + 1
    after_end = _unix_s(hole.end, down=True) + 1
    step = piece.step
    low = len(range(piece.start, min(max(after_start, piece.start), piece.stop), step))
    high = len(range(piece.start, min(max(after_end, piece.start), piece.stop), step))
    return [piece[:low], piece[high:]]


def _revised(
    fields: tuple[str, ...], stamps: Sequence[int], rows: list[tuple[int, ...]], revision: Revision
) -> list[tuple[int, ...]]:
    """Change the energies of the readings that the revision touches."""
    low, high = _unix_s(revision.start, down=True), _unix_s(revision.end, down=True)
    scaled = [name in ENERGY_FIELDS for name in fields]
    return [
        tuple(value * revision.percent // 100 if energy else value for value, energy in zip(row, scaled, strict=True))
        if low < stamp <= high
        else row
        for stamp, row in zip(stamps, rows, strict=True)
    ]
