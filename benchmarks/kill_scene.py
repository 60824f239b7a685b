"""What a life finds that will be killed, and what its series hold; it needs nothing of Home Assistant."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

HOUR_S: Final = 3600


def energy_kwh(number: int, hour_s: int) -> float:
    """Return the energy of an hour of a series: eighths, so that sums of them are exact."""
    return (1 + (7 * (hour_s // HOUR_S) + 3 * number) % 11) / 8


@dataclass(frozen=True, slots=True)
class Scene:
    """What a life finds: its folder, the clouds by their key, and what goes where.

    `streams` and `assets` have the numbers of their series by id; of an asset the first one is what is discharged, and
    the others are what is charged. `hours` is how many there are in all, `rows` how many of the newest go to Wattics.
    """

    folder: str
    clouds: Mapping[str, Mapping[str, str]]
    streams: Mapping[str, int]
    assets: Mapping[str, list[int]]
    from_s: int
    hours: int
    rows: int

    @property
    def to_s(self) -> int:
        """The end of the newest hour that is final."""
        return self.from_s + self.hours * HOUR_S

    @property
    def streams_from_s(self) -> int:
        """The first hour that goes to Wattics."""
        return self.to_s - self.rows * HOUR_S

    def line(self) -> str:
        """Write the scene as one line."""
        return json.dumps(asdict(self)) + "\n"
