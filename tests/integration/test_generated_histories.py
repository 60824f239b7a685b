"""Histories that nobody would think of: readings with holes, late, corrected, repeated and out of order, and crashes.

They are generated for the pure part, with a model of the recorder; some of them go through the real one. In the end
there is the same series, however its readings came in: every sum is the one before plus the hour's energy.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, pairwise
from random import Random

import pytest
from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custom_components.wattbridge import rows as planning
from custom_components.wattbridge.aiowattbridge.carbontrack.units import PowerUnit
from custom_components.wattbridge.fold import HOUR_S, MARGIN_S, Reading, hourly_kwh, within
from custom_components.wattbridge.pace import Pace
from custom_components.wattbridge.rows import Row, misfits, plan_writes
from custom_components.wattbridge.statistics import SeriesWriter, async_clear

START_S = int(datetime(2026, 3, 28, 5, tzinfo=UTC).timestamp())
USUAL_S = 900
LONGEST_S = 3600
BATCHES = 3
FITS_KWH = 1e-6
APART_ROWS = 3
NUMBERS = count()


@pytest.fixture(autouse=True, scope="module")
def near() -> Iterator[None]:
    """A window of a few hours is often written in several parts, as one of a month is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "APART_ROWS", APART_ROWS)
        yield


@dataclass(frozen=True, slots=True)
class Record:
    """A reading: when it is to be had, and from when on with another value (Wh; None: never said)."""

    end_s: int
    value: float | None
    arrives: int
    revised: float | None
    revised_at: int

    def value_at(self, batch: int) -> float | None:
        """Return what the cloud says by then."""
        return self.revised if self.revised is not None and batch >= self.revised_at else self.value


