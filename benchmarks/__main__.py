"""`scripts/bench WHAT [--quick]`: prints one line of JSON per result; exits with 1 where a bar is not met."""

import argparse
import asyncio
from importlib import import_module

from .report import Emit, Result, say

# What can be measured, and the modules that measure it, each with `async def run(emit, *, quick)`.
SUITES = {
    "lib": ("sending", "parsing"),
    "sources": ("importing", "filling"),
    "forward": ("forwarding", "standing", "neighbours"),
    "kills": ("killing", "killing_home"),
}


async def _run(suite: str, emit: Emit, *, quick: bool, **options: int) -> None:
    """Run a suite's modules one after another: side by side they would measure each other."""
    for name in SUITES[suite]:
        say(f"measuring {name}")
        await import_module(f"{__package__}.{name}").run(emit, quick=quick, **options)


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("suite", choices=sorted(SUITES))
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works")
    parser.add_argument("--kills", type=int, help="of the engine alone; a tenth as many of the whole Home Assistant")
    arguments = parser.parse_args()
    if arguments.kills and arguments.suite != "kills":
        parser.error("--kills goes with kills")
    options = {"kills": arguments.kills} if arguments.kills else {}
    results: list[Result] = []

    def emit(result: Result) -> None:
        """Print a result as soon as it is there."""
        results.append(result)
        print(result.line(), flush=True)

    asyncio.run(_run(arguments.suite, emit, quick=arguments.quick, **options))
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
