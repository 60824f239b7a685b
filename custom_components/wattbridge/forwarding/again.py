"""Uploads hours that were passed before, as they are now, and notes what the cloud said of them."""

from collections.abc import Sequence
from typing import Final

from .courier import Courier, Sent
from .hindsight import PastHour
from .ledger import StreamLedger

# So many hours are sent again at a time; it bounds what a look keeps in memory.
AGAIN_HOURS: Final = 500


async def async_send_again(courier: Courier, ledger: StreamLedger, hours: Sequence[PastHour]) -> Sent:
    """Upload hours once more; the ledger notes what was taken and what was refused, and of all others nothing.

    Raises WattbridgeError, and InterruptedWorkError for a stream that was paused or changed meanwhile.
    """
    sent = await courier.async_send_again({hour.start_s: (hour.energy_wh or 0.0) / 1000.0 for hour in hours})
    for hour in hours:
        energy_wh = hour.energy_wh or 0.0
        if hour.start_s in sent.taken:
            ledger.revisions.take(hour.number)
        elif hour.start_s in sent.refused:
            ledger.revisions.refuse(hour.number, energy_wh)
        else:
            continue
        ledger.put(hour.number, energy_wh, hour.digest)
    ledger.on_change()
    return sent
