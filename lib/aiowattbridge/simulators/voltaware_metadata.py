"""What the simulated Voltaware cloud accepts of a home's description, by the tables of the vendor's page."""

from typing import TYPE_CHECKING

from .checks import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "1.0"
PROPERTY_TYPES = {"HOME", "OFFICE", "COMMERCIAL", "INDUSTRIAL"}
GENERATORS = {"SOLAR", "HYDROELECTRICITY", "WIND", "BATTERY", "OTHER", "NONE"}
AGES = {"ZERO_TO_FIVE", "SIX_TO_EIGHTEEN", "ADULT", "PENSIONER"}
BUSINESS = {"property_type", "power_generator_source", "version"}
HOME = BUSINESS | {
    "home_type",
    "home_usage_type",
    "home_size",
    "bedroom_amount",
    "people_amount",
    "people_amount_in_day_time",
    "people",
}
SEASONS = {"AUTUMN", "SPRING", "SUMMER", "WINTER"}

# The questions of each kind beside its amount: a set of accepted words, or the type of the answer.
CHOICES: dict[str, dict[str, set[str] | type]] = {
    "AC": {
        "type": {"CENTRALISED", "MINI_SPLIT", "WINDOW", "OTHER", "I_DONT_KNOW"},
        "usage_type": {"SUMMER", "WINTER", "BOTH"},
    },
    "ELECTRIC_BOILER": {
        "usage_type": {"SPACE_HEATING", "WATER_HEATING", "BOTH"},
        "coupled_with_solar_thermal_system": {"YES", "NO", "NOT_SURE"},
        "water_tank": bool,
    },
    "ELECTRIC_HEATING": {"type": {"HEAT_PUMP", "HEAT_STORAGE", "RADIATOR", "UNDERFLOOR", "OTHER"}},
    "GAS_HEATING": {"any_electric_heater": bool},
    "ELECTRIC_OVEN": {"type": {"MICROWAVE", "MINI", "REGULAR"}},
    "ELECTRIC_STOVE": {"type": {"ELECTRIC", "INDUCTION"}},
    "ELECTRIC_VEHICLE": {"type": {"BIKE", "CAR", "MOTORBIKE", "SCOOTER"}, "wattages": list},
    "FRIDGE": {
        "type": {
            "FRIDGE",
            "FREEZER",
            "FRIDGE_AND_FREEZER",
            "SMALL_ELECTRIC_WINE_CELLAR",
            "LARGE_ELECTRIC_WINE_CELLAR",
        }
    },
    "TUMBLE_DRYER": {"type": {"CONDENSER", "HEAT_PUMP", "VENTED", "I_DONT_KNOW"}, "usage_types": list},
    "OTHER": {"name": str},
    **{
        key: {}
        for key in (
            "DEHUMIDIFIER",
            "DISHWASHER",
            "ELECTRIC_LAWN_MOWER",
            "ELECTRIC_SHOWER",
            "HUMIDIFIER",
            "JACUZZI",
            "KETTLE",
            "POOL_PUMP",
            "WASHING_MACHINE",
        )
    },
}


def check_property(body: Mapping[str, object]) -> None:
    """Accept a home or a business with exactly its fields."""
    kind = _word(body, "property_type", PROPERTY_TYPES)
    _fields(body, HOME if kind == "HOME" else BUSINESS, "")
    _word(body, "power_generator_source", GENERATORS)
    _version(body)
    if kind != "HOME":
        return
    _word(body, "home_type", {"FLAT", "HOUSE"})
    _word(body, "home_usage_type", {"PRIMARY", "SECONDARY"})
    size = body["home_size"]
    if isinstance(size, bool) or not isinstance(size, int | float) or size <= 0:
        raise Refused(400, "home_size is a number.")
    _whole(body, "bedroom_amount", 1)
    _whole(body, "people_amount", 1)
    _whole(body, "people_amount_in_day_time", 0)
    people = body["people"]
    if not isinstance(people, list):
        raise Refused(400, "people is an array.")
    for group in people:
        if not isinstance(group, dict):
            raise Refused(400, "people holds objects.")
        _fields(group, {"age_range", "amount"}, "people[].")
        _word(group, "age_range", AGES)
        _whole(group, "amount", 0)


def check_appliances(body: Mapping[str, object]) -> None:
    """Accept a list in which each kind has all of its fields and no other."""
    _fields(body, {"appliances", "version"}, "")
    _version(body)
    appliances = body["appliances"]
    if not isinstance(appliances, list):
        raise Refused(400, "appliances is an array.")
    for appliance in appliances:
        if not isinstance(appliance, dict):
            raise Refused(400, "appliances holds objects.")
        _check_appliance(appliance)


def check_geolocation(body: Mapping[str, object]) -> None:
    """Accept a place on earth."""
    _fields(body, {"latitude", "longitude"}, "")
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = body[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
            raise Refused(400, f"{name} is no valid location.")


def _check_appliance(appliance: Mapping[str, object]) -> None:
    """Accept an appliance of a known kind."""
    key = _word(appliance, "key", set(CHOICES))
    asked = CHOICES[key]
    _fields(appliance, {"key", "amount", *asked}, f"{key}.")
    amount = _whole(appliance, "amount", 1)
    for name, accepted in asked.items():
        value = appliance[name]
        if isinstance(accepted, set):
            _word(appliance, name, accepted)
        elif type(value) is not accepted or value == "":
            raise Refused(400, f"{key}.{name} has to be a {accepted.__name__}.")
        if name == "wattages":
            _check_wattages(value, amount)
        if name == "usage_types" and (not value or not set(value) <= SEASONS):
            raise Refused(400, "TUMBLE_DRYER.usage_types has seasons.")


def _check_wattages(wattages: object, amount: int) -> None:
    """Accept as many whole numbers as there are vehicles."""
    if not isinstance(wattages, list) or len(wattages) != amount or any(type(one) is not int for one in wattages):
        raise Refused(400, "ELECTRIC_VEHICLE.wattages has an integer for each vehicle.")


def _fields(body: Mapping[str, object], needed: set[str], path: str) -> None:
    """Accept exactly these fields."""
    if missing := sorted(needed - set(body)):
        raise Refused(400, f"{path}{missing[0]} is missing.")
    if unknown := sorted(set(body) - needed):
        raise Refused(400, f"{path}{unknown[0]} is unknown.")


def _word(body: Mapping[str, object], name: str, accepted: set[str]) -> str:
    """Accept one of these words."""
    value = body.get(name)
    if not isinstance(value, str) or value not in accepted:
        raise Refused(400, f"{name} is none of {', '.join(sorted(accepted))}.")
    return value


def _whole(body: Mapping[str, object], name: str, least: int) -> int:
    """Accept a whole number that is large enough."""
    value = body.get(name)
    if type(value) is not int or value < least:
        raise Refused(400, f"{name} is a whole number from {least} upwards.")
    return value


def _version(body: Mapping[str, object]) -> None:
    """Accept the present version."""
    if body.get("version") != VERSION:
        raise Refused(400, f"version is {VERSION}.")
