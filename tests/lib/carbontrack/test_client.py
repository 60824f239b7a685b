"""The carbonTRACK client against the vendor's cloud as its pages describe it, and in bulk."""

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

import aiohttp
import pytest
from carbontrack_bench import DEVICE, END, START, TokenDesk, by_page, count, read_measurements
from kernel_bench import JumpingClock

from aiowattbridge.carbontrack import CarbonTrackClient, Measurement, wire
from aiowattbridge.carbontrack.models import wire_name
from aiowattbridge.errors import ForbiddenError, ResponseError
from aiowattbridge.retry import RetryPolicy
from aiowattbridge.simulators import CarbonTrackSimulator


async def test_request_for_measurements_holds_what_was_given_and_no_more(
    client: CarbonTrackClient, desk: TokenDesk
) -> None:
    """Times in UTC with a Z, whole seconds that leave nothing out."""
    desk.serve_recorded("all_fields")
    sydney = timezone(timedelta(hours=11))
    start = datetime(2026, 3, 1, 11, 0, 0, 250_000, tzinfo=sydney)
    end = datetime(2026, 3, 2, 11, 0, 0, 1, tzinfo=sydney)
    assert await count(client.measurements(DEVICE, start, end, distributor_id="d", file_id="f")) == 1
    assert json.loads(desk.asked[0].body) == {
        "ID": "f",
        "DeviceID": DEVICE,
        "DistributorID": "d",
        "FromUTCDate": "2026-03-01T00:00:00Z",
        "ToUTCDate": "2026-03-02T00:00:01Z",
        "PageIndex": 0,
    }


