"""Run one simulated cloud until it is told to stop, saying how it goes."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .server import SimulatedCloud

TOLD_EVERY = 100
LOOK_EVERY_S = 0.5


async def run(
    cloud: SimulatedCloud,
    stopped: asyncio.Event,
    *,
    on_start: Callable[[SimulatedCloud], None],
    on_news: Callable[[SimulatedCloud], None],
) -> None:
    """Serve until `stopped` is set.

    `on_start` is called when the address is known, `on_news` after every hundred requests and once in the end.
    """
    async with cloud:
        on_start(cloud)
        told = 0
        while not stopped.is_set():
            if cloud.log.total - told >= TOLD_EVERY:
                told = cloud.log.total
                on_news(cloud)
            try:
                await asyncio.wait_for(stopped.wait(), LOOK_EVERY_S)
            except TimeoutError:
                continue
        on_news(cloud)
