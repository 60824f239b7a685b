"""Many CSV files sent at once through one sender, each in order: what one of them lacks does not stop the others.

    async with WatticsClient(username, password, base_url=base_url) as client, Sender(client) as sender:
        for report in await push(sender, channels):
            print(report.channel.path, report.accepted, report.problem)

What is sent is noted beside each file, so that the same call goes on after an interruption, or with the rows that were
added since. Killed at any moment, nothing is lost or out of order, and nothing is sent twice where the cloud tells its
last packet; where it does not, at most one packet per stream and interruption is.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from .csv_report import Progress, PushReport
from .csv_upload import Upload

if TYPE_CHECKING:
    from .csv_channel import CsvChannel
    from .sender import Sender

# Each has a file open and a piece of it in memory; a sender has no more packets on their way, either.
CHANNELS_AT_ONCE: Final = 64


async def push(
    sender: Sender,
    channels: Sequence[CsvChannel],
    *,
    skip_bad_rows: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[PushReport]:
    """Send what is left of every channel's file, and report in the order of the channels.

    Nothing of a file with bad rows is sent unless they may be skipped. `on_progress` is called from the event loop, for
    each channel some times a second. Raises CredentialsError, when that has stopped all channels and what was sent is
    noted, and ValueError where two channels share a file or a stream. May be cancelled.
    """
    _check_apart(channels)
    places = asyncio.Semaphore(CHANNELS_AT_ONCE)

    async def run(channel: CsvChannel) -> PushReport:
        async with places:
            return await Upload(sender, channel, skip_bad_rows=skip_bad_rows, on_progress=on_progress).run()

    tasks = [asyncio.create_task(run(channel)) for channel in channels]
    try:
        # Refused credentials end them all, each when the answer under way is there and noted.
        await asyncio.gather(*tasks, return_exceptions=True)
        return [task.result() for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _check_apart(channels: Sequence[CsvChannel]) -> None:
    """Refuse channels that would get in each other's way."""
    for name, keys in (
        ("stream_id", [channel.stream_id for channel in channels]),
        ("path", [str(channel.path.absolute()) for channel in channels]),
    ):
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"{name}: each channel must have its own ({min(twice)} is there twice)")
