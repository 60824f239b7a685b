"""carbonTRACK's records as the vendor's page shows them, and what of them shows in a repr."""

import json
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime

import pytest
from carbontrack_bench import DEVICE, TokenDesk, read_measurements, recorded
from kernel_bench import says

from aiowattbridge.carbontrack import CarbonTrackClient, Control, Measurement
from aiowattbridge.errors import ResponseError

PERSONAL = ("anary", "192.0.2.77", "149.13", "35.28", "1970")


async def test_measurement_has_all_37_fields_of_the_page(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Each number of the sample lands in the field of its name."""
    desk.serve_recorded("all_fields")
    [record] = await read_measurements(client)
    [wire] = json.loads(recorded("all_fields"))["Measurements"]
    assert len(fields(Measurement)) == len(wire) == 37
    assert record.recorded_at == datetime(2026, 3, 14, 12, tzinfo=UTC)
    read = {
        field.name.replace("_", "").lower(): getattr(record, field.name)
        for field in fields(Measurement)
        if field.name not in ("id", "device_id", "recorded_at")
    }
    sent = {
        name.lower(): float(value.replace(",", ""))
        for name, value in wire.items()
        if name not in ("ID", "DeviceID", "RecordDateTime")
    }
    assert read == sent


async def test_measurement_is_frozen(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """What the cloud measured is not ours to change."""
    desk.serve_recorded("all_fields")
    [record] = await read_measurements(client)
    with pytest.raises(FrozenInstanceError):
        record.power_usage = 0.0  # type: ignore[misc]  # that is the point
    assert not hasattr(record, "__dict__")


@pytest.mark.parametrize("field", ["DeviceID", "RecordDateTime"])
async def test_record_needs_device_and_time(client: CarbonTrackClient, desk: TokenDesk, field: str) -> None:
    """Without them nobody knows what it is."""
    answer = json.loads(recorded("all_fields"))
    del answer["Measurements"][0][field]
    desk.serve(says(json.dumps(answer)))
    with pytest.raises(ResponseError, match=rf"field Measurements\.0\.{field} is missing"):
        await read_measurements(client)


async def test_device_carries_weather_and_controls(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Everything the page shows."""
    desk.serve_recorded("device")
    [device] = [device async for device in client.devices()]
    assert (device.device_id, device.name, device.customer_reference) == (DEVICE, "Canary House", "canary-ref")
    assert (device.timezone_id, device.firmware_version, device.contains_inverter) == ("38", "3.14", True)
    assert device.status_updated_at == datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert device.data_updated_at == datetime(2026, 3, 14, 11, 55, tzinfo=UTC)
    assert (device.longitude, device.latitude, device.distance) == (149.13, -35.28, 0.0)
    assert device.weather is not None
    assert (device.weather.location, device.weather.temperature, device.weather.icon) == ("Canaryville", 21.5, "sunny")
    assert device.controls == (Control(control_id="1", control_type="HotWater", is_switch_enabled=True, status=False),)


async def test_device_may_have_hardly_anything(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Missing and null are None, an update in the year 1 is none."""
    desk.serve_recorded("device_sparse")
    [device] = [device async for device in client.devices()]
    assert device.device_id == DEVICE
    assert device.controls == ()
    assert {device.name, device.weather, device.data_updated_at, device.status_updated_at, device.longitude} == {None}


async def test_customer_and_distributor_are_read(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Ids are text, among them those of the customer's devices."""
    desk.serve_recorded("customer")
    [customer] = [customer async for customer in client.customers()]
    assert customer.devices == ("4800000700000001", "4800000700000002")
    assert (customer.first_name, customer.email, customer.timezone_id) == ("Canary", "canary@example.com", "38")
    desk.serve_recorded("distributor")
    [distributor] = await client.distributors()
    assert distributor.user_name == "canary-distributor"


async def test_repr_of_no_record_shows_anything_personal(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Names, addresses, birthdays, coordinates: a record may end up in a log."""
    shown = []
    desk.serve_recorded("device")
    shown += [repr(device) async for device in client.devices()]
    desk.serve_recorded("customer")
    shown += [repr(customer) async for customer in client.customers()]
    desk.serve_recorded("distributor")
    shown += [repr(distributor) for distributor in await client.distributors()]
    assert len(shown) == 3
    assert not [text for text in shown for secret in PERSONAL if secret in text]
