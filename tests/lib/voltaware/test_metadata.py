"""What is told of a home is checked first: every accepted value, and every way to get it wrong."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from voltaware_bench import DEVICE, ScriptedVoltaware

from aiowattbridge.simulators import VoltawareSimulator
from aiowattbridge.simulators.voltaware_metadata import CHOICES
from aiowattbridge.voltaware import (
    AGE_RANGES,
    APPLIANCE_KINDS,
    HOME_TYPES,
    HOME_USAGE_TYPES,
    POWER_GENERATOR_SOURCES,
    PROPERTY_TYPES,
    SEASONS,
    Geolocation,
    People,
    Property,
    UnknownAppliance,
    VoltawareClient,
    read_appliances,
    read_geolocation,
    read_property,
)

HOME: dict[str, Any] = {
    "property_type": "HOME",
    "home_type": "HOUSE",
    "home_usage_type": "SECONDARY",
    "home_size": 80,
    "bedroom_amount": 1,
    "power_generator_source": "NONE",
    "people_amount": 1,
    "people_amount_in_day_time": 0,
    "people": [],
}
PLAIN = sorted(kind for kind, asked in CHOICES.items() if not asked)
ANSWERS: dict[type, Any] = {bool: True, str: "Sprinklers"}
LISTS: dict[str, Any] = {"wattages": [7200], "usage_types": ["WINTER", "AUTUMN"]}


def example(kind: str) -> dict[str, Any]:
    """Make an appliance of a kind with the first of its accepted values, by the cloud's own table."""
    answers = {
        name: min(accepted) if isinstance(accepted, set) else LISTS.get(name) or ANSWERS[accepted]
        for name, accepted in CHOICES[kind].items()
    }
    return {"key": kind, "amount": 1, **answers}


CHOSEN = [
    (kind, name, word)
    for kind, asked in CHOICES.items()
    for name, accepted in asked.items()
    if isinstance(accepted, set)
    for word in sorted(accepted)
]


def test_all_kinds_of_the_page_are_known() -> None:
    """No more and no less than what the cloud accepts."""
    assert set(APPLIANCE_KINDS) == set(CHOICES)


@pytest.mark.parametrize("kind", sorted(CHOICES))
async def test_every_kind_of_appliance_is_accepted_by_the_cloud(
    client: VoltawareClient, simulator: VoltawareSimulator, kind: str
) -> None:
    """As it is read from a file, told, stored, and read back."""
    appliances = read_appliances([example(kind)])
    await client.set_appliances(DEVICE, appliances)
    assert simulator.metadata[DEVICE, "appliances"] == {"appliances": [example(kind)], "version": "1.0"}
    assert await client.appliances(DEVICE) == appliances


@pytest.mark.parametrize(("kind", "name", "word"), CHOSEN)
async def test_every_accepted_word_of_an_appliance_is_accepted_by_the_cloud(
    client: VoltawareClient, kind: str, name: str, word: str
) -> None:
    """The words stand in two tables, ours and the cloud's."""
    await client.set_appliances(DEVICE, read_appliances([{**example(kind), name: word}]))


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, asked in CHOICES.items() for name in ("amount", *asked)]
)
@pytest.mark.parametrize("wrong", [None, "PERHAPS", 0, -1, 1.5, [], [0], ["MONDAY"], {}, ""], ids=repr)
def test_wrong_answer_is_refused_with_the_path_of_its_field(kind: str, name: str, wrong: object) -> None:
    """Unless it is right: any text is the name of an appliance."""
    given_one = {**example(kind), name: wrong}
    if name == "name" and wrong == "PERHAPS":
        assert read_appliances([given_one])
        return
    with pytest.raises(ValueError, match=rf"^appliances\.1\.{name}(\.\d)?: has to be "):
        read_appliances([example("KETTLE"), given_one])


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, asked in CHOICES.items() for name in ("amount", *asked)]
)
def test_every_field_of_an_appliance_is_required(kind: str, name: str) -> None:
    """The page says so, and so does the message."""
    one = example(kind)
    del one[name]
    with pytest.raises(ValueError, match=rf"^appliances\.0\.{name}: is missing; {kind} needs "):
        read_appliances({"appliances": [one], "version": "1.0"})


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([{"key": "SAUNA", "amount": 1}], "appliances.0.key"),
        ([{"amount": 1}], "appliances.0.key"),
        (["KETTLE"], "appliances.0"),
        ({"version": "1.0"}, "appliances"),
        ("KETTLE", "appliances"),
        ({"appliances": [], "version": "2.0"}, "version"),
        ({"appliances": [], "rooms": 3}, "rooms"),
        ([{"key": "KETTLE", "amount": 1, "colour": "red"}], "appliances.0.colour"),
        ([{"key": "GAS_HEATING", "amount": 1, "any_electric_heater": True, "type": "RADIATOR"}], "appliances.0.type"),
        ([{"key": "ELECTRIC_VEHICLE", "amount": 2, "type": "CAR", "wattages": [7200]}], "appliances.0.wattages"),
        ([{"key": "ELECTRIC_VEHICLE", "amount": 1, "type": "CAR", "wattages": [True]}], "appliances.0.wattages.0"),
        (
            [{"key": "TUMBLE_DRYER", "amount": 1, "type": "VENTED", "usage_types": ["WINTER", "WINTER"]}],
            "appliances.0.usage_types",
        ),
    ],
)
def test_list_that_cannot_be_so_is_refused(data: object, field: str) -> None:
    """The message begins with the field."""
    with pytest.raises(ValueError, match=rf"^{field}: "):
        read_appliances(data)


