"""Devices as the carbonTRACK cloud describes them."""

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .house import Device, House

HOT_WATER_UNTIL_HOUR = 6


def of_customer(house: House, device: Device, reference: object) -> bool:
    """Say whether a device belongs to the customer asked for, if one is."""
    return reference is None or house.owner(device.device_id).reference == reference


def device_wire(house: House, device: Device, now: datetime) -> dict[str, object]:
    """Write a device with its weather and switches."""
    owner = house.owner(device.device_id)
    newest = newest_stamp(house, device, now)
    return {
        "DeviceID": device.device_id,
        "DeviceName": device.name,
        "CustomerRef": owner.reference,
        "IsRegistered": device.registered,
        "TimezoneId": 38,
        "SensorConfig": "CT4",
        "MeasurementConfig": f"{house.interval_s} s",
        "FirmwareVersion": "3.14.15",
        # One time with its zone and one without: the documentation calls both just a string.
        "DeviceStatusUpdateDateTime": now.strftime("%Y-%m-%dT%H:%M:%S"),
        "DeviceDataUpdateDateTime": None if newest is None else newest.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "IPAddress": owner.ip_address,
        "Longitude": owner.longitude_deg,
        "Latitude": owner.latitude_deg,
        "Distance": 0.0,
        "IsDeviceContainsInverter": "Generating" in device.fields,
        "Weather": _weather(device) if device.number % 2 == 0 else None,
        "Controls": [
            {
                "ControlId": 1,
                "ControlType": "HotWater",
                "IsSwitchEnabled": True,
                "Status": now.hour < HOT_WATER_UNTIL_HOUR,
            },
            {"ControlId": 2, "ControlType": "Pool", "IsSwitchEnabled": False, "Status": False},
        ]
        if device.number % 3 == 0
        else [],
    }


def newest_stamp(house: House, device: Device, now: datetime) -> datetime | None:
    """Find the end of the newest reading of the last hours."""
    day_ago = datetime.fromtimestamp(now.timestamp() - 86_400, now.tzinfo)
    pieces = house.stamps(device.device_id, day_ago, now, now)
    return datetime.fromtimestamp(pieces[-1][-1], now.tzinfo) if pieces else None


def _weather(device: Device) -> dict[str, object]:
    """Describe the weather where the device is."""
    return {
        "WeatherLocation": "Nowhere",
        "WeatherTemperature": "21.50",
        "WeatherIcon": "partly-cloudy",
        "DeviceName": device.name,
        "DeviceId": device.device_id,
    }
