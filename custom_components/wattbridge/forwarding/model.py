"""What a stream is, why it may stand still, and what can be done then."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Self

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_TIME_ZONE

from ..const import (
    CONF_INTERVAL_MIN,
    CONF_KIND,
    CONF_PARAMETERS,
    CONF_ROLE,
    CONF_SEND_REVISIONS,
    CONF_SOURCE,
    CONF_START,
    CONF_START_AT,
    CONF_STATISTICS,
    CONF_STREAM_ID,
    CONF_TARGET,
    CONF_TARGET_ID,
    CONF_UNIT,
    SUBENTRY_SERIES,
)
from ..vendors.wattcarbon import COUNTING, Role, Target
from ..vendors.wattics import HOURLY_MIN, Kind, Measure, Start

MINUTE_S: Final = 60
ROW_S: Final = 300
HOUR_S: Final = 3600


class Problem(StrEnum):
    """Why a stream does not go on; the values are translation keys."""

    REJECTED = "rejected"
    ANOTHER_SENDER = "another_sender"
    CLOUD_BEHIND = "cloud_behind"
    CREDENTIALS = "credentials"
    CANNOT_CONNECT = "cannot_connect"
    CURSOR_NEWER = "cursor_newer"
    CURSOR_CORRUPT = "cursor_corrupt"
    CURSOR_UNWRITABLE = "cursor_unwritable"
    SOURCE_MISSING = "source_missing"
    SOURCE_UNFIT = "source_unfit"
    UNIT_CHANGED = "unit_changed"
    DATABASE_NEW = "database_new"
    STOPPED = "stopped"


class SourceError(Exception):
    """A series cannot be read, or not be believed; `problem` says why, and the text names the statistic."""

    def __init__(self, problem: Problem, statistic: str) -> None:
        """Keep what is wrong and with which statistic."""
        super().__init__(statistic)
        self.problem = problem
        self.statistic = statistic


class Notice(StrEnum):
    """What somebody should look at although the stream goes on; the values are translation keys."""

    SOURCE_RESET = "source_reset"
    ROWS_EXPIRING = "rows_expiring"
    MISMATCH = "mismatch"
    REJECTIONS = "rejections"
    SOURCE_SILENT = "source_silent"


class Choice(StrEnum):
    """How somebody lets a stream go on; the values are translation keys."""

    RETRY = "retry"
    SKIP = "skip"
    FOLLOW_CLOUD = "follow_cloud"
    KEEP_CURSOR = "keep_cursor"
    BEGIN_ANEW = "begin_anew"
    GO_ON = "go_on"
    PAUSE = "pause"


class NewsKind(StrEnum):
    """What happens to a stream; the values are the types of its event entity."""

    FAILED = "failed"
    RECOVERED = "recovered"
    REJECTED = "rejected"
    REVISED = "revised"
    RESET = "reset"
    CAUGHT_UP = "caught_up"


@dataclass(frozen=True, slots=True)
class StreamNews:
    """Something happened to a stream; the facts are small and hold no secret."""

    kind: NewsKind
    facts: Mapping[str, str | int | float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParameterConfig:
    """One number of a packet: its wire name, the series it is made of, and what is taken from a row.

    `unit`: of a single value, the unit it had when the stream was made; empty for none at all, and None where nobody
    noted it. `sign` and `may_fall` count for WattCarbon,
    where several statistics are added up to one energy.
    """

    name: str
    source: str
    measure: Measure
    unit: str | None = None
    sign: int = 1
    may_fall: bool = False

    @property
    def is_cumulative(self) -> bool:
        """Tell whether the cloud wants a meter reading here, where we have the energy of each period."""
        return self.name.startswith("pC_") and self.measure is Measure.CHANGE


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """What the user chose for a stream; of WattCarbon, `stream_id` is that of the asset or the meter.

    `time_zone`: the site's, in which packets are stamped; None is Home Assistant's own.
    """

    stream_id: str
    kind: Kind | Target
    interval_s: int
    start: Start
    start_at: datetime | None
    parameters: tuple[ParameterConfig, ...]
    send_revisions: bool = True
    time_zone: str | None = None

    @classmethod
    def from_subentry(cls, subentry: ConfigSubentry) -> Self:
        """Read a subentry of either cloud."""
        if subentry.subentry_type == SUBENTRY_SERIES:
            return cls.from_series_data(subentry.data)
        return cls.from_data(subentry.data)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Read the data of a subentry."""
        return cls(
            stream_id=data[CONF_STREAM_ID],
            kind=Kind(data[CONF_KIND]),
            interval_s=int(data[CONF_INTERVAL_MIN]) * MINUTE_S,
            start=Start(data[CONF_START]),
            start_at=_start_at(data),
            parameters=tuple(
                ParameterConfig(name, parameter[CONF_SOURCE], Measure(parameter["measure"]), unit=_unit(parameter))
                for name, parameter in data[CONF_PARAMETERS].items()
            ),
            time_zone=data.get(CONF_TIME_ZONE),
        )

    @classmethod
    def from_series_data(cls, data: Mapping[str, Any]) -> Self:
        """Read the data of a series subentry: its statistics are added up, each with the sign of its role."""
        roles = [(Role(chosen[CONF_ROLE]), chosen[CONF_SOURCE]) for chosen in data[CONF_STATISTICS]]
        return cls(
            stream_id=data[CONF_TARGET_ID],
            kind=Target(data[CONF_TARGET]),
            interval_s=HOUR_S,
            start=Start(data[CONF_START]),
            start_at=_start_at(data),
            parameters=tuple(
                ParameterConfig(
                    f"{role} {number}",
                    source,
                    Measure.CHANGE,
                    sign=COUNTING[role].sign,
                    may_fall=COUNTING[role].may_fall,
                )
                for number, (role, source) in enumerate(roles, start=1)
            ),
            send_revisions=data[CONF_SEND_REVISIONS],
        )

    @property
    def is_hourly_energy(self) -> bool:
        """Tell whether this goes to WattCarbon: hours that may be replaced, in the place of packets."""
        return isinstance(self.kind, Target)

    @property
    def row_s(self) -> int:
        """How long a row is that the stream reads: an hour, or five minutes for everything shorter."""
        return HOUR_S if self.interval_s == HOURLY_MIN * MINUTE_S else ROW_S

    @property
    def first_s(self) -> int:
        """The start of the first period: the one that begins at or after the chosen time."""
        if self.start_at is None:
            return 0
        return -(-int(self.start_at.timestamp()) // self.interval_s) * self.interval_s


def _unit(parameter: Mapping[str, Any]) -> str | None:
    return (parameter[CONF_UNIT] or "") if CONF_UNIT in parameter else None


def _start_at(data: Mapping[str, Any]) -> datetime | None:
    start_at = data[CONF_START_AT]
    return None if start_at is None else datetime.fromisoformat(start_at).astimezone(UTC)


def utc(epoch_s: float) -> datetime:
    """Return the aware UTC time of an epoch second."""
    return datetime.fromtimestamp(epoch_s, UTC)
