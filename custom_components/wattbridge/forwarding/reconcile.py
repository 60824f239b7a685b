"""Where a stream goes on: its cursor against the last packet that the cloud has.

The cursor may be a moment behind the cloud after a crash, or days behind after a restored backup: then what was sent
since is planned again from the recorder, and if the cloud's last packet is exactly what we would have sent, the
cursor moves up to it. Anything else is somebody else's packet. A cloud that is behind the cursor lost data: we never
go back.
"""

from collections.abc import AsyncIterator, Callable
from copy import deepcopy

from ..aiowattbridge.wattics import LastPacket
from ..vendors.wattics import Measure
from .cursor import StreamCursor
from .marks import FOREIGN, LOST, Mark
from .model import Problem, StreamConfig
from .plan import PlanState, Step
from .wire import is_ours

type Replay = Callable[[PlanState, int], AsyncIterator[Step]]
"""Plans again what follows a state, up to an epoch second, patiently."""


class HeldError(Exception):
    """The stream must not go on before somebody looked at it."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        """Keep why, and what the user should know about it."""
        super().__init__(detail)
        self.problem = problem
        self.detail = detail


def begin(config: StreamConfig, last: LastPacket | None, now_s: float) -> StreamCursor:
    """Place a new stream: at its start, but never before what the cloud already has.

    The cumulative energy goes on from the cloud's reading, so that it never falls.
    """
    if last is None:
        return StreamCursor(config.stream_id, PlanState(config.first_s), begun_s=int(now_s))
    last_s = last.timestamp.timestamp()
    _refuse_future(config, last, now_s)
    filled_s = int(last_s // config.interval_s) * config.interval_s
    cumulative = {parameter.name for parameter in config.parameters if parameter.is_cumulative}
    accumulators_wh = {name: value for name, value in last.values.items() if name in cumulative}
    # A row in the period of that packet was counted with it; one before it is no place to count from.
    last_rows_s = {p.source: filled_s - config.interval_s for p in config.parameters if p.measure is Measure.CHANGE}
    return StreamCursor(
        config.stream_id,
        PlanState(max(config.first_s, filled_s), accumulators_wh, {}, last_rows_s),
        continued_after_s=int(last_s),
        begun_s=int(now_s),
    )


async def reconcile(
    config: StreamConfig, cursor: StreamCursor, last: LastPacket, now_s: float, replay: Replay
) -> StreamCursor:
    """Return the cursor the stream goes on from; raises HeldError where that is not certain."""
    if is_behind(cursor, last):
        raise HeldError(Problem.CLOUD_BEHIND, last.timestamp.isoformat())
    if is_known(cursor, last):
        return cursor
    _refuse_future(config, last, now_s)
    return await _adopt(config, cursor, last, replay)


def follow(config: StreamConfig, cursor: StreamCursor, last: LastPacket, now_s: float) -> StreamCursor:
    """Go on after the cloud's last packet, whoever sent it: what lies between is somebody else's.

    Raises HeldError for a packet of the future, after which there would be nothing to send for long.
    """
    placed = begin(config, last, now_s)
    followed = deepcopy(cursor)
    position_s = max(cursor.state.position_s, placed.state.position_s)
    if position_s > cursor.state.position_s:
        followed.mark(Mark(cursor.state.position_s, position_s, FOREIGN))
    accumulators_wh = {**cursor.state.accumulators_wh, **placed.state.accumulators_wh}
    last_rows_s = {
        source: max(start_s, cursor.state.last_rows_s.get(source, start_s))
        for source, start_s in placed.state.last_rows_s.items()
    }
    last_sums = _risen_sums(config, cursor.state, placed.state)
    followed.state = PlanState(position_s, accumulators_wh, last_sums, last_rows_s, cursor.state.uncounted_firsts)
    followed.continued_after_s = int(last.timestamp.timestamp())
    return followed


def _risen_sums(config: StreamConfig, ours: PlanState, theirs: PlanState) -> dict[str, float]:
    """Say where our sums have got to by the cloud's readings: the other has counted the rise since our last packet.

    That counts only where the rows of that time are missing, as in a restored database.
    """
    sums: dict[str, float] = {}
    for parameter in config.parameters:
        name, source = parameter.name, parameter.source
        if name in ours.accumulators_wh and name in theirs.accumulators_wh and source in ours.last_sums:
            risen_wh = theirs.accumulators_wh[name] - ours.accumulators_wh[name]
            if risen_wh >= 0:
                sums[source] = ours.last_sums[source] + risen_wh
    return sums


def keep(config: StreamConfig, cursor: StreamCursor, last: LastPacket) -> StreamCursor:
    """Go on from our cursor although the cloud lost what came before: nothing can be put there any more."""
    last_s, known_s = int(last.timestamp.timestamp()), _known_s(cursor) or 0
    kept = deepcopy(cursor)
    kept.mark(Mark(last_s, known_s, LOST))
    kept.holes += (known_s - last_s) // config.interval_s
    kept.last_packet_s, kept.continued_after_s = last_s, None
    return kept


def is_behind(cursor: StreamCursor, last: LastPacket | None) -> bool:
    """Tell whether the cloud's last packet is older than the last one it accepted from us."""
    known_s = _known_s(cursor)
    return last is not None and known_s is not None and int(last.timestamp.timestamp()) < known_s


def is_known(cursor: StreamCursor, last: LastPacket) -> bool:
    """Tell whether the cloud's last packet is the last one that we know of."""
    return int(last.timestamp.timestamp()) == _known_s(cursor)


def _known_s(cursor: StreamCursor) -> int | None:
    return max((s for s in (cursor.last_packet_s, cursor.continued_after_s) if s is not None), default=None)


def _refuse_future(config: StreamConfig, last: LastPacket, now_s: float) -> None:
    if last.timestamp.timestamp() > now_s + config.interval_s:
        raise HeldError(Problem.ANOTHER_SENDER, last.timestamp.isoformat())


async def _adopt(config: StreamConfig, cursor: StreamCursor, last: LastPacket, replay: Replay) -> StreamCursor:
    """Move a copy of the cursor over what was sent after it, if the cloud's last packet proves that it was."""
    stranger = HeldError(Problem.ANOTHER_SENDER, last.timestamp.isoformat())
    last_s = int(last.timestamp.timestamp())
    if last_s % config.interval_s or last_s <= cursor.state.position_s:
        raise stranger
    adopted = deepcopy(cursor)
    async for step in replay(cursor.state, last_s):
        if step.end_s >= last_s:
            if not is_ours(step, last):
                raise stranger
            adopted.accept(step)
            return adopted
        if step.values is None:
            adopted.pass_hole(step, config.interval_s)
        else:
            adopted.accept(step)
    raise stranger
