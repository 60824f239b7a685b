"""What the simulated Voltaware cloud takes for a home: every constraint of the page, asked in plain HTTP."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal

import aiohttp
import pytest
from raw_voltaware import ID, NOVEMBER, Raw

from aiowattbridge.simulators import SimulatorClock, VoltawareSimulator
from aiowattbridge.simulators.voltaware_metadata import CHOICES

HOUSE: dict[str, object] = {
    "property_type": "HOME",
    "home_type": "HOUSE",
    "home_usage_type": "PRIMARY",
    "home_size": 80,
    "bedroom_amount": 2,
    "power_generator_source": "NONE",
    "people_amount": 3,
    "people_amount_in_day_time": 2,
    "people": [{"age_range": "ADULT", "amount": 2}, {"age_range": "ZERO_TO_FIVE", "amount": 1}],
    "version": "1.0",
}
OFFICE: dict[str, object] = {"property_type": "OFFICE", "power_generator_source": "SOLAR", "version": "1.0"}
# One of each kind, in the order of the page.
EVERYTHING: list[dict[str, object]] = [
    {"key": "AC", "amount": 1, "type": "MINI_SPLIT", "usage_type": "BOTH"},
    {"key": "DEHUMIDIFIER", "amount": 1},
    {"key": "DISHWASHER", "amount": 1},
    {
        "key": "ELECTRIC_BOILER",
        "amount": 1,
        "usage_type": "WATER_HEATING",
        "coupled_with_solar_thermal_system": "NO",
        "water_tank": True,
    },
    {"key": "ELECTRIC_HEATING", "amount": 1, "type": "UNDERFLOOR"},
    {"key": "ELECTRIC_LAWN_MOWER", "amount": 1},
    {"key": "ELECTRIC_OVEN", "amount": 1, "type": "MICROWAVE"},
    {"key": "ELECTRIC_SHOWER", "amount": 2},
    {"key": "ELECTRIC_STOVE", "amount": 1, "type": "INDUCTION"},
    {"key": "ELECTRIC_VEHICLE", "amount": 2, "type": "BIKE", "wattages": [750, 750]},
    {"key": "FRIDGE", "amount": 1, "type": "FREEZER"},
    {"key": "GAS_HEATING", "amount": 1, "any_electric_heater": True},
    {"key": "HUMIDIFIER", "amount": 1},
    {"key": "JACUZZI", "amount": 1},
    {"key": "KETTLE", "amount": 1},
    {"key": "POOL_PUMP", "amount": 1},
    {"key": "TUMBLE_DRYER", "amount": 1, "type": "I_DONT_KNOW", "usage_types": ["AUTUMN", "SPRING", "WINTER"]},
    {"key": "WASHING_MACHINE", "amount": 1},
    {"key": "OTHER", "amount": 3, "name": "Sprinklers"},
]
BY_KEY = {str(one["key"]): one for one in EVERYTHING}
# The words of the page, written down once more: the cloud's own table is not its own judge.
WORDS = {
    ("AC", "type"): "CENTRALISED MINI_SPLIT WINDOW OTHER I_DONT_KNOW",
    ("AC", "usage_type"): "SUMMER WINTER BOTH",
    ("ELECTRIC_BOILER", "usage_type"): "SPACE_HEATING WATER_HEATING BOTH",
    ("ELECTRIC_BOILER", "coupled_with_solar_thermal_system"): "YES NO NOT_SURE",
    ("ELECTRIC_HEATING", "type"): "HEAT_PUMP HEAT_STORAGE RADIATOR UNDERFLOOR OTHER",
    ("ELECTRIC_OVEN", "type"): "MICROWAVE MINI REGULAR",
    ("ELECTRIC_STOVE", "type"): "ELECTRIC INDUCTION",
    ("ELECTRIC_VEHICLE", "type"): "BIKE CAR MOTORBIKE SCOOTER",
    ("FRIDGE", "type"): "FRIDGE FREEZER FRIDGE_AND_FREEZER SMALL_ELECTRIC_WINE_CELLAR LARGE_ELECTRIC_WINE_CELLAR",
    ("TUMBLE_DRYER", "type"): "CONDENSER HEAT_PUMP VENTED I_DONT_KNOW",
}


@pytest.fixture
async def cloud() -> AsyncIterator[VoltawareSimulator]:
    """One home, the time standing still in November."""
    async with VoltawareSimulator(clock=SimulatorClock(NOVEMBER, frozen=True)) as running:
        yield running


@pytest.fixture
async def raw(cloud: VoltawareSimulator, http: aiohttp.ClientSession) -> Raw:
    """Somebody with a token."""
    visitor = Raw(http, cloud)
    assert await visitor.log_in() == 200
    return visitor


def changed(body: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Change fields; an ellipsis takes one out."""
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def listed(*appliances: Mapping[str, object]) -> dict[str, object]:
    """Make a list of appliances to be put."""
    return {"appliances": list(appliances), "version": "1.0"}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("property", HOUSE),
        ("property", OFFICE),
        ("property", changed(HOUSE, {"people": [], "home_size": 49.8, "people_amount_in_day_time": 0})),
        ("appliances", listed(*EVERYTHING)),
        ("appliances", listed()),
        ("geolocation", {"latitude": 51.509865, "longitude": -0.118092}),
        ("geolocation", {"latitude": -90, "longitude": 180}),
    ],
)
async def test_what_is_put_is_what_is_got(raw: Raw, name: str, body: dict[str, object]) -> None:
    """404 before, 204 and nothing else when it is put, and each home has its own."""
    assert await raw.status(f"/metadata/{name}") == 404
    assert await raw.put(name, body) == (204, None)
    assert await raw.get(f"/metadata/{name}") == body


