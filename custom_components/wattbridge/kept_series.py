"""One series of a device and what is known of it: which of its hours were fetched, and which have a row."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from homeassistant.core import HomeAssistant

from .gaps import Stretches
from .pace import Pace
from .statistics import SeriesWriter, Written, async_clear


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesNote:
    """What is remembered of a series over a restart: a hint that saves requests, never trusted alone.

    `made_of`: the settings that its figures depend on. `reach_s`: how far back it is wanted. `known`: every record in
    there was fetched, and is in the hours that were read back. `rows`: where there are fewer now, some were deleted, or
    a backup was restored. `is_remade`: it was cleared because it is made of something else now, and is not whole yet.
    """

    made_of: str
    reach_s: int
    known: Sequence[Sequence[int]]
    rows: int
    is_remade: bool = False


class KeptSeries:
    """A series that is kept as the cloud has it."""

    def __init__(self, hass: HomeAssistant, statistic_id: str, name: str, pace: Pace, *, made_of: str) -> None:
        """Prepare; nothing is read or written yet. `made_of` identifies all that the figures depend on."""
        self._hass = hass
        self._writer = SeriesWriter(hass, statistic_id, name, pace)
        self._made_of = made_of
        self.statistic_id = statistic_id
        self.name = name
        self.known = Stretches()
        self.present = Stretches()
        self.reach_s = 0
        self.is_remade = False

    @property
    def note(self) -> dict[str, Any]:
        """Return what is worth remembering, as JSON."""
        note = SeriesNote(
            made_of=self._made_of,
            reach_s=self.reach_s,
            known=[list(stretch) for stretch in self.known],
            rows=self.present.hours,
            is_remade=self.is_remade,
        )
        return asdict(note)

    async def async_begin(self, note: Mapping[str, Any] | None, limit_s: int) -> None:
        """Put the stored series right, and find out what is there; `limit_s`: how far back it is wanted at least.

        Figures of other settings are all deleted before the first new one is written, so that they never mix: what is
        stopped in between is begun again, because the note still tells of the other settings.
        """
        was = None if note is None else SeriesNote(**note)
        is_other = was is not None and was.made_of != self._made_of
        if is_other:
            await async_clear(self._hass, [self.statistic_id])
        self.present = await self._async_present()
        self.known = Stretches()
        self.reach_s, self.is_remade = limit_s, is_other
        if was is not None:
            # What lies further back than is wanted today was fetched once, and is looked after; what was not fetched
            # yet is not fetched any more: that is how somebody ends an import that takes too long. A range that was
            # imported by hand further back than all that does not make what lies in between wanted.
            self.is_remade |= was.is_remade
            reached = [start_s for start_s, end_s in was.known if end_s > was.reach_s]
            self.reach_s = min([limit_s, *([was.reach_s] if self.is_remade else reached[:1])])
            if not is_other and self.present.hours >= was.rows:
                self.known = Stretches((start_s, end_s) for start_s, end_s in was.known)

    async def async_begin_anew(self, limit_s: int) -> None:
        """Find out what is there after rows were deleted on purpose: with none left, the series begins as a new one."""
        rows = self.present.hours
        self.present = await self._async_present()
        if self.present.hours < rows:
            self.known, self.reach_s, self.is_remade = Stretches(), limit_s, False

    async def _async_present(self) -> Stretches:
        rows = await self._writer.async_mend()
        # Those of ten years would hold up the event loop.
        return await self._hass.async_add_executor_job(Stretches.of_hours, rows)

    async def async_write(self, hours: Mapping[int, float]) -> Written:
        """Make the series hold these hours (kWh)."""
        written = await self._writer.async_write(hours)
        self.present.add_all(Stretches.of_hours(hours))
        return written

    def wanted(self, until_s: int) -> Stretches:
        """Return the stretches that were not fetched yet."""
        return self.known.missing(self.reach_s, max(self.reach_s, until_s))
