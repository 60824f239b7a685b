"""The actions that ask what Voltaware knows of a home, and tell it, against the simulated cloud."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from action_bench import call, failure, refusal
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from accounts import async_load_voltaware
from aiowattbridge.simulators import Fault, VoltawareSimulator
from custom_components.wattbridge.const import DOMAIN

HOME: dict[str, Any] = {
    "property_type": "home",
    "power_generator_source": "none",
    "home_type": "house",
    "home_usage_type": "primary",
    "home_size": 120.5,
    "bedroom_amount": 3,
    "people_amount": 4,
    "people_amount_in_day_time": 0,
    "people": [{"age_range": "adult", "amount": 2}, {"age_range": "SIX_TO_EIGHTEEN", "amount": 2}],
}
OFFICE: dict[str, Any] = {"property_type": "office", "power_generator_source": "none"}
BOILER: dict[str, Any] = {"amount": 1, "water_tank": True}
SETTERS: dict[str, dict[str, Any]] = {
    "set_voltaware_property": OFFICE,
    "set_voltaware_appliances": {"appliances": [{"key": "kettle", "amount": 1}]},
    "set_voltaware_geolocation": {},
}

NOT_TAKEN: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("set_voltaware_property", {"property_type": "castle"}, "property_type", "OFFICE"),
    ("set_voltaware_property", {"property_type": "office"}, "power_generator_source", "SOLAR"),
    ("set_voltaware_property", {**OFFICE, "bedroom_amount": 1}, "bedroom_amount", "HOME"),
    ("set_voltaware_property", {**HOME, "home_size": "large"}, "home_size", "square metres"),
    ("set_voltaware_property", {**HOME, "people_amount": 0}, "people_amount", "from 1 upwards"),
    ("set_voltaware_property", {**HOME, "people": 4}, "people", "list"),
    (
        "set_voltaware_property",
        {**HOME, "people": [{"age_range": "old", "amount": 1}]},
        "people.0.age_range",
        "PENSIONER",
    ),
    ("set_voltaware_appliances", {"appliances": [{"key": "sauna", "amount": 1}]}, "appliances.0.key", "KETTLE"),
    (
        "set_voltaware_appliances",
        {"appliances": [{"key": "kettle", "amount": 1}, {"key": "fridge", "amount": 1}]},
        "appliances.1.type",
        "is missing",
    ),
    (
        "set_voltaware_appliances",
        {"appliances": [{"key": "electric_vehicle", "amount": 2, "type": "car", "wattages": [7400]}]},
        "appliances.0.wattages",
        "as many numbers",
    ),
    (
        "set_voltaware_appliances",
        {"appliances": [{"key": "kettle", "amount": 1, "type": "mini"}]},
        "appliances.0.type",
        "is no field of KETTLE",
    ),
    ("set_voltaware_appliances", {"appliances": {"version": "1.0"}}, "appliances", "list"),
)


@pytest.fixture
async def cloud() -> AsyncIterator[VoltawareSimulator]:
    """A cloud with one meter, which was told nothing yet."""
    async with VoltawareSimulator() as simulator:
        yield simulator


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: VoltawareSimulator) -> AsyncIterator[MockConfigEntry]:
    """An account with that meter."""
    entry = await async_load_voltaware(hass, cloud)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def told(cloud: VoltawareSimulator, part: str) -> dict[str, Any] | None:
    """Return what the cloud was told."""
    return cloud.metadata.get((cloud.device_ids[0], part))


async def test_home_that_nothing_is_known_of(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """That is no failure."""
    (device_id,) = cloud.device_ids
    assert await call(hass, "get_voltaware_metadata", device_id=device_id) == {
        "device_id": device_id,
        "name": "Home",
        "property": None,
        "appliances": None,
        "geolocation_known": False,
    }


async def test_home_is_told_and_read_back(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """In small letters or the vendor's capitals; what comes back can be told again."""
    (device_id,) = cloud.device_ids
    response = await call(hass, "set_voltaware_property", device_id=device_id, **HOME)
    assert response["confirmed"] is True
    assert response["property"] == {
        **HOME,
        "property_type": "HOME",
        "power_generator_source": "NONE",
        "home_type": "HOUSE",
        "home_usage_type": "PRIMARY",
        "people": [{"age_range": "ADULT", "amount": 2}, {"age_range": "SIX_TO_EIGHTEEN", "amount": 2}],
    }
    assert told(cloud, "property") == {**response["property"], "version": "1.0"}
    again = await call(hass, "set_voltaware_property", device_id=device_id, **response["property"])
    assert again == response
    known = await call(hass, "get_voltaware_metadata", device_id=device_id)
    assert known["property"] == response["property"]