async def test_put_replaces_the_whole(raw: Raw) -> None:
    """Nothing of what was there before is left."""
    await raw.put("property", HOUSE)
    await raw.put("property", OFFICE)
    assert await raw.get("/metadata/property") == OFFICE


@pytest.mark.parametrize("spelling", ["INDUSTRIAL", "INDUSTRY"])
async def test_industry_is_put_by_one_word_and_shown_by_one_of_two(
    raw: Raw, spelling: Literal["INDUSTRIAL", "INDUSTRY"]
) -> None:
    """The table of the page has the first, its sample the second."""
    raw.cloud.industry_spelling = spelling
    status, message = await raw.put("property", OFFICE | {"property_type": "INDUSTRY"})
    assert (status, str(message).partition(" ")[0]) == (400, "property_type")
    assert (await raw.put("property", OFFICE | {"property_type": "INDUSTRIAL"}))[0] == 204
    assert (await raw.get("/metadata/property"))["property_type"] == spelling


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("home_type", "FLAT HOUSE"),
        ("home_usage_type", "PRIMARY SECONDARY"),
        ("power_generator_source", "SOLAR HYDROELECTRICITY WIND BATTERY OTHER NONE"),
    ],
)
async def test_words_of_a_home(raw: Raw, name: str, words: str) -> None:
    """Each of the page, in capitals."""
    for word in words.split():
        assert (await raw.put("property", HOUSE | {name: word}))[0] == 204
    assert (await raw.put("property", HOUSE | {name: words.split(maxsplit=1)[0].lower()}))[0] == 400


async def test_types_of_properties_and_ages(raw: Raw) -> None:
    """A business of each type, people of each age."""
    for kind in ("OFFICE", "COMMERCIAL", "INDUSTRIAL"):
        assert (await raw.put("property", OFFICE | {"property_type": kind}))[0] == 204
    for age in ("ZERO_TO_FIVE", "SIX_TO_EIGHTEEN", "ADULT", "PENSIONER"):
        assert (await raw.put("property", HOUSE | {"people": [{"age_range": age, "amount": 1}]}))[0] == 204