@dataclass(frozen=True, slots=True)
class History:
    """What a cloud comes to know of a device, and how it is fetched.

    `crashes`: after so many rows of a pass through all windows everything stops, and begins with mending.
    """

    records: Sequence[Record]
    window_hours: int
    crashes: Sequence[int]
    random: Random

    def readings(self, batch: int, from_s: float, to_s: float) -> list[Reading]:
        """Answer a request: in no order, and some of it twice."""
        answer = [
            Reading(datetime.fromtimestamp(record.end_s, UTC), record.value_at(batch))
            for record in self.records
            if record.arrives <= batch and from_s < record.end_s <= to_s
        ]
        answer += answer[: len(answer) // 3]
        self.random.shuffle(answer)
        return answer

    def windows(self) -> list[tuple[int, int]]:
        """Cut the time into windows of whole hours, newest first."""
        first_s = START_S - 2 * HOUR_S
        last_s = self.records[-1].end_s + HOUR_S
        starts = range(first_s, last_s, self.window_hours * HOUR_S)
        return [(start_s, start_s + self.window_hours * HOUR_S) for start_s in reversed(starts)]

    def fetch(self, batch: int, window: tuple[int, int]) -> dict[int, float]:
        """Return the energies of a window's hours."""
        start_s, end_s = window
        readings = self.readings(batch, start_s - MARGIN_S, end_s + MARGIN_S)
        return within(hourly_kwh(readings, PowerUnit.WH, USUAL_S), start_s, end_s)

    def passes(self) -> list[tuple[int, list[tuple[int, int]]]]:
        """Tell what is fetched when: all from the newest on, then again with what came later, in any order."""
        passes = [(0, self.windows())]
        for batch in range(1, BATCHES):
            windows = self.windows()
            self.random.shuffle(windows)
            passes.append((batch, windows))
        return passes

    def expected(self) -> dict[int, float]:
        """Work out the energy of every hour (kWh) without what is tested: by the second covered."""
        hours: dict[int, float] = {}
        before_s: int | None = None
        for record in self.records:
            since_s = LONGEST_S + 1 if before_s is None else record.end_s - before_s
            covered_s = since_s if since_s <= LONGEST_S else USUAL_S
            before_s, value = record.end_s, record.value_at(BATCHES)
            edge_s = record.end_s - covered_s
            while value is not None and edge_s < record.end_s:
                hour_s = edge_s // HOUR_S * HOUR_S
                until_s = min(hour_s + HOUR_S, record.end_s)
                hours[hour_s] = hours.get(hour_s, 0.0) + value * (until_s - edge_s) / covered_s / 1000
                edge_s = until_s
        return hours


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Make a history of up to two days."""
    steps_s = st.sampled_from((900, 900, 900, 900, 300, 1337, 3600, 3700, 30_000))
    values = st.one_of(st.integers(0, 9_000).map(lambda tenths: tenths / 10), st.none())
    batches = st.sampled_from((0, 0, 0, 1, 2))
    revisions = st.one_of(st.none(), st.none(), st.integers(0, 900).map(float))
    length = draw(st.integers(1, 30))
    parts = st.tuples(steps_s, values, batches, revisions, batches)
    drawn = draw(st.lists(parts, min_size=length, max_size=length))
    end_s, records = START_S, []
    for step_s, value, arrives, revised, revised_at in drawn:
        end_s += step_s
        # What has a value never loses it, nor does a reading without one come between two others later: an hour that
        # is stored and that no reading touches any more would stay, as it is meant to.
        records.append(Record(end_s, value, arrives if value is not None else 0, revised, revised_at))
    crashes = draw(st.lists(st.integers(0, 60), min_size=BATCHES, max_size=BATCHES))
    return History(records, draw(st.integers(2, 24)), crashes, Random(draw(st.integers(0, 99))))  # noqa: S311 - no secret


@dataclass
class Store:
    """A model of the recorder: rows that are imported, and sums that are shifted."""

    rows: dict[int, Row] = field(default_factory=dict)
    written: set[int] = field(default_factory=set)

    def write(self, wanted: Mapping[int, float], *, stop_after: int | None = None) -> int:
        """Do what the plans say, knowing no more than the writer reads; returns how many rows were written.

        After so many rows it stops, before the shift that belongs to them.
        """
        rows = 0
        for plan in plan_writes(self._neighbourhood(wanted), wanted) if wanted else []:
            for hour_s, row in plan.rows.items():
                if rows == stop_after:
                    return rows
                self.rows[hour_s] = row
                self.written.add(hour_s)
                rows += 1
            if rows == stop_after:
                return rows
            if plan.shift is not None:
                self._shift(plan.shift.from_s, plan.shift.by_kwh)
        return rows

    def mend(self) -> None:
        """Put right what does not fit."""
        for shift in list(misfits(self.rows)):
            self._shift(shift.from_s, shift.by_kwh)

    def assert_fits(self) -> None:
        """Check every sum."""
        total = 0.0
        for hour_s in sorted(self.rows):
            total += self.rows[hour_s].state
            assert abs(self.rows[hour_s].sum - total) < FITS_KWH

    def _neighbourhood(self, wanted: Iterable[int]) -> dict[int, Row]:
        first_s, last_s = min(wanted), max(wanted)
        before_s = max((hour_s for hour_s in self.rows if hour_s < first_s), default=first_s)
        after_s = min((hour_s for hour_s in self.rows if hour_s > last_s), default=last_s)
        return {hour_s: row for hour_s, row in self.rows.items() if before_s <= hour_s <= after_s}

    def _shift(self, from_s: int, by_kwh: float) -> None:
        self.rows |= {h: Row(row.state, row.sum + by_kwh) for h, row in self.rows.items() if h >= from_s}


def import_all(history: History) -> Store:
    """Import everything as it comes, with a crash and a restart in every pass."""
    store = Store()
    for (batch, windows), crash in zip(history.passes(), history.crashes, strict=True):
        left = crash
        for window in windows:
            left -= store.write(history.fetch(batch, window), stop_after=left)
            if left == 0:
                store.mend()
                break
            store.assert_fits()
        store.assert_fits()
        for window in windows:
            store.write(history.fetch(batch, window))
            store.assert_fits()
    return store


def check_history(history: History) -> None:
    """Import a history, once as it comes and once when all is there, and change it in the end."""
    store, at_once = import_all(history), Store()
    for window in reversed(history.windows()):
        at_once.write(history.fetch(BATCHES, window))
    assert {hour_s: row.state for hour_s, row in store.rows.items()} == {h: r.state for h, r in at_once.rows.items()}
    assert {h: row.state for h, row in store.rows.items()} == pytest.approx(history.expected(), abs=2e-9)
    for hour_s, row in at_once.rows.items():
        assert abs(store.rows[hour_s].sum - row.sum) < FITS_KWH
    assert sum(store.write(history.fetch(BATCHES, window)) for window in history.windows()) == 0
    check_revision(history, store)


def check_revision(history: History, store: Store) -> None:
    """Correct one reading: its hours get new energies, and only sums from there on are others."""
    revised = [record for record in history.records if record.value_at(BATCHES) is not None]
    if not revised:
        return
    chosen = history.random.choice(revised)
    before = dict(store.rows)
    old = {hour_s: kwh for window in history.windows() for hour_s, kwh in history.fetch(BATCHES, window).items()}
    records = [Record(record.end_s, 5_000.0, 0, None, 0) if record is chosen else record for record in history.records]
    later = History(records, history.window_hours, history.crashes, history.random)
    store.written.clear()
    changed: set[int] = set()
    for window in later.windows():
        hours = later.fetch(BATCHES, window)
        changed |= {hour_s for hour_s, kwh in hours.items() if kwh != old[hour_s]}
        store.write(hours)
    store.assert_fits()
    assert changed
    assert {h for h, row in store.rows.items() if row.state != before[h].state} == changed
    assert {h: row for h, row in store.rows.items() if h < min(changed)} == {
        h: row for h, row in before.items() if h < min(changed)
    }
    assert changed <= store.written
    # What lies between two changed hours may be written with them; nothing else is.
    assert all(min(changed) <= hour_s <= max(changed) for hour_s in store.written)
    assert len(store.written) <= len(changed) * (1 + APART_ROWS)


@given(histories())
@settings(max_examples=500, deadline=None)
def test_any_history_ends_in_the_one_series(history: History) -> None:
    """Whatever comes when, and wherever it was interrupted."""
    check_history(history)


@pytest.mark.proof
@given(histories())
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_of_ten_thousand_histories_ends_in_the_one_series(history: History) -> None:
    """The same, more often."""
    check_history(history)


async def read_rows(writer: SeriesWriter) -> dict[int, Row]:
    """Read a whole series, and make sure that its sums fit."""
    rows, shifts = await writer._async_examine()
    assert not shifts
    for before_s, hour_s in pairwise(sorted(rows)):
        assert abs(rows[before_s].sum + rows[hour_s].state - rows[hour_s].sum) < FITS_KWH
    return rows


@given(histories())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_history_goes_the_same_way_through_the_real_recorder(hass: HomeAssistant, history: History) -> None:
    """The same series as on the pure side, by the real writer in small jobs; nothing is written twice."""
    pace = Pace()
    writer = SeriesWriter(hass, f"wattbridge:generated_{next(NUMBERS)}", "Generated", pace)
    for batch, windows in history.passes():
        for window in windows:
            pace.chunk_rows = 5
            await writer.async_write(history.fetch(batch, window))
        await read_rows(writer)
    rows = await read_rows(writer)
    assert {hour_s: row.state for hour_s, row in rows.items()} == pytest.approx(history.expected(), abs=2e-9)
    again = [await writer.async_write(history.fetch(BATCHES, window)) for window in history.windows()]
    assert sum(written.rows for written in again) == 0
    await async_clear(hass, [writer.statistic_id])
