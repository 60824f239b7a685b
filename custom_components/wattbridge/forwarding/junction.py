"""Where hours take the place of five-minute rows: the recorder keeps those for some days only, and hours for ever."""

from collections.abc import Iterable

from .model import HOUR_S
from .survey import Stock


def hourly_until(position_s: int, short: Iterable[Stock], hours: Iterable[Stock], purged_to_s: float) -> int | None:
    """Return up to where a stream of short intervals has to go by the hour; None where it need not.

    No short row lies before the position. The hour in which the short rows begin goes as an hour too, if its first
    ones may have been purged: an hour with a part of its rows would lose means. `purged_to_s`: older rows the
    recorder had the time to drop.
    """
    nexts = [stock.next_s for stock in hours if stock.next_s is not None]
    lasts = [stock.last_s for stock in hours if stock.last_s is not None]
    if not nexts:
        return None
    next_s, compiled_s = min(nexts), max(lasts) + HOUR_S
    oldest_s = min((stock.next_s for stock in short if stock.next_s is not None), default=None)
    if oldest_s is None:
        return compiled_s if compiled_s > position_s else None
    edge_s = oldest_s // HOUR_S * HOUR_S
    was_purged = next_s < edge_s or oldest_s < purged_to_s
    # The hour that is still going on has no row yet, and all short rows that it ever had.
    if edge_s < oldest_s and edge_s < compiled_s and was_purged:
        edge_s += HOUR_S
    return edge_s if edge_s > position_s and next_s < edge_s else None
