"""What the simulated Voltaware cloud accepts of a home's description, by the tables of the vendor's page."""

from sys import float_info
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
    _fields(body, HOME if kind == "HOME" else BUSINESS)
    _word(body, "power_generator_source", GENERATORS)
    _version(body)
    if kind != "HOME":
        return
    _word(body, "home_type", {"FLAT", "HOUSE"})
    _word(body, "home_usage_type", {"PRIMARY", "SECONDARY"})
    if not _number(body, "home_size") > 0:
        raise Refused(400, "home_size is greater than 0.")
    _whole(body, "bedroom_amount", 1)
    _whole(body, "people_amount", 1)
    _whole(body, "people_amount_in_day_time", 0)
    for path, group in _objects(body, "people"):
        _fields(group, {"age_range", "amount"}, path)
        _word(group, "age_range", AGES, path)
        _whole(group, "amount", 0, path)


def check_appliances(body: Mapping[str, object]) -> None:
    """Accept a list in which each kind has all of its fields and no other."""
    _fields(body, {"appliances", "version"})
    _version(body)
    for path, appliance in _objects(body, "appliances"):
        _check_appliance(appliance, path)


def check_geolocation(body: Mapping[str, object]) -> None:
    """Accept a place on earth."""
    _fields(body, {"latitude", "longitude"})
    for name, most in (("latitude", 90), ("longitude", 180)):
        if abs(_number(body, name)) > most:
            raise Refused(400, f"{name} is no valid location.")


def _check_appliance(appliance: Mapping[str, object], path: str) -> None:
    """Accept an appliance of a known kind."""
    asked = CHOICES[_word(appliance, "key", set(CHOICES), path)]
    _fields(appliance, {"key", "amount", *asked}, path)
    amount = _whole(appliance, "amount", 1, path)
    for name, accepted in asked.items():
        value = appliance[name]
        if isinstance(accepted, set):
            _word(appliance, name, accepted, path)
        elif type(value) is not accepted:
            raise Refused(400, f"{path}{name} has to be a {accepted.__name__}.")
        elif isinstance(value, list):
            _check_list(value, amount, f"{path}{name}")


def _check_list(values: list[object], amount: int, path: str) -> None:
    """Accept as many whole numbers as there are vehicles, or some of the seasons, none of them twice."""
    if path.endswith("wattages"):
        if len(values) != amount or any(type(one) is not int for one in values):
            raise Refused(400, f"{path} has an integer for each vehicle.")
        return
    seasons = [one for one in values if isinstance(one, str) and one in SEASONS]
    if not values or seasons != values or len(set(seasons)) != len(seasons):
        raise Refused(400, f"{path} has some of {', '.join(sorted(SEASONS))}.")


def _fields(body: Mapping[str, object], needed: set[str], path: str = "") -> None:
    """Accept exactly these fields."""
    if missing := sorted(needed - set(body)):
        raise Refused(400, f"{path}{missing[0]} is missing.")
    if unknown := sorted(set(body) - needed):
        raise Refused(400, f"{path}{unknown[0]} is unknown.")


def _objects(body: Mapping[str, object], name: str) -> list[tuple[str, dict[str, object]]]:
    """Accept an array of objects, and give each with its path."""
    values = body[name]
    if not isinstance(values, list):
        raise Refused(400, f"{name} is an array.")
    found = [(f"{name}[{number}].", value) for number, value in enumerate(values) if isinstance(value, dict)]
    if len(found) != len(values):
        raise Refused(400, f"{name} holds objects.")
    return found


def _word(body: Mapping[str, object], name: str, accepted: set[str], path: str = "") -> str:
    """Accept one of these words."""
    value = body.get(name)
    if not isinstance(value, str) or value not in accepted:
        raise Refused(400, f"{path}{name} is none of {', '.join(sorted(accepted))}.")
    return value


def _whole(body: Mapping[str, object], name: str, least: int, path: str = "") -> int:
    """Accept a whole number that is large enough."""
    value = body.get(name)
    # A bool is an int to Python and none to JSON.
    if type(value) is not int or value < least:
        raise Refused(400, f"{path}{name} is a whole number from {least} upwards.")
    return value


def _number(body: Mapping[str, object], name: str) -> float:
    """Accept a number that is none too large, as 1e999 is."""
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= float_info.max:
        raise Refused(400, f"{name} is a number.")
    return value


def _version(body: Mapping[str, object]) -> None:
    """Accept the present version."""
    if body.get("version") != VERSION:
        raise Refused(400, f"version is {VERSION}.")
