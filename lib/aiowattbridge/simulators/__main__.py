"""Run one simulated cloud in the foreground: `python -m aiowattbridge.simulators carbontrack --port 8800 --seed 7`."""

import argparse
import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from .carbontrack import CarbonTrackSimulator
from .day import Site
from .faults import FaultKind
from .house import House
from .wattics import WatticsSimulator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .server import SimulatedCloud

TOLD_EVERY = 100
LOOK_EVERY_S = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Start what the command line asks for and run it until it is told to stop."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        cloud = _carbontrack(options) if options.vendor == "carbontrack" else _wattics(options)
        cloud.faults.profile(options.seed, dict(options.fault or ()))
    except ValueError as error:
        parser.error(str(error))
    asyncio.run(_run(cloud))
    return 0


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="python -m aiowattbridge.simulators", description=__doc__)
    vendors = parser.add_subparsers(dest="vendor", required=True, metavar="carbontrack|wattics")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--port", type=int, default=0, help="loopback port (default: a free one)")
    common.add_argument("--seed", type=int, default=7, help="what the invented data and the faults are drawn from")
    common.add_argument("--latency", type=float, default=0.0, metavar="S", help="seconds every answer takes")
    kinds = ", ".join(kind.value for kind in FaultKind if kind is not FaultKind.STATUS)
    common.add_argument(
        "--fault", type=_share, action="append", metavar="KIND=SHARE", help=f"fail at random; kinds: {kinds}"
    )
    carbontrack = vendors.add_parser("carbontrack", parents=[common], help="devices and measurements")
    carbontrack.add_argument("--devices", type=int, default=1, help="how many meters the account has")
    carbontrack.add_argument("--interval", type=int, default=300, metavar="S", help="seconds between readings")
    carbontrack.add_argument("--page-size", type=int, default=2000, help="records a page")
    carbontrack.add_argument("--latitude", type=float, default=Site().latitude_deg)
    carbontrack.add_argument("--longitude", type=float, default=Site().longitude_deg)
    wattics = vendors.add_parser("wattics", parents=[common], help="a collector of packets")
    wattics.add_argument("--get-shape", choices=("object", "list", "unknown"), default="object")
    return parser


def _share(text: str) -> tuple[FaultKind, float]:
    """Read KIND=SHARE."""
    kind, _, share = text.partition("=")
    try:
        return FaultKind(kind), float(share)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _carbontrack(options: argparse.Namespace) -> SimulatedCloud:
    """Build the house and its cloud."""
    site = Site(latitude_deg=options.latitude, longitude_deg=options.longitude)
    house = House(options.seed, devices=options.devices, interval_s=options.interval, site=site)
    return CarbonTrackSimulator(house=house, port=options.port, page_size=options.page_size, latency_s=options.latency)


def _wattics(options: argparse.Namespace) -> SimulatedCloud:
    """Build the collector."""
    return WatticsSimulator(port=options.port, latency_s=options.latency, get_shape=options.get_shape)


async def _run(cloud: SimulatedCloud) -> None:
    """Say where the cloud is and how it goes, until Ctrl-C or a polite kill."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with cloud:
        print(f"url       {cloud.url}")
        print(f"username  {cloud.username}")
        print(f"password  {cloud.password}", flush=True)
        told = 0
        while not stopped.is_set():
            if cloud.log.total - told >= TOLD_EVERY:
                told = cloud.log.total
                print(f"{told} requests: {cloud.summary()}", flush=True)
            try:
                await asyncio.wait_for(stopped.wait(), LOOK_EVERY_S)
            except TimeoutError:
                continue
        print(f"{cloud.log.total} requests: {cloud.summary()}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
