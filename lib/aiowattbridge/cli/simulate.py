"""`simulate`: one of the clouds on this machine, strict as its documents are."""

from enum import StrEnum
from typing import Annotated, Final, Literal

import typer

from ..simulators import (
    CarbonTrackSimulator,
    House,
    Site,
    VoltawareSimulator,
    WattCarbonSimulator,
    WatticsSimulator,
)
from ..simulators.voltaware import ZONES
from .accounts import Vendor
from .command import Run, command
from .serving import FaultOption, LatencyOption, NowOption, PortOption, SeedOption, make_clock, serve
from .times import read_zone

_SITE: Final = Site()


class Shape(StrEnum):
    """How the collector shows a stream's last packet."""

    OBJECT = "object"
    LIST = "list"
    UNKNOWN = "unknown"


class Unit(StrEnum):
    """What the figures by day of a report are in; the vendor's page says the one and shows the other."""

    KWH = "kWh"
    WH = "Wh"


class Paths(StrEnum):
    """Where WattCarbon keeps assets: under its newer name, its older one, or both."""

    ASSETS = "assets"
    DEVICES = "devices"
    BOTH = "both"


_COLLECTIONS: Final[dict[Paths, tuple[Literal["assets", "devices"], ...]]] = {
    Paths.ASSETS: ("assets",),
    Paths.DEVICES: ("devices",),
    Paths.BOTH: ("assets", "devices"),
}


class Uploads(StrEnum):
    """How WattCarbon may want a file."""

    MULTIPART = "multipart"
    RAW = "raw"
    BOTH = "both"


DevicesOption = Annotated[int, typer.Option("--devices", min=1, metavar="N", help="How many meters the account has.")]
IntervalSOption = Annotated[int, typer.Option("--interval", min=1, metavar="SECONDS", help="Seconds between readings.")]
PageSizeOption = Annotated[int, typer.Option("--page-size", min=1, metavar="N", help="Records on a page.")]
LatitudeDegOption = Annotated[
    float, typer.Option("--latitude", min=-90, max=90, metavar="DEGREES", help="Where the house stands.")
]
LongitudeDegOption = Annotated[
    float, typer.Option("--longitude", min=-180, max=180, metavar="DEGREES", help="Where the house stands.")
]


ShapeOption = Annotated[Shape, typer.Option("--get-shape", help="How a stream's last packet is shown.")]
StreamsOption = Annotated[
    list[str] | None,
    typer.Option("--stream", metavar="ID", help="A stream that is registered; without any, all are."),
]


AssetsOption = Annotated[int, typer.Option("--assets", min=0, metavar="N", help="How many assets there are already.")]
HistoryDaysOption = Annotated[
    int, typer.Option("--history", min=0, metavar="DAYS", help="How many days of their hours are there already.")
]
CollectionOption = Annotated[Paths, typer.Option("--collection", help="Under which path the assets are.")]
UploadOption = Annotated[Uploads, typer.Option("--upload", help="How a file may be put into a request.")]


ZonesOption = Annotated[
    list[str] | None,
    typer.Option("--zone", metavar="ZONE", help="The time zone of a meter; several are given to them in turn."),
]
ReportUnitOption = Annotated[Unit, typer.Option("--report-unit", help="What the figures by day of a report are in.")]


