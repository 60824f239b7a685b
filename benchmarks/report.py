"""What a measurement ends with: one line of JSON, and whether the bar was met."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

type Emit = Callable[[Result], None]
type Detail = str | int | float


@dataclass(frozen=True, slots=True)
class Result:
    """One measured value beside its bar; `details` are further figures of the same line, for example its unit."""

    name: str
    value: float
    target: float
    better: Literal["higher", "lower"]
    ok: bool
    details: dict[str, Detail] = field(default_factory=dict)

    def line(self) -> str:
        """Write the result as one line of JSON."""
        figures = {"value": rounded(self.value), "target": self.target, "better": self.better, "ok": self.ok}
        return json.dumps({"name": self.name, **figures, **self.details})


def judged(name: str, value: float, target: float, better: Literal["higher", "lower"], **details: Detail) -> Result:
    """Hold a value against its bar, which is met by the same value."""
    ok = value >= target if better == "higher" else value <= target
    return Result(name, value, target, better, ok, details)


def of_pairs(
    name: str, ratios: Sequence[float], target: float, better: Literal["higher", "lower"], **more: Detail
) -> Result:
    """Hold the median of ratios, one for each pair of runs side by side, against its bar; tells how far they spread."""
    spread = rounded(max(ratios) - min(ratios))
    return judged(name, median(ratios), target, better, unit="ratio", pairs=len(ratios), spread=spread, **more)


def rounded(value: float) -> float:
    """Keep four significant digits, all that a measurement has."""
    return float(f"{value:.4g}")


def say(text: str) -> None:
    """Tell how far the run is, where no line of JSON is expected."""
    print(text, file=sys.stderr, flush=True)
