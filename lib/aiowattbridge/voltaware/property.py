"""What Voltaware wants to know of the property around a meter ("Property"), checked before it is sent.

Reading is lenient, since the vendor may add values: what an answer holds is kept as it is. Sending is strict.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from sys import float_info
from typing import Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, Field, TypeAdapter

from ..fields import NoneIsEmpty, Number
from .checks import VERSION, check_choice, check_number, check_object, check_version, check_whole

HOME: Final = "HOME"
# The page says INDUSTRIAL in its table and INDUSTRY in its sample: the table's word is sent, both are read.
INDUSTRIAL: Final = "INDUSTRIAL"
_INDUSTRY: Final = "INDUSTRY"
NO_GENERATOR: Final = "NONE"

PROPERTY_TYPES: Final = (HOME, "OFFICE", "COMMERCIAL", INDUSTRIAL)
HOME_TYPES: Final = ("FLAT", "HOUSE")
HOME_USAGE_TYPES: Final = ("PRIMARY", "SECONDARY")
POWER_GENERATOR_SOURCES: Final = ("SOLAR", "HYDROELECTRICITY", "WIND", "BATTERY", "OTHER", NO_GENERATOR)
AGE_RANGES: Final = ("ZERO_TO_FIVE", "SIX_TO_EIGHTEEN", "ADULT", "PENSIONER")


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """So many people of an age (one of `AGE_RANGES`)."""

    age_range: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A home, with all that describes it, or a business, of which only the type and the generator are asked for.

    The accepted values are `PROPERTY_TYPES`, `HOME_TYPES`, `HOME_USAGE_TYPES`, `POWER_GENERATOR_SOURCES`. The size is
    in square metres. `people` may be empty. `version` is what an answer said; what is sent has the one we know.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(coerce_numbers_to_str=True)

    property_type: str
    power_generator_source: str | None = None
    home_type: str | None = None
    home_usage_type: str | None = None
    home_size_m2: Annotated[Number, Field(alias="home_size")] = None
    bedroom_amount: int | None = None
    people_amount: int | None = None
    people_amount_in_day_time: int | None = None
    people: Annotated[tuple[People, ...], NoneIsEmpty] = ()
    version: str | None = None

    @property
    def produces_energy(self) -> bool | None:
        """Tell whether the property has a generator, which this service does not support; None if it does not say."""
        source = self.power_generator_source
        return None if source is None else source != NO_GENERATOR

    def to_wire(self) -> dict[str, object]:
        """Return what is sent; raises ValueError that names the field and what is accepted."""
        check_choice("property_type", self.property_type, PROPERTY_TYPES)
        check_choice("power_generator_source", self.power_generator_source, POWER_GENERATOR_SOURCES)
        common = {"property_type": self.property_type, "power_generator_source": self.power_generator_source}
        home = self._home_to_wire() if self.property_type == HOME else self._nothing_of_a_home()
        return {**common, **home, "version": VERSION}

    def _home_to_wire(self) -> dict[str, object]:
        """Check and return what is asked of homes."""
        check_choice("home_type", self.home_type, HOME_TYPES)
        check_choice("home_usage_type", self.home_usage_type, HOME_USAGE_TYPES)
        size = "the size in square metres, a number above 0"
        check_number("home_size", self.home_size_m2, accepted=size, least=float_info.min, most=float_info.max)
        check_whole("bedroom_amount", self.bedroom_amount, 1)
        check_whole("people_amount", self.people_amount, 1)
        check_whole("people_amount_in_day_time", self.people_amount_in_day_time, 0)
        for number, group in enumerate(self.people):
            check_choice(f"people.{number}.age_range", group.age_range, AGE_RANGES)
            check_whole(f"people.{number}.amount", group.amount, 0)
        return {
            "home_type": self.home_type,
            "home_usage_type": self.home_usage_type,
            "home_size": self.home_size_m2,
            "bedroom_amount": self.bedroom_amount,
            "people_amount": self.people_amount,
            "people_amount_in_day_time": self.people_amount_in_day_time,
            "people": [{"age_range": group.age_range, "amount": group.amount} for group in self.people],
        }

    def _nothing_of_a_home(self) -> dict[str, object]:
        """Refuse what is asked of homes alone."""
        of_homes: Mapping[str, object] = {
            "home_type": self.home_type,
            "home_usage_type": self.home_usage_type,
            "home_size": self.home_size_m2,
            "bedroom_amount": self.bedroom_amount,
            "people_amount": self.people_amount,
            "people_amount_in_day_time": self.people_amount_in_day_time,
            "people": self.people or None,
        }
        if given := [name for name, value in of_homes.items() if value is not None]:
            raise ValueError(f"{given[0]}: belongs to a property of type {HOME} alone")
        return {}


PROPERTY: Final = TypeAdapter(Property)
_OF_ALL: Final = ("property_type", "power_generator_source")
_OF_HOMES: Final = (
    "home_type",
    "home_usage_type",
    "home_size",
    "bedroom_amount",
    "people_amount",
    "people_amount_in_day_time",
)
_OUR_NAMES: Final = {"home_size": "home_size_m2"}


def of_wire(read: Property) -> Property:
    """Return a property as it was read, with one spelling for industry."""
    return replace(read, property_type=INDUSTRIAL) if read.property_type == _INDUSTRY else read


def read_property(data: object) -> Property:
    """Read a property in the vendor's form from decoded JSON, to be sent; `version` may be left out.

    Raises ValueError that names the field and what is accepted.
    """
    wire = check_object("a property", data, (*_OF_ALL, *_OF_HOMES, "people", "version"))
    check_version(wire.get("version"))
    # Of whatever type they are: `to_wire` checks every one.
    given: dict[str, Any] = {_OUR_NAMES.get(name, name): wire.get(name) for name in (*_OF_ALL, *_OF_HOMES)}
    # Businesses have no people, but those of a home have to be told, even if there are none.
    listed = wire.get("people", None if given["property_type"] == HOME else [])
    if not isinstance(listed, list):
        raise ValueError("people: has to be a list, which may be empty")  # noqa: TRY004 - one kind of error
    people = tuple(_read_people(group, f"people.{number}") for number, group in enumerate(listed))
    found = of_wire(Property(**given, people=people))
    found.to_wire()
    return found


def _read_people(group: object, path: str) -> People:
    """Read a group of people, to be checked when it is sent."""
    given: Any = check_object(path, group, ("age_range", "amount"), below=f"{path}.")
    return People(age_range=given.get("age_range"), amount=given.get("amount"))