@pytest.mark.parametrize("name", sorted(HOUSE))
async def test_every_field_of_a_home_is_required(raw: Raw, name: str) -> None:
    """Also the empty list of people; the refusal names what is missing."""
    expected = "property_type is none of" if name == "property_type" else f"{name} is missing"
    status, message = await raw.put("property", changed(HOUSE, {name: ...}))
    assert status == 400
    assert str(message).startswith(expected)
    assert await raw.status("/metadata/property") == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"property_type": "CASTLE"}, "property_type"),
        ({"home_type": "CAVE"}, "home_type"),
        ({"home_type": None}, "home_type"),
        ({"home_usage_type": "TERTIARY"}, "home_usage_type"),
        ({"power_generator_source": "COAL"}, "power_generator_source"),
        ({"home_size": "80"}, "home_size"),
        ({"home_size": True}, "home_size"),
        ({"home_size": 0}, "home_size"),
        ({"home_size": 10**400}, "home_size"),
        ({"bedroom_amount": 0}, "bedroom_amount"),
        ({"bedroom_amount": 1.5}, "bedroom_amount"),
        ({"bedroom_amount": True}, "bedroom_amount"),
        ({"people_amount": 0}, "people_amount"),
        ({"people_amount_in_day_time": -1}, "people_amount_in_day_time"),
        ({"people": None}, "people"),
        ({"people": {}}, "people"),
        ({"people": ["ADULT"]}, "people"),
        ({"people": [{"age_range": "ADULT"}]}, "people[0].amount"),
        ({"people": [{"age_range": "ADULT", "amount": "2"}]}, "people[0].amount"),
        ({"people": [{"age_range": "OLD", "amount": 2}]}, "people[0].age_range"),
        ({"people": [{"age_range": "ADULT", "amount": 2, "name": "Nobody"}]}, "people[0].name"),
        ({"version": "2.0"}, "version"),
        ({"version": 1.0}, "version"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_home_that_the_page_does_not_allow_is_refused(raw: Raw, changes: dict[str, object], field: str) -> None:
    """With the field's name, and nothing is kept."""
    status, message = await raw.put("property", changed(HOUSE, changes))
    assert (status, str(message).split()[0]) == (400, field)
    assert await raw.status("/metadata/property") == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"version": ...}, "version"),
        ({"power_generator_source": ...}, "power_generator_source"),
        ({"people": []}, "people"),
        ({"home_size": 80}, "home_size"),
    ],
)
async def test_business_has_three_fields_and_no_other(raw: Raw, changes: dict[str, object], field: str) -> None:
    """What is asked of homes is not asked of it."""
    status, message = await raw.put("property", changed(OFFICE, changes))
    assert (status, str(message).split()[0]) == (400, field)


def test_table_of_appliances_has_all_kinds_of_the_page() -> None:
    """Nineteen of them, each asked for what the page asks."""
    assert {key: set(asked) for key, asked in CHOICES.items()} == {
        key: set(one) - {"key", "amount"} for key, one in BY_KEY.items()
    }
    assert {place for place in WORDS if CHOICES[place[0]][place[1]] != set(WORDS[place].split())} == set()


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, one in BY_KEY.items() for name in one if name != "key"])
async def test_every_field_of_an_appliance_is_required(raw: Raw, key: str, name: str) -> None:
    """The page says so; the refusal says which one of which appliance."""
    body = listed({"key": "KETTLE", "amount": 1}, changed(BY_KEY[key], {name: ...}))
    assert await raw.put("appliances", body) == (400, f"appliances[1].{name} is missing.")


@pytest.mark.parametrize(("key", "name"), list(WORDS))
async def test_words_of_an_appliance(raw: Raw, key: str, name: str) -> None:
    """Each of the page, and no other."""
    for word in WORDS[key, name].split():
        assert (await raw.put("appliances", listed(BY_KEY[key] | {name: word})))[0] == 204
    for wrong in ("PERHAPS", "both", None, True, ["BOTH"]):
        status, message = await raw.put("appliances", listed(BY_KEY[key] | {name: wrong}))
        assert (status, str(message).split()[0]) == (400, f"appliances[0].{name}")


