"""Measurement records as the carbonTRACK cloud writes them, rendered fast enough for years of them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from .columns import ALL_FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class RecordStyle:
    """The oddities of an answer that do not change what it means.

    `missing`: how a field that the device does not have looks. `repeat_every`: every so many records one comes twice.
    `order`: of the whole answer, or (shuffled) within a page. `numbers`: JSON numbers instead of strings.
    """

    missing: Literal["null", "absent", "empty", "dash", "nan"] = "null"
    repeat_every: int = 0
    order: Literal["ascending", "descending", "shuffled"] = "ascending"
    numbers: bool = False
    naive_times: bool = False

    def empty(self, name: str) -> str | None:
        """Write a field that has no value; None leaves it out."""
        texts = {"null": "null", "empty": '""', "dash": '"-"', "nan": '"NaN"'}
        return f'"{name}":{texts[self.missing]}' if self.missing in texts else None


class Renderer:
    """Writes the records of one device."""

    def __init__(self, device_id: str, fields: Sequence[str], style: RecordStyle) -> None:
        """Build the template that every record fills in."""
        self._grouped = fields.index("SignalStrength") if "SignalStrength" in fields and not style.numbers else None
        self._zone = "" if style.naive_times else "Z"
        # The id has the form of a UUID: the device's digits, then the number of the reading.
        prefix = f"{device_id[:8]}-{device_id[8:12]}-4{device_id[13:16]}-8000"
        parts = [f'"ID":"{prefix}-%012x","DeviceID":{json.dumps(device_id)},"RecordDateTime":"%s"']
        for name in ALL_FIELDS:
            if name in fields:
                grouped = name == "SignalStrength"
                value = "%.2f" if style.numbers else '"%s"' if grouped else '"%.2f"'
                parts.append(f'"{name}":{value}')
            elif (empty := style.empty(name)) is not None:
                parts.append(empty)
        self._template = "{" + ",".join(parts) + "}"

    def render(self, stamps: Sequence[int], rows: Sequence[tuple[int, ...]]) -> list[str]:
        """Write the records of these readings."""
        template, grouped = self._template, self._grouped
        records = []
        for stamp, row, time in zip(stamps, rows, self._times(stamps), strict=True):
            values: list[float | str] = [value / 100 for value in row]
            if grouped is not None:
                values[grouped] = f"{values[grouped]:,.2f}"
            records.append(template % (stamp, time, *values))
        return records

    def _times(self, stamps: Sequence[int]) -> list[str]:
        """Write the stamps, working the date out once a day."""
        dates: dict[int, str] = {}
        times = []
        for stamp in stamps:
            day, second = divmod(stamp, DAY_S)
            if (date := dates.get(day)) is None:
                date = dates[day] = datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d")
            minute, second = divmod(second, 60)
            hour, minute = divmod(minute, 60)
            times.append(f"{date}T{hour:02d}:{minute:02d}:{second:02d}{self._zone}")
        return times
