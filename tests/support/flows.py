"""Going through the account flows as a user does."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from aiowattbridge.simulators import CarbonTrackSimulator, VoltawareSimulator, WattCarbonSimulator, WatticsSimulator
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.vendors.carbontrack import account_settings

type Cloud = CarbonTrackSimulator | VoltawareSimulator | WatticsSimulator | WattCarbonSimulator

READINGS = {"grid_field": "power_usage_net", "power_unit": "wh", "history_days": 2}


def login(cloud: Cloud, **changes: str) -> dict[str, Any]:
    """Fill in the form of an account."""
    values = {"username": cloud.username, "password": cloud.password, "base_url": cloud.url, **changes}
    base_url = values.pop("base_url")
    return {**values, "advanced": {"base_url": base_url}}


async def choose(hass: HomeAssistant, vendor: str) -> str:
    """Open the menu and choose a cloud; returns the flow's id."""
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["carbontrack", "voltaware", "wattics", "wattcarbon"]
    form = await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": vendor})
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == vendor
    return str(form["flow_id"])


async def sign_in(hass: HomeAssistant, vendor: str, cloud: Cloud) -> Any:
    """Choose a cloud and give the right login; returns what comes after it."""
    return await submit(hass, await choose(hass, vendor), login(cloud))


async def add_carbontrack(hass: HomeAssistant, cloud: CarbonTrackSimulator, **readings: Any) -> Any:
    """Go all the way through the flow of a carbonTRACK account with one device."""
    form = await sign_in(hass, "carbontrack", cloud)
    assert form["step_id"] == "devices", form
    form = await submit(hass, form["flow_id"], {"devices": [cloud.house.device_ids[0]]})
    assert form["step_id"] == "readings", form
    return await submit(hass, form["flow_id"], READINGS | readings)


async def submit(hass: HomeAssistant, flow_id: str, values: dict[str, Any]) -> Any:
    """Submit a form of an account's flow."""
    return await hass.config_entries.flow.async_configure(flow_id, values)


def suggested(schema: Any, field: str) -> Any:
    """Return what a shown form suggests for a field."""
    for marker in schema.schema:
        if marker == field:
            return (marker.description or {}).get("suggested_value")
    raise AssertionError(field)


def offered(schema: Any, field: str) -> list[Any]:
    """Return what a shown form offers for a field."""
    return list(schema.schema[field].config["options"])


async def open_options(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Open the options of an account."""
    return await hass.config_entries.options.async_init(entry.entry_id)


async def submit_options(hass: HomeAssistant, form: Any, values: dict[str, Any]) -> Any:
    """Submit a form of the options."""
    return await hass.config_entries.options.async_configure(form["flow_id"], values)


def filled(entry: MockConfigEntry, **changes: Any) -> dict[str, Any]:
    """Fill in the form as it is shown, but for some changes; intervals by device id."""
    intervals_s = changes.pop("intervals_s", {})
    account = account_settings(entry)
    labels = {device_id: f"{name} ({device_id})" for device_id, name in account.names.items()}
    return {
        "grid_field": account.grid_field,
        "power_unit": account.unit.name.lower(),
        "statistics": [series.key for series in account.series],
        "history_days": account.history_days,
        "follow_new_devices": entry.options.get("follow_new_devices", False),
        "intervals_s": {
            label: intervals_s.get(device_id, account.intervals_s[device_id]) for device_id, label in labels.items()
        },
    } | changes