async def test_appliance_that_cannot_be_so_is_never_sent(scripted: ScriptedVoltaware) -> None:
    """Also one that was made in code."""
    (vehicle,) = read_appliances([example("ELECTRIC_VEHICLE")])
    with pytest.raises(ValueError, match=r"^appliances\.0\.wattages: "):
        await scripted.client.set_appliances(DEVICE, [replace(vehicle, amount=2)])
    assert scripted.asked == scripted.logins == []


async def test_unknown_kinds_values_and_fields_of_an_answer_are_sent_back_as_they_came(
    scripted: ScriptedVoltaware,
) -> None:
    """The vendor may know more than its page."""
    wire = [
        {"key": "SAUNA", "amount": 1, "power": 9000},
        {"key": "AC", "amount": 1, "type": "CEILING", "usage_type": "BOTH"},
        {"key": "KETTLE", "amount": 2, "since": "2020-01-01"},
        {"key": "OTHER", "amount": 1, "name": "Sprinklers", "rooms": ["garden"]},
    ]
    scripted.answer = {"appliances": wire, "version": "1.0"}
    appliances = await scripted.client.appliances(DEVICE)
    assert appliances is not None
    assert [isinstance(one, UnknownAppliance) for one in appliances] == [True, True, False, False]
    assert [one.key for one in appliances] == ["SAUNA", "AC", "KETTLE", "OTHER"]
    await scripted.client.set_appliances(DEVICE, appliances)
    assert scripted.told == [{"appliances": wire, "version": "1.0"}]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("home_type", HOME_TYPES),
        ("home_usage_type", HOME_USAGE_TYPES),
        ("power_generator_source", POWER_GENERATOR_SOURCES),
    ],
)
async def test_every_accepted_word_of_a_home_is_accepted_by_the_cloud(
    client: VoltawareClient, name: str, words: tuple[str, ...]
) -> None:
    """And is what is read back."""
    for word in words:
        await client.set_property_details(DEVICE, read_property({**HOME, name: word}))
        read = await client.property_details(DEVICE)
        assert read is not None
        assert read.to_wire()[name] == word


@pytest.mark.parametrize("kind", PROPERTY_TYPES[1:])
async def test_business_has_three_fields(client: VoltawareClient, simulator: VoltawareSimulator, kind: str) -> None:
    """What is asked of homes is not asked of it."""
    await client.set_property_details(DEVICE, read_property({"property_type": kind, "power_generator_source": "WIND"}))
    assert simulator.metadata[DEVICE, "property"] == {
        "property_type": kind,
        "power_generator_source": "WIND",
        "version": "1.0",
    }
    with pytest.raises(ValueError, match=r"^home_type: belongs to"):
        read_property({"property_type": kind, "power_generator_source": "WIND", "home_type": "FLAT"})


@pytest.mark.parametrize("age", AGE_RANGES)
async def test_people_are_counted_by_age(client: VoltawareClient, age: str) -> None:
    """Every range of the page."""
    people = [{"age_range": age, "amount": 2}]
    await client.set_property_details(DEVICE, read_property({**HOME, "people": people}))
    read = await client.property_details(DEVICE)
    assert read is not None
    assert read.people == (People(age_range=age, amount=2),)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"property_type": "CASTLE"}, "property_type"),
        ({"property_type": None}, "property_type"),
        ({"home_type": None}, "home_type"),
        ({"home_type": "flat"}, "home_type"),
        ({"home_usage_type": None}, "home_usage_type"),
        ({"home_size": None}, "home_size"),
        ({"home_size": 0}, "home_size"),
        ({"home_size": "large"}, "home_size"),
        ({"home_size": "NaN"}, "home_size"),
        ({"bedroom_amount": 0}, "bedroom_amount"),
        ({"bedroom_amount": None}, "bedroom_amount"),
        ({"bedroom_amount": 1.5}, "bedroom_amount"),
        ({"people_amount": 0}, "people_amount"),
        ({"people_amount": None}, "people_amount"),
        ({"people_amount_in_day_time": -1}, "people_amount_in_day_time"),
        ({"people_amount_in_day_time": None}, "people_amount_in_day_time"),
        ({"power_generator_source": None}, "power_generator_source"),
        ({"power_generator_source": "COAL"}, "power_generator_source"),
        ({"people": None}, "people"),
        ({"people": "two"}, "people"),
        ({"people": [{"age_range": "OLD", "amount": 1}]}, "people.0.age_range"),
        ({"people": [{"age_range": "ADULT", "amount": -1}]}, "people.0.amount"),
        ({"people": [{"age_range": "ADULT"}]}, "people.0.amount"),
        ({"colour": "red"}, "colour"),
        ({"people": [{"age_range": "ADULT", "amount": True}]}, "people.0.amount"),
        ({"people": [{"age_range": "ADULT", "amount": 1, "name": "x"}]}, "people.0.name"),
        ({"people": ["ADULT"]}, "people.0"),
        ({"home_size": True}, "home_size"),
        ({"home_size": "80"}, "home_size"),
        ({"home_size": -1}, "home_size"),
        ({"home_size": float("inf")}, "home_size"),
        ({"home_size": float("nan")}, "home_size"),
        ({"bedroom_amount": True}, "bedroom_amount"),
        ({"bedroom_amount": "2"}, "bedroom_amount"),
        ({"people_amount": 2.0}, "people_amount"),
        ({"property_type": []}, "property_type"),
        ({"home_type": {}}, "home_type"),
        ({"version": "1.1"}, "version"),
        ({"version": 1}, "version"),
    ],
)
def test_home_that_cannot_be_so_is_refused(change: dict[str, Any], field: str) -> None:
    """The message begins with the field."""
    with pytest.raises(ValueError, match=rf"^{field}: "):
        read_property({**HOME, **change})


