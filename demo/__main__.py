"""Run the demo: a Home Assistant to click through, or with --check a proof that ends by itself."""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from .display import Display
from .home import WANTS_RESTART, HomeError
from .story import Outcome, Story, StoryError

PULSE_S = 1.0
# What a check may take where everything is installed already.
MOST_S = 240.0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="wait until all is delivered, compare, print JSON, end")
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder, and say where it is")
    parser.add_argument("--port", type=int, default=0, help="where Home Assistant listens (default: any free port)")
    return parser.parse_args()


async def run(options: argparse.Namespace, begun_s: float) -> int:
    """Play the story in a scratch folder and tidy up after it, whatever happens."""
    display = Display()
    async with AsyncExitStack() as stack:
        folder = _scratch_folder(stack, keep=options.keep)
        story = await stack.enter_async_context(Story(folder, display, port=options.port))
        await story.play()
        if not options.check:
            _print_guide(story)
            return await _stay(story, display)
        outcome = await story.check()
    return _judge(outcome, time.monotonic() - begun_s)


def _judge(outcome: Outcome, took_s: float) -> int:
    """Print what a checked run came to, and how long it took; returns the exit code."""
    late = [f"It took {took_s:.0f} s, and {MOST_S:.0f} s are the most."] if took_s > MOST_S else []
    reasons = [*outcome.reasons, *late]
    for reason in reasons:
        print(f"✗ {reason}", file=sys.stderr)
    print(json.dumps(outcome.figures | {"seconds": round(took_s, 1), "limit_s": MOST_S}), flush=True)
    return 1 if reasons else 0


def _scratch_folder(stack: AsyncExitStack, *, keep: bool) -> Path:
    if keep:
        folder = Path(tempfile.mkdtemp(prefix="wattbridge-demo-"))
        print(f"Everything of this run is in {folder}", file=sys.stderr)
    else:
        scratch = tempfile.TemporaryDirectory(prefix="wattbridge-demo-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(scratch))
    return folder / "home"


def _print_guide(story: Story) -> None:
    """Say what there is to see."""
    url = story.home.url
    print(
        f"""
  Home Assistant runs at  {url}   (no password on this machine; Ctrl-C ends it)

  Energy dashboard        {url}/energy/electricity
  Accounts and streams    {url}/config/integrations/integration/wattbridge
  All statistics          {url}/config/tools/statistics

  It has {story.rows:,} hours of carbonTRACK history (a simulated house in Sydney), four months of the appliances
  of a simulated Voltaware home (Calendar shows when its car was charged), sends three data streams to a simulated
  Wattics, and the hours of its roof to a simulated WattCarbon, for certificates. Every closed hour goes out within
  minutes, for as long as this runs.
""",
        flush=True,
    )


async def _stay(story: Story, display: Display) -> int:
    """Stay until Ctrl-C while Home Assistant runs; it may ask to be started again."""
    try:
        while (code := await _watch(story, display)) == WANTS_RESTART:
            async with display.step("restarting Home Assistant"):
                await story.home.start()
    except asyncio.CancelledError:
        return 0
    print(f"Home Assistant ended by itself with {code}.\n{story.home.log_tail()}", file=sys.stderr)
    return 1


async def _watch(story: Story, display: Display) -> int:
    """Show what arrives until Home Assistant ends; returns its exit code."""
    ended = asyncio.create_task(story.home.wait())
    async with display.step("running until Ctrl-C"):
        while not ended.done():
            hours = len(story.town.roof_hours)
            display.detail = f"{story.town.packets:,} packets at Wattics, {hours:,} hours at WattCarbon"
            await asyncio.wait({ended}, timeout=PULSE_S)
    return await ended


async def _interruptible(options: argparse.Namespace, begun_s: float) -> int:
    """Turn the signals that mean an end into a cancellation, so that everything is tidied up."""
    task = asyncio.create_task(run(options, begun_s))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        return await task
    print("Interrupted, and tidied up.", file=sys.stderr)
    return 130


def main() -> Any:
    """Run the demo and return its exit code."""
    begun_s = time.monotonic()
    options = arguments()
    try:
        return asyncio.run(_interruptible(options, begun_s))
    except (HomeError, StoryError) as err:
        print(f"\n{err}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
