"""What the clouds have after many kills, beside what the recorder has."""

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from aiowattbridge.simulators import Fault, WattCarbonSimulator, WatticsSimulator

from .kill_scene import HOUR_S, Scene, energy_kwh
from .report import Emit, judged

# As a bad day of a cloud, and worse than most.
FAULTS: Final[Mapping[Fault, float]] = {
    Fault("unavailable"): 0.05,
    Fault("cut_before"): 0.02,
    Fault("cut_after"): 0.02,
    Fault("rate_limited", retry_after_s=0.3): 0.01,
    Fault("truncated_json"): 0.01,
    Fault("html"): 0.01,
}
# Both clouds are sent what floats make of it.
_CLOSE: Final = 1e-6


@dataclass(slots=True)
class Findings:
    """What was found, of one round of kills or of many.

    `doubled`: packets that a cloud which tells its last one took twice. Of a cloud that does not tell, `repeated` are
    those that came twice, `repeats_counted` those that the cursor owns up to, `repeats_allowed` one for each stream and
    kill and one for every answer that was lost.
    """

    kills: int = 0
    kills_amid_uploads: int = 0
    packets: int = 0
    hours: int = 0
    lost: int = 0
    wrong: int = 0
    doubled: int = 0
    out_of_order: int = 0
    repeated: int = 0
    repeats_counted: int = 0
    repeats_allowed: int = 0
    hours_wrong: int = 0
    violations: int = 0
    cookie_breaks: int = 0

    def __iadd__(self, other: Self) -> Self:
        """Add the findings of another round."""
        for name, value in zip(self.__slots__, astuple(other), strict=True):
            setattr(self, name, getattr(self, name) + value)
        return self

    def line(self) -> str:
        """Say it in one line."""
        return ", ".join(f"{name} {getattr(self, name)}" for name in self.__slots__)

    def emit(self, emit: Emit, what: str, **details: float) -> None:
        """Hold everything against what is promised."""
        zeros = {
            "lost": self.lost,
            "wrong": self.wrong,
            "doubled": self.doubled,
            "out_of_order": self.out_of_order,
            "wattcarbon_hours_wrong": self.hours_wrong,
        }
        for name, value in zeros.items():
            more = {"packets": self.packets, "hours": self.hours, "kills": self.kills, **details}
            emit(judged(f"kills_of_{what}_{name}", value, 0, "lower", **more))
        emit(
            judged(
                f"kills_of_{what}_repeated_where_the_last_packet_cannot_be_read",
                self.repeated,
                min(self.repeats_allowed, self.repeats_counted),
                "lower",
                counted=self.repeats_counted,
                allowed=self.repeats_allowed,
            )
        )


def compare(
    findings: Findings, scene: Scene, wattics: WatticsSimulator, wattcarbon: WattCarbonSimulator, *, is_readable: bool
) -> None:
    """Hold everything that both clouds accepted against the recorder."""
    report = wattics.report()
    doubled = int(str(report["duplicates"]))
    findings.out_of_order += int(str(report["out_of_order"]))
    findings.violations += len(wattics.log.violations) + len(wattcarbon.log.violations)
    if is_readable:
        findings.doubled += doubled
    else:
        findings.repeated += doubled
        findings.repeats_counted += _counted_repeats(scene)
        findings.repeats_allowed += findings.kills * len(scene.streams) + wattics.log.count(fault="cut_after")
    for stream_id, number in scene.streams.items():
        _compare_stream(findings, scene, wattics, stream_id, number)
    for asset_id, numbers in scene.assets.items():
        _compare_asset(findings, scene, wattcarbon, asset_id, numbers)


def _compare_stream(findings: Findings, scene: Scene, wattics: WatticsSimulator, stream_id: str, number: int) -> None:
    """Every hour has its packet, with all the energy since the begin."""
    accepted = {
        int(stored.instant.timestamp()): stored.packet["pC_1"] for stored in wattics.accepted.get(stream_id, [])
    }
    total_wh = 0.0
    for hour_s in range(scene.streams_from_s, scene.to_s, HOUR_S):
        total_wh += 1000 * energy_kwh(number, hour_s)
        value = accepted.pop(hour_s + HOUR_S, None)
        findings.packets += value is not None
        findings.lost += value is None
        findings.wrong += isinstance(value, int | float) and abs(value - total_wh) > _CLOSE * total_wh
    # What is left was never in the recorder.
    findings.wrong += len(accepted)


def _compare_asset(
    findings: Findings, scene: Scene, wattcarbon: WattCarbonSimulator, asset_id: str, numbers: list[int]
) -> None:
    """Every hour is the sum of what was discharged and, with its sign, what was charged."""
    first, *others = numbers
    held = wattcarbon.hours(asset_id)
    for hour_s in range(scene.from_s, scene.to_s, HOUR_S):
        expected = energy_kwh(first, hour_s) - sum(energy_kwh(other, hour_s) for other in others)
        value = held.pop(datetime.fromtimestamp(hour_s, UTC), None)
        findings.hours += value is not None
        findings.hours_wrong += value is None or abs(value - expected) > _CLOSE
    findings.hours_wrong += len(held)


def _counted_repeats(scene: Scene) -> int:
    """Read from the cursors how many repeats they own up to."""
    content = json.loads((Path(scene.folder) / ".storage" / "wattbridge.cursor.wattics").read_text())
    return sum(int(stream["repeated"]) for stream in content["streams"].values())