def test_people_have_to_be_told_even_if_there_are_none() -> None:
    """The page wants the field to be there."""
    without = {name: value for name, value in HOME.items() if name != "people"}
    with pytest.raises(ValueError, match=r"^people: "):
        read_property(without)
    assert read_property({**HOME, "people": []}).to_wire()["people"] == []


def test_message_says_what_is_accepted() -> None:
    """In full, for people to choose from."""
    with pytest.raises(ValueError, match=r"^home_type: has to be one of FLAT, HOUSE$"):
        read_property({**HOME, "home_type": "TENT"})
    with pytest.raises(ValueError, match=r"^appliances\.0\.type: has to be one of ELECTRIC, INDUCTION$"):
        read_appliances([{"key": "ELECTRIC_STOVE", "amount": 1, "type": "GAS"}])


def test_version_may_be_given() -> None:
    """As it is in what was read back."""
    assert read_property({**HOME, "version": "1.0"}) == read_property(HOME)
    assert read_appliances({"appliances": [], "version": "1.0"}) == ()


@pytest.mark.parametrize("data", [None, [], "HOME", 1])
def test_property_is_an_object(data: object) -> None:
    """Anything else is none."""
    with pytest.raises(ValueError, match=r"^a property: has to be a JSON object"):
        read_property(data)


async def test_home_that_cannot_be_so_is_never_sent(scripted: ScriptedVoltaware) -> None:
    """Also one that was made in code."""
    with pytest.raises(ValueError, match=r"^home_type: "):
        await scripted.client.set_property_details(
            DEVICE, Property(property_type="HOME", power_generator_source="NONE")
        )
    assert scripted.asked == scripted.logins == []


@given(
    latitude_deg=st.floats(-90, 90), longitude_deg=st.floats(-180, 180), beyond_deg=st.floats(0.001, allow_nan=False)
)
def test_place_is_on_earth(latitude_deg: float, longitude_deg: float, beyond_deg: float) -> None:
    """Or it is refused."""
    place = {"latitude": latitude_deg, "longitude": longitude_deg}
    assert read_geolocation(place).to_wire() == place
    for sign in (1, -1):
        with pytest.raises(ValueError, match=r"^latitude: "):
            Geolocation(latitude_deg=sign * (90 + beyond_deg), longitude_deg=0).to_wire()
        with pytest.raises(ValueError, match=r"^longitude: "):
            Geolocation(latitude_deg=0, longitude_deg=sign * (180 + beyond_deg)).to_wire()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"latitude": 1}, "longitude"),
        ({"latitude": "north", "longitude": 1}, "latitude"),
        ({"latitude": float("nan"), "longitude": 1}, "latitude"),
        ({"latitude": True, "longitude": 1}, "latitude"),
        ({"latitude": 1, "longitude": "1"}, "longitude"),
        ({"latitude": None, "longitude": 1}, "latitude"),
        ({"latitude": 1, "longitude": 1, "altitude": 1}, "altitude"),
        ([1, 2], "a geolocation"),
    ],
)
def test_what_is_no_place_is_refused_without_being_quoted(data: object, field: str) -> None:
    """Where somebody lives does not belong in a message."""
    with pytest.raises(ValueError, match=rf"^{field}: ") as caught:
        read_geolocation(data)
    assert "north" not in str(caught.value)
    assert caught.value.__context__ is None


def test_all_seasons_are_accepted() -> None:
    """In any number from one to all."""
    for number in range(1, 5):
        assert read_appliances([{**example("TUMBLE_DRYER"), "usage_types": list(SEASONS[:number])}])
