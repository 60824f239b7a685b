"""Holds what the recorder has against all simulators, without any of the integration's code."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aiowattbridge.simulators import Stored
from aiowattbridge.simulators.wattcarbon import TALLIES

from .api import Api
from .configuration import TIME_ZONE
from .play import TOTAL, Stream
from .recorder import hourly_changes_kwh
from .town import Town

HOUR: Final = timedelta(hours=1)
# Both sides went through floats and units; a hundredth of a watt-hour is far above that and far below any reading.
TOLERANCE_WH: Final = 0.01
# What the vendor says of a month goes to hundreds of hours, and its own figures are rounded.
MONTH_TOLERANCE_WH: Final = 1.0
FIELDS: Final = {
    "usage": "PowerUsageNet",
    "generation": "Generating",
    "export": "PowerExported",
    "channel_1": "Power1",
    "channel_2": "Power2",
}
SHOWN: Final = 3

type Changes = Mapping[str, Mapping[datetime, float]]
"""By statistic id: what every hour added, in kWh."""
type Packets = Mapping[datetime, Mapping[str, float]]
"""By time stamp: the meter readings of a packet, in Wh."""


@dataclass(slots=True)
class Findings:
    """How the two sides compare; `reasons` says in words what is wrong."""

    accepted: int = 0
    missing: int = 0
    wrong: int = 0
    invented: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    reasons: list[str] = field(default_factory=list)

    def note(self, text: str, moments: Iterable[datetime]) -> int:
        """Keep what happened at these moments, naming the first few; returns how many there are."""
        found = sorted(moments)
        if found:
            first = ", ".join(moment.isoformat(timespec="minutes") for moment in found[:SHOWN])
            self.reasons.append(f"{text}: {len(found)} ({first}{', …' if len(found) > SHOWN else ''})")
        return len(found)


def expected_packets(stream: Stream, statistic_ids: Mapping[str, str], changes: Changes) -> Packets:
    """Add the hours up from nothing: a meter reading stands at the end of its hour."""
    packets: dict[datetime, dict[str, float]] = {}
    for parameter, series in stream.parameters.items():
        reading_wh = 0.0
        for hour, change_kwh in sorted(changes.get(statistic_ids[series], {}).items()):
            reading_wh += max(change_kwh, 0.0) * 1000
            packets.setdefault(hour + HOUR, {})[parameter] = reading_wh
    return packets


async def compare(
    api: Api, town: Town, streams: Iterable[Stream], statistic_ids: Mapping[str, str], start: datetime
) -> Findings:
    """Compare all streams that begin at `start`; everything up to the town's opening has to be there."""
    findings = Findings()
    # First the packets, then the rows: an hour that is sent meanwhile is in neither or in the rows alone.
    accepted = {stream.stream_id: list(town.wattics.accepted.get(stream.stream_id, [])) for stream in streams}
    changes = await hourly_changes_kwh(api, statistic_ids.values(), start, datetime.now(UTC))
    for stream in streams:
        expected = expected_packets(stream, statistic_ids, changes)
        _compare_stream(findings, stream.stream_id, accepted[stream.stream_id], expected, town.opened)
    report = town.wattics.report() | {"cookie_breaks": town.cookie_breaks}
    for name in ("duplicates", "out_of_order", "malformed", "unauthorised", "rejected", "cookie_breaks", "violations"):
        if report[name]:
            findings.reasons.append(f"{name} at the Wattics simulator: {report[name]}")
    findings.duplicates = int(str(report["duplicates"]))
    findings.out_of_order = int(str(report["out_of_order"]))
    return findings


def _compare_stream(findings: Findings, name: str, stored: list[Stored], expected: Packets, due: datetime) -> None:
    """Compare one stream with what was accepted of it."""
    zone = ZoneInfo(TIME_ZONE)
    accepted = {packet.instant: packet.packet for packet in stored}
    findings.accepted += len(stored)
    findings.missing += findings.note(f"{name} misses", (at for at in expected if at <= due and at not in accepted))
    findings.invented += findings.note(f"{name} has what no row says", (at for at in accepted if at not in expected))
    findings.wrong += findings.note(
        f"{name} has other values",
        (at for at, values in expected.items() if at in accepted and not _same(values, accepted[at])),
    )
    findings.wrong += findings.note(
        f"{name} has another local time",
        (at for at, packet in accepted.items() if packet["tsISO8601"] != _stamp(at.astimezone(zone))),
    )