async def test_business_has_neither_people_nor_rooms(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """And a home may leave the ages out."""
    (device_id,) = cloud.device_ids
    response = await call(hass, "set_voltaware_property", device_id=device_id, **OFFICE)
    assert response["property"] == {"property_type": "OFFICE", "power_generator_source": "NONE"}
    ageless = {name: value for name, value in HOME.items() if name != "people"}
    response = await call(hass, "set_voltaware_property", device_id=device_id, **ageless)
    assert response["property"]["people"] == []
    assert response["confirmed"] is True


async def test_home_that_produces_energy_is_noticed_at_once(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """Voltaware does not support it, and Home Assistant says so."""
    (device_id,) = cloud.device_ids
    solar = {"property_type": "office", "power_generator_source": "solar"}
    for fields, produces in ((OFFICE, False), (solar, True), (OFFICE, False)):
        await call(hass, "set_voltaware_property", device_id=device_id, **fields)
        assert entry.runtime_data.coordinator.data[device_id].produces_energy is produces


async def test_vendors_other_word_for_industry_is_confirmed(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """Its pages have two spellings."""
    cloud.industry_spelling = "INDUSTRY"
    fields = {"device_id": cloud.device_ids[0], "property_type": "industrial", "power_generator_source": "none"}
    response = await call(hass, "set_voltaware_property", **fields)
    assert (response["confirmed"], response["property"]["property_type"]) == (True, "INDUSTRIAL")


async def test_appliances_are_told_and_read_back(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """As the form has them, where watts are typed, or as YAML reads a no; a name stays as it is written."""
    (device_id,) = cloud.device_ids
    given = [
        {"key": "electric_vehicle", "amount": 2, "type": "car", "wattages": ["7400", 11000]},
        {"key": "TUMBLE_DRYER", "amount": 1, "type": "i_dont_know", "usage_types": ["autumn", "WINTER"]},
        {"key": "gas_heating", "amount": 1, "any_electric_heater": False},
        {"key": "other", "amount": 1, "name": "Grandfather's lathe"},
        {"key": "kettle", "amount": 1},
        {**BOILER, "key": "electric_boiler", "usage_type": "both", "coupled_with_solar_thermal_system": False},
    ]
    response = await call(hass, "set_voltaware_appliances", device_id=device_id, appliances=given)
    assert response["confirmed"] is True
    assert response["appliances"] == [
        {"key": "ELECTRIC_VEHICLE", "amount": 2, "type": "CAR", "wattages": [7400, 11000]},
        {"key": "TUMBLE_DRYER", "amount": 1, "type": "I_DONT_KNOW", "usage_types": ["AUTUMN", "WINTER"]},
        {"key": "GAS_HEATING", "amount": 1, "any_electric_heater": False},
        {"key": "OTHER", "amount": 1, "name": "Grandfather's lathe"},
        {"key": "KETTLE", "amount": 1},
        {**BOILER, "key": "ELECTRIC_BOILER", "usage_type": "BOTH", "coupled_with_solar_thermal_system": "NO"},
    ]
    assert told(cloud, "appliances") == {"appliances": response["appliances"], "version": "1.0"}
    wrapped = {"appliances": response["appliances"], "version": "1.0"}
    assert await call(hass, "set_voltaware_appliances", device_id=device_id, appliances=wrapped) == response
    known = await call(hass, "get_voltaware_metadata", device_id=device_id)
    assert known["appliances"] == response["appliances"]


async def test_empty_list_says_that_there_are_none(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """Which is something else than nothing being known."""
    response = await call(hass, "set_voltaware_appliances", device_id=cloud.device_ids[0], appliances=[])
    assert (response["confirmed"], response["appliances"]) == (True, [])


async def test_what_voltaware_does_not_take_is_not_sent(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """The text names the field and what is accepted."""
    for action, fields, field, accepted in NOT_TAKEN:
        key, placeholders = await refusal(hass, action, device_id=cloud.device_ids[0], **fields)
        assert key == "field_refused"
        assert placeholders is not None
        assert placeholders["field"] == field
        assert accepted in placeholders["accepted"]
    assert not cloud.metadata


async def test_place_comes_from_home_assistant_and_is_shown_nowhere(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in an answer nor in the log."""
    (device_id,) = cloud.device_ids
    await hass.config.async_update(latitude=48.13712, longitude=-11.57654)
    # Home Assistant itself logs the change of its own settings.
    await async_wait_recording_done(hass)
    caplog.set_level("DEBUG")
    caplog.clear()
    response = await call(hass, "set_voltaware_geolocation", device_id=device_id)
    assert response == {"device_id": device_id, "name": "Home", "confirmed": True}
    assert told(cloud, "geolocation") == {"latitude": 48.13712, "longitude": -11.57654}
    known = await call(hass, "get_voltaware_metadata", device_id=device_id)
    assert known["geolocation_known"] is True
    for degrees in ("48.137", "11.576"):
        assert degrees not in f"{response}{known}"
        assert degrees not in caplog.text


async def test_home_without_a_place_is_not_told(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """Nought and nought is what Home Assistant has before anybody has set it."""
    await hass.config.async_update(latitude=0, longitude=0)
    key, _ = await refusal(hass, "set_voltaware_geolocation", device_id=cloud.device_ids[0])
    assert key == "home_not_set"
    assert not cloud.metadata


class Forgetful(dict[tuple[str, str], dict[str, object]]):
    """Keeps nothing of what it is told."""

    def __setitem__(self, key: tuple[str, str], value: dict[str, object]) -> None:
        """Forget at once."""


@pytest.mark.parametrize("action", SETTERS)
async def test_what_was_not_taken_over_is_not_confirmed(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, action: str
) -> None:
    """The answer is what Voltaware says afterwards, not what it was told."""
    cloud.metadata = Forgetful()
    response = await call(hass, action, device_id=cloud.device_ids[0], **SETTERS[action])
    assert response.pop("confirmed") is False
    assert response.get("property") is None
    assert response.get("appliances") is None


@pytest.mark.parametrize("action", [*SETTERS, "get_voltaware_metadata"])
async def test_cloud_that_cannot_answer_is_said(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, action: str
) -> None:
    """As a failure on the way, which is nobody's mistake."""
    fields = {"device_id": cloud.device_ids[0], **SETTERS.get(action, {})}
    cloud.faults.script("*", [Fault("status", status=422)] * 8)
    assert await failure(hass, action, **fields) == "request_rejected"
    cloud.faults.clear()
    cloud.password = "another one"
    cloud.tokens.refuses_refresh = True
    cloud.tokens.expire_all()
    assert await failure(hass, action, **fields) == "invalid_auth"
    await hass.async_block_till_done(wait_background_tasks=False)
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]


@pytest.mark.parametrize("action", SETTERS)
async def test_only_administrators_tell_anything(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, hass_read_only_user: User, action: str
) -> None:
    """What is told changes what the cloud makes of the home."""
    fields = {"device_id": cloud.device_ids[0], **SETTERS[action]}
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, action, fields, blocking=True, context=Context(user_id=hass_read_only_user.id)
        )
    assert not cloud.metadata


@pytest.mark.parametrize("action", [*SETTERS, "get_voltaware_metadata"])
async def test_meter_that_there_is_not_is_refused(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, action: str
) -> None:
    """The text says of which vendor one is wanted."""
    refused = await refusal(hass, action, device_id="nobody", **SETTERS.get(action, {}))
    assert refused == ("device_unknown", {"device": "nobody", "vendor": "Voltaware"})