def add(app: typer.Typer) -> None:
    """Add the command's group."""
    group = typer.Typer(no_args_is_help=True, help="Run a simulated cloud on this machine, until Ctrl-C.")
    command(
        group,
        "carbontrack",
        about="Invent a house, and serve its readings as carbonTRACK does.",
        examples=[
            "aiowattbridge simulate carbontrack --port 8800 --seed 7 --devices 2",
            "aiowattbridge simulate carbontrack --fault server_error=0.05 --latency 0.2",
        ],
    )(simulate_carbontrack)
    command(
        group,
        "voltaware",
        about="Invent homes that only consume, and serve what Voltaware finds out about them.",
        examples=["aiowattbridge simulate voltaware --port 8802 --devices 3"],
    )(simulate_voltaware)
    command(
        group,
        "wattics",
        about="Take packets as the Wattics collector does, and say what is wrong with them.",
        examples=["aiowattbridge simulate wattics --port 8801 --fault cut_after=0.01"],
    )(simulate_wattics)
    command(
        group,
        "wattcarbon",
        about="Hold assets and meters as WattCarbon does, and take their series by the letter.",
        examples=["aiowattbridge simulate wattcarbon --port 8803 --assets 3"],
    )(simulate_wattcarbon)
    app.add_typer(group, name="simulate")


async def simulate_carbontrack(
    run: Run,
    *,
    devices: DevicesOption = 1,
    interval_s: IntervalSOption = 300,
    page_size: PageSizeOption = 2000,
    latitude_deg: LatitudeDegOption = _SITE.latitude_deg,
    longitude_deg: LongitudeDegOption = _SITE.longitude_deg,
    port: PortOption = 0,
    seed: SeedOption = 7,
    latency_s: LatencyOption = 0.0,
    fault: FaultOption = None,
    now: NowOption = None,
) -> None:
    """Serve an invented house until told to stop."""
    site = Site(latitude_deg=latitude_deg, longitude_deg=longitude_deg)
    house = House(seed, devices=devices, interval_s=interval_s, site=site)
    cloud = CarbonTrackSimulator(
        house=house, clock=make_clock(now), port=port, page_size=page_size, latency_s=latency_s
    )
    await serve(run, Vendor.CARBONTRACK, cloud, seed, fault, devices=house.device_ids)


async def simulate_voltaware(
    run: Run,
    *,
    devices: DevicesOption = 1,
    zones: ZonesOption = None,
    report_unit: ReportUnitOption = Unit.KWH,
    port: PortOption = 0,
    seed: SeedOption = 7,
    latency_s: LatencyOption = 0.0,
    fault: FaultOption = None,
    now: NowOption = None,
) -> None:
    """Serve invented homes until told to stop."""
    cloud = VoltawareSimulator(
        seed=seed,
        devices=devices,
        zones=[str(read_zone(zone)) for zone in zones] if zones else ZONES,
        clock=make_clock(now),
        port=port,
        latency_s=latency_s,
        report_unit=report_unit.value,
    )
    await serve(run, Vendor.VOLTAWARE, cloud, seed, fault, devices=cloud.device_ids)


async def simulate_wattics(
    run: Run,
    *,
    shape: ShapeOption = Shape.OBJECT,
    streams: StreamsOption = None,
    port: PortOption = 0,
    seed: SeedOption = 7,
    latency_s: LatencyOption = 0.0,
    fault: FaultOption = None,
    now: NowOption = None,
) -> None:
    """Take packets until told to stop."""
    cloud = WatticsSimulator(
        clock=make_clock(now), port=port, latency_s=latency_s, get_shape=shape.value, known_streams=streams or None
    )
    await serve(run, Vendor.WATTICS, cloud, seed, fault)


async def simulate_wattcarbon(
    run: Run,
    *,
    assets: AssetsOption = 1,
    history_days: HistoryDaysOption = 0,
    collection: CollectionOption = Paths.BOTH,
    upload: UploadOption = Uploads.MULTIPART,
    port: PortOption = 0,
    seed: SeedOption = 7,
    latency_s: LatencyOption = 0.0,
    fault: FaultOption = None,
    now: NowOption = None,
) -> None:
    """Take series until told to stop."""
    cloud = WattCarbonSimulator(
        clock=make_clock(now),
        port=port,
        latency_s=latency_s,
        seed=seed,
        assets=assets,
        history_days=history_days,
        collections=_COLLECTIONS[collection],
        upload=upload.value,
    )
    await serve(run, Vendor.WATTCARBON, cloud, seed, fault, devices=list(cloud.assets))