def _same(values: Mapping[str, float], packet: Mapping[str, object]) -> bool:
    sent = {name: float(str(value)) for name, value in packet.items() if name not in ("id", "tsISO8601")}
    return sent.keys() == values.keys() and all(abs(sent[name] - values[name]) <= TOLERANCE_WH for name in values)


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


async def compare_history(api: Api, town: Town, statistic_ids: Mapping[str, str]) -> tuple[int, list[str]]:
    """Hold the recorder's hours against the house itself; returns how many rows there are and what is wrong."""
    findings, due = Findings(), town.opened
    changes = await hourly_changes_kwh(api, statistic_ids.values(), town.begin - HOUR, datetime.now(UTC))
    for series, statistic_id in statistic_ids.items():
        true_wh = town.house.hourly_energy_wh(town.device_id, FIELDS[series], town.begin, due)
        known = {hour: kwh * 1000 for hour, kwh in changes.get(statistic_id, {}).items() if hour < due}
        findings.note(f"{statistic_id} misses", true_wh.keys() - known.keys())
        findings.note(f"{statistic_id} invents", known.keys() - true_wh.keys())
        findings.note(
            f"{statistic_id} has other values",
            (hour for hour in true_wh.keys() & known.keys() if abs(true_wh[hour] - known[hour]) > TOLERANCE_WH),
        )
    return sum(len(hours) for hours in changes.values()), findings.reasons


async def compare_asset(api: Api, town: Town, asset_id: str, statistic_id: str) -> tuple[int, int, list[str]]:
    """Hold WattCarbon's hours against the recorder's; returns how many there are, how many do not fit, and faults."""
    findings = Findings()
    # First what was uploaded, then the rows: an hour that comes meanwhile is in neither or in the rows alone.
    uploaded = town.wattcarbon.hours(asset_id)
    recorded = (await hourly_changes_kwh(api, [statistic_id], town.begin - HOUR, datetime.now(UTC)))[statistic_id]
    due = {hour for hour in recorded if hour < town.opened}
    faults = findings.note(f"{asset_id} misses", due - uploaded.keys())
    faults += findings.note(f"{asset_id} has what no row says", uploaded.keys() - recorded.keys())
    faults += findings.note(
        f"{asset_id} has other values",
        (hour for hour in uploaded.keys() & recorded.keys() if not _is_same_hour(uploaded[hour], recorded[hour])),
    )
    report = town.wattcarbon.report()
    for name in (*TALLIES, "violations", "identical"):
        if report[name]:
            findings.reasons.append(f"{name} at the WattCarbon simulator: {report[name]}")
    return len(uploaded), faults, findings.reasons


def _is_same_hour(uploaded_kwh: float, recorded_kwh: float) -> bool:
    return abs(uploaded_kwh - recorded_kwh) * 1000 <= TOLERANCE_WH


async def compare_months(api: Api, town: Town, meter_ids: Mapping[str, str]) -> tuple[int, list[str]]:
    """Hold every month of every appliance against what Voltaware says; returns how many rows there are, and faults."""
    zone = ZoneInfo(TIME_ZONE)
    begin = datetime.combine(town.meter.first_day, time(), zone) - HOUR
    changes = await hourly_changes_kwh(api, meter_ids.values(), begin, datetime.now(UTC))
    found_wh: dict[tuple[str, int, int], float] = {}
    for key, statistic_id in meter_ids.items():
        for hour, kwh in changes.get(statistic_id, {}).items():
            day = hour.astimezone(zone)
            month = (key, day.year, day.month)
            found_wh[month] = found_wh.get(month, 0.0) + kwh * 1000
    true_wh = {
        (key, *month): energy_wh
        for month in town.meter_months()
        for key, energy_wh in _with_total(town.voltaware.month_energy_wh(town.meter.device_id, *month)).items()
    }
    wrong = [month for month in true_wh | found_wh if not _is_same_month(true_wh.get(month), found_wh.get(month))]
    reasons = [f"{key} of {year}-{month:02}: {found_wh.get((key, year, month))} Wh" for key, year, month in wrong]
    return sum(len(hours) for hours in changes.values()), reasons


def _with_total(appliances_wh: Mapping[str, float]) -> dict[str, float]:
    return {**appliances_wh, TOTAL: sum(appliances_wh.values())}


def _is_same_month(true_wh: float | None, found_wh: float | None) -> bool:
    if true_wh is None or found_wh is None:
        return not true_wh and found_wh is None
    return abs(true_wh - found_wh) <= MONTH_TOLERANCE_WH