@pytest.mark.parametrize(
    ("key", "changes", "field"),
    [
        ("KETTLE", {"amount": 0}, "amount"),
        ("KETTLE", {"amount": "1"}, "amount"),
        ("KETTLE", {"amount": 1.5}, "amount"),
        ("KETTLE", {"type": "RED"}, "type"),
        ("KETTLE", {"key": "SAUNA"}, "key"),
        ("KETTLE", {"key": ...}, "key"),
        ("ELECTRIC_BOILER", {"water_tank": "YES"}, "water_tank"),
        ("ELECTRIC_BOILER", {"water_tank": 1}, "water_tank"),
        ("GAS_HEATING", {"any_electric_heater": "NO"}, "any_electric_heater"),
        ("GAS_HEATING", {"type": "RADIATOR"}, "type"),
        ("ELECTRIC_HEATING", {"any_electric_heater": True}, "any_electric_heater"),
        ("ELECTRIC_VEHICLE", {"wattages": [750]}, "wattages"),
        ("ELECTRIC_VEHICLE", {"wattages": [750, 750, 750]}, "wattages"),
        ("ELECTRIC_VEHICLE", {"wattages": [750, 750.5]}, "wattages"),
        ("ELECTRIC_VEHICLE", {"wattages": [750, True]}, "wattages"),
        ("ELECTRIC_VEHICLE", {"wattages": 750}, "wattages"),
        ("TUMBLE_DRYER", {"usage_types": []}, "usage_types"),
        ("TUMBLE_DRYER", {"usage_types": "WINTER"}, "usage_types"),
        ("TUMBLE_DRYER", {"usage_types": ["MONSOON"]}, "usage_types"),
        ("TUMBLE_DRYER", {"usage_types": [["WINTER"]]}, "usage_types"),
        ("TUMBLE_DRYER", {"usage_types": ["WINTER", "WINTER"]}, "usage_types"),
        ("OTHER", {"name": 7}, "name"),
    ],
)
async def test_appliance_that_the_page_does_not_allow_is_refused(
    raw: Raw, key: str, changes: dict[str, object], field: str
) -> None:
    """With the place and the name of the field, and nothing is kept."""
    status, message = await raw.put("appliances", listed(changed(BY_KEY[key], changes)))
    assert (status, str(message).split()[0]) == (400, f"appliances[0].{field}")
    assert await raw.status("/metadata/appliances") == 404


@pytest.mark.parametrize(
    "body",
    [
        {"appliances": [], "version": "2.0"},
        {"appliances": []},
        {"version": "1.0"},
        {"appliances": {}, "version": "1.0"},
        {"appliances": ["KETTLE"], "version": "1.0"},
        {"appliances": [], "version": "1.0", "people": []},
        EVERYTHING,
    ],
)
async def test_list_of_appliances_is_wrapped_as_documented(raw: Raw, body: object) -> None:
    """An object with the list and the version."""
    assert (await raw.put("appliances", body))[0] == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"latitude": 90.1, "longitude": 0}, "latitude"),
        ({"latitude": 0, "longitude": -180.1}, "longitude"),
        ({"latitude": "51.5", "longitude": 0}, "latitude"),
        ({"latitude": False, "longitude": 0}, "latitude"),
        ({"latitude": None, "longitude": 0}, "latitude"),
        ({"latitude": 1}, "longitude"),
        ({"latitude": 1, "longitude": 1, "altitude": 1}, "altitude"),
    ],
)
async def test_place_that_is_not_on_earth_is_refused(raw: Raw, body: object, field: str) -> None:
    """With the field's name."""
    status, message = await raw.put("geolocation", body)
    assert (status, str(message).split()[0]) == (400, field)


@pytest.mark.parametrize(
    "options",
    [
        {"data": b'{"latitude": 1, "longitude": 1'},
        {"data": b'{"latitude": 1, "latitude": 2, "longitude": 1}'},
        {"data": b'{"latitude": NaN, "longitude": 1}'},
        {"data": b'{"latitude": 1e999, "longitude": 1}'},
        {"data": b""},
        {"data": b'{"latitude": 1, "longitude": 1}', "headers": {"Content-Type": "text/plain"}},
    ],
)
async def test_what_is_put_is_json_by_the_letter(raw: Raw, options: dict[str, Any]) -> None:
    """And says so."""
    options = {"headers": {"Content-Type": "application/json"}} | options
    assert (await raw.send("PUT", f"/sensors/{ID}/metadata/geolocation", **options))[0] == 400
    assert await raw.status("/metadata/geolocation") == 404