async def test_request_for_devices_holds_what_was_given_and_no_more(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """All filters, or none."""
    desk.serve_recorded("device")
    await count(client.devices())
    await count(
        client.devices(
            device_id=DEVICE, customer_reference="r", distributor_id="d", registered_only=False, advance_key="k"
        )
    )
    assert [json.loads(seen.body) for seen in desk.asked] == [
        {"PageIndex": 0},
        {
            "DeviceID": DEVICE,
            "CustomerReference": "r",
            "DistributorID": "d",
            "RegisteredOnly": False,
            "AdvanceKey": "k",
            "PageIndex": 0,
        },
    ]


def test_period_has_to_be_one(client: CarbonTrackClient) -> None:
    """Said at once, before anything is sent."""
    naive = datetime(2026, 3, 1)  # noqa: DTZ001 - that is the point
    for ask in (client.measurements, client.readings):
        with pytest.raises(ValueError, match=r"^start must be an aware time"):
            ask(DEVICE, naive, END)
        with pytest.raises(ValueError, match=r"^end must be an aware time"):
            ask(DEVICE, START, naive)
        with pytest.raises(ValueError, match=r"^end .*ends before it starts"):
            ask(DEVICE, END, START)


def test_blank_identifiers_are_refused(client: CarbonTrackClient) -> None:
    """The cloud could take them for any device or any distributor."""
    with pytest.raises(ValueError, match=r"^device_id must not be blank"):
        client.measurements(" ", START, END)
    with pytest.raises(ValueError, match=r"^distributor_id must not be blank"):
        client.measurements(DEVICE, START, END, distributor_id="")
    with pytest.raises(ValueError, match=r"^device_id must not be blank"):
        client.devices(device_id="")


async def test_size_of_customer_pages_is_asked_for(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Where the hundred of the page's example does not suit."""
    desk.serve_recorded("customer")
    await count(client.customers(page_size=7))
    assert desk.asked[0].path.endswith("customerRequest.page=1&customerRequest.pageSize=7")
    with pytest.raises(ValueError, match=r"^page_size"):
        client.customers(page_size=0)


@pytest.mark.parametrize("url", ["http://cloud.example", "https://me:pw@cloud.example"])
async def test_unsafe_base_url_is_refused(session: aiohttp.ClientSession, url: str) -> None:
    """Before a password is sent there."""
    with pytest.raises(ValueError, match="The URL"):
        CarbonTrackClient("u", "p", session=session, base_url=url)


async def test_whole_account_is_read(visitor: CarbonTrackClient, simulator: CarbonTrackSimulator) -> None:
    """Login, distributors, customers, devices."""
    await visitor.verify()
    assert [found.id for found in await visitor.distributors()] == [simulator.house.distributor_id]
    customers = [customer async for customer in visitor.customers()]
    devices = [device.device_id async for device in visitor.devices()]
    assert devices == [device.device_id for device in simulator.house.devices]
    assert [device for customer in customers for device in customer.devices] == devices
    assert not simulator.log.violations


async def test_foreign_device_is_forbidden(visitor: CarbonTrackClient) -> None:
    """The cloud's 403."""
    with pytest.raises(ForbiddenError):
        await count(visitor.measurements("4800000799999999", START, END))


@pytest.mark.parametrize(("first", "zero"), [(0, "first"), (1, "first"), (1, "echo"), (1, "empty")])
@pytest.mark.parametrize("faults", [[], ["empty_page", None, "duplicate_page"], ["server_error", "token_expired"]])
async def test_simulated_cloud_is_read_whole_however_it_counts_and_fails(
    visitor: CarbonTrackClient,
    simulator: CarbonTrackSimulator,
    first: Literal[0, 1],
    zero: Literal["first", "echo", "empty"],
    faults: list[str | None],
) -> None:
    """A fortnight in pages of 500, counted from 0 or from 1, with passing faults in between."""
    simulator.page_size = 500
    simulator.first_page, simulator.page_zero = first, zero
    [device] = simulator.house.devices
    await visitor.verify()
    simulator.faults.script("/ctapi/Measurement", [None, None, *faults])
    end = datetime(2026, 3, 14, tzinfo=UTC)
    records = [record async for record in visitor.measurements(device.device_id, end - timedelta(days=14), end)]
    assert [record.recorded_at for record in records] == [
        end - timedelta(days=14) + timedelta(minutes=5 * number) for number in range(14 * 288 + 1)
    ]
    assert simulator.faults.pending == 0


PAGES = 30
PAGE = 1000
NUMBERS = [wire_name(field.name) for field in fields(Measurement)[3:]]


def long_page(number: int) -> str:
    """Write a page of a long period, the last record of the page before again at its beginning."""
    first = datetime(2025, 1, 1, tzinfo=UTC)
    numbers = ",".join(f'"{name}":"12.34"' for name in NUMBERS)
    records = ",".join(
        f'{{"ID":"{step}","DeviceID":"{DEVICE}",'
        f'"RecordDateTime":"{first + timedelta(minutes=5 * step):%Y-%m-%dT%H:%M:%SZ}",{numbers}}}'
        for step in range(max(number * PAGE - 1, 0), (number + 1) * PAGE)
    )
    return f'{{"Measurements":[{records}],"Count":{PAGE},"Pages":{PAGES},"PagesIndex":{number}}}'


async def test_long_period_is_read_in_the_memory_of_a_few_pages(
    session: aiohttp.ClientSession, desk: TokenDesk, clock: JumpingClock
) -> None:
    """However many there are: what 25 pages more would take together is three times the bound."""
    desk.serve(by_page(long_page))
    client = CarbonTrackClient("u", "p", session=session, base_url=desk.cloud.url, clock=clock, policy=RetryPolicy())
    seen = before = 0
    tracemalloc.start()
    try:
        async for _ in client.measurements(DEVICE, START, END):
            seen += 1
            if seen == 5 * PAGE:
                tracemalloc.reset_peak()
                before, _ = tracemalloc.get_traced_memory()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == PAGES * PAGE
    assert peak - before < 12_000_000


def many(layout: Callable[[str], str]) -> str:
    """Write one large page in some layout."""
    records = ",".join(
        f'{{"DeviceID":"{DEVICE}","RecordDateTime":"{START + timedelta(minutes=5 * step):%Y-%m-%dT%H:%M:%SZ}",'
        f'"PowerUsage":"{step}.00"}}'
        for step in range(5000)
    )
    return layout(f'{{"Measurements":[{records}],"Count":5000,"Pages":1}}')


@pytest.mark.parametrize(
    "layout",
    [
        lambda text: text,
        lambda text: json.dumps(json.loads(text)),
        lambda text: json.dumps(json.loads(text), indent=1),
        lambda text: text[:-1] + ',"Extra":[{"a":1},{"b":2}]}',
        lambda text: text.replace('"PowerUsage":"2000.00"', '"PowerUsage":"2000.00","Note":"},{"'),
        lambda text: text.replace('"Measurements":[', '"Note":"\\"Measurements\\":[","Measurements":['),
    ],
    ids=["compact", "spaced", "indented", "another list behind", "a cut inside a text", "a start inside a text"],
)
async def test_large_page_is_read_alike_in_any_layout(
    client: CarbonTrackClient, desk: TokenDesk, layout: Callable[[str], str]
) -> None:
    """In stretches where it can be cut, else whole."""
    desk.serve(by_page(lambda _: many(layout)))
    records = await read_measurements(client)
    assert [record.power_usage for record in records] == [float(step) for step in range(5000)]


def test_large_page_is_cut_into_stretches_of_whole_records() -> None:
    """So that no single one keeps the event loop for long."""
    wrapping, *stretches = wire._cut(many(str).encode())
    assert json.loads(wrapping) == {"Measurements": [], "Count": 5000, "Pages": 1}
    assert len(stretches) > 1
    assert max(map(len, stretches)) < 300_000
    assert sum(len(json.loads(stretch)) for stretch in stretches) == 5000


async def test_malformed_field_of_a_large_page_is_named(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """With the number of its record in the whole page."""
    desk.serve(by_page(lambda _: many(lambda text: text.replace('"4321.00"', '"4_321"'))))
    with pytest.raises(ResponseError, match=r"field Measurements\.4321\.PowerUsage is malformed"):
        await read_measurements(client)
