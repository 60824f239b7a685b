"""A simulated cloud at work: the conditions it works under, how it introduces itself, and what it says as it goes."""

import asyncio
import shlex
import signal
from collections.abc import Sequence
from datetime import UTC
from typing import Annotated, Final

import typer

from ..simulators import FaultKind, SimulatedCloud, SimulatorClock
from ..simulators.run import run as run_cloud
from .accounts import KINDS, Vendor, variables
from .command import Run, on_signals
from .endings import Ending, Stop
from .times import read_time

_KINDS: Final = ", ".join(kind.value for kind in FaultKind if kind is not FaultKind.STATUS)
_CONDITIONS: Final = "Conditions"

PortOption = Annotated[
    int,
    typer.Option(
        "--port",
        min=0,
        max=65535,
        metavar="PORT",
        help="Where on 127.0.0.1; 0 is any free port.",
        rich_help_panel=_CONDITIONS,
    ),
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed",
        metavar="N",
        help="What the invented data and the failures are drawn from.",
        rich_help_panel=_CONDITIONS,
    ),
]
LatencyOption = Annotated[
    float,
    typer.Option(
        "--latency", min=0, metavar="SECONDS", help="How long every answer takes.", rich_help_panel=_CONDITIONS
    ),
]
FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="KIND=SHARE",
        help=f"Let this share of the requests fail, drawn at random; may be given several times. Kinds: {_KINDS}.",
        rich_help_panel=_CONDITIONS,
    ),
]
NowOption = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="TIME",
        help="The cloud's time at the start; it runs on from there.",
        rich_help_panel=_CONDITIONS,
    ),
]


def make_clock(now: str | None) -> SimulatorClock:
    """Make the cloud's clock."""
    return SimulatorClock(None if now is None else read_time(now, UTC, "--now"))


async def serve(
    run: Run,
    vendor: Vendor,
    cloud: SimulatedCloud,
    seed: int,
    faults: Sequence[str] | None,
    *,
    devices: Sequence[str] = (),
) -> None:
    """Serve a cloud until Ctrl-C or a polite kill, which is how this command ends well."""
    try:
        cloud.faults.profile(seed, dict(_share(text) for text in faults or ()))
    except ValueError as error:
        raise Stop(Ending.USAGE, f"--fault: {error}") from None
    stopped = asyncio.Event()
    on_signals([signal.SIGINT, signal.SIGTERM], stopped.set)

    def on_start(started: SimulatedCloud) -> None:
        """Say where it is and how to get in."""
        _introduce(run, vendor, started, devices)

    def on_news(running: SimulatedCloud) -> None:
        """Say how it goes."""
        if run.screen.as_json:
            statuses = {str(status or "cut"): number for status, number in running.log.statuses().items()}
            violations = len(running.log.violations)
            run.screen.document({"requests": running.log.total, "statuses": statuses, "violations": violations})
        else:
            run.screen.note(f"{running.log.total} requests: {running.summary()}")

    await run_cloud(cloud, stopped, on_start=on_start, on_news=on_news)


def _share(text: str) -> tuple[FaultKind, float]:
    """Read KIND=SHARE."""
    kind, _, share = text.partition("=")
    return FaultKind(kind), float(share)


def _introduce(run: Run, vendor: Vendor, cloud: SimulatedCloud, devices: Sequence[str]) -> None:
    """Say where a cloud is, as lines for another shell or as one line of JSON."""
    if run.screen.as_json:
        credentials = {"url": cloud.url, "username": cloud.username, "password": cloud.password}
        run.screen.document({"vendor": vendor.value, **credentials, "devices": list(devices)})
        return
    run.screen.note(f"{KINDS[vendor].title} is simulated until Ctrl-C. For another shell:")
    values = (cloud.username, cloud.password, cloud.url)
    for name, value in zip(variables(vendor), values, strict=True):
        run.screen.say(f"export {name}={shlex.quote(value)}")
    if devices:
        run.screen.note(f"devices: {', '.join(devices)}")
