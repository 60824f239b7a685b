"""The appliances of a property ("Appliances"), each kind with its questions, checked before they are sent.

Every field of a kind is required, as the vendor's page says. An answer may hold kinds and values that the page does
not know yet: such an appliance is an `UnknownAppliance`, which is sent back as it came.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final

from .checks import check_choice, check_flag, check_object, check_some, check_version, check_whole, check_words

type Check = Callable[[str, object], None]

I_DONT_KNOW: Final = "I_DONT_KNOW"
SEASONS: Final = ("AUTUMN", "SPRING", "SUMMER", "WINTER")


def _one_of(*accepted: str) -> Any:
    """Declare a field that has one of these values."""
    return field(metadata={"check": lambda path, value: check_choice(path, value, accepted)})


def _checked_by(check: Check) -> Any:
    """Declare a field with a check of its own."""
    return field(metadata={"check": check})


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """So many appliances of one kind; `extra` has what an answer said of them beyond the page."""

    KEY: ClassVar[str] = ""

    amount: int
    extra: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> str:
        """Return the vendor's name of the kind."""
        return self.KEY

    def check(self, path: str = "appliance") -> None:
        """Raise ValueError that names the field at fault, below this path, and what is accepted."""
        check_whole(f"{path}.amount", self.amount, 1)
        for own in fields(self):
            if "check" in own.metadata:
                own.metadata["check"](f"{path}.{own.name}", getattr(self, own.name))

    def to_wire(self) -> dict[str, object]:
        """Return the appliance in the vendor's form."""
        given = {own.name: getattr(self, own.name) for own in fields(self) if own.name != "extra"}
        listed = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
        return {"key": self.key, **listed, **self.extra}


@dataclass(frozen=True, slots=True, kw_only=True)
class AirConditioner(Appliance):
    """An air conditioner; one that is used in winter counts as heating in the results."""

    KEY: ClassVar[str] = "AC"

    type: str = _one_of("CENTRALISED", "MINI_SPLIT", "WINDOW", "OTHER", I_DONT_KNOW)
    usage_type: str = _one_of("SUMMER", "WINTER", "BOTH")


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricBoiler(Appliance):
    """An electric water heater."""

    KEY: ClassVar[str] = "ELECTRIC_BOILER"

    usage_type: str = _one_of("SPACE_HEATING", "WATER_HEATING", "BOTH")
    coupled_with_solar_thermal_system: str = _one_of("YES", "NO", "NOT_SURE")
    water_tank: bool = _checked_by(check_flag)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricHeating(Appliance):
    """Electric space heating as the main source."""

    KEY: ClassVar[str] = "ELECTRIC_HEATING"

    type: str = _one_of("HEAT_PUMP", "HEAT_STORAGE", "RADIATOR", "UNDERFLOOR", "OTHER")


@dataclass(frozen=True, slots=True, kw_only=True)
class GasHeating(Appliance):
    """Gas heating as the main source, with or without electric heaters beside it."""

    KEY: ClassVar[str] = "GAS_HEATING"

    any_electric_heater: bool = _checked_by(check_flag)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricOven(Appliance):
    """An oven."""

    KEY: ClassVar[str] = "ELECTRIC_OVEN"

    type: str = _one_of("MICROWAVE", "MINI", "REGULAR")


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricStove(Appliance):
    """A stove."""

    KEY: ClassVar[str] = "ELECTRIC_STOVE"

    type: str = _one_of("ELECTRIC", "INDUCTION")


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricVehicle(Appliance):
    """Vehicles of one type, with the power of each one's charger in W."""

    KEY: ClassVar[str] = "ELECTRIC_VEHICLE"

    type: str = _one_of("BIKE", "CAR", "MOTORBIKE", "SCOOTER")
    wattages: tuple[int, ...]

    def check(self, path: str = "appliance") -> None:
        """Check also that there is a wattage for each vehicle."""
        super(ElectricVehicle, self).check(path)
        given: object = self.wattages
        if not isinstance(given, (tuple, list)) or len(given) != self.amount:
            raise ValueError(f"{path}.wattages: has to be a list of as many numbers as amount says ({self.amount})")
        for number, wattage_w in enumerate(self.wattages):
            check_whole(f"{path}.wattages.{number}", wattage_w, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fridge(Appliance):
    """A fridge, a freezer, or a cellar for wine."""

    KEY: ClassVar[str] = "FRIDGE"

    type: str = _one_of(
        "FRIDGE", "FREEZER", "FRIDGE_AND_FREEZER", "SMALL_ELECTRIC_WINE_CELLAR", "LARGE_ELECTRIC_WINE_CELLAR"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TumbleDryer(Appliance):
    """A dryer, and the seasons it is used in (some of `SEASONS`)."""

    KEY: ClassVar[str] = "TUMBLE_DRYER"

    type: str = _one_of("CONDENSER", "HEAT_PUMP", "VENTED", I_DONT_KNOW)
    usage_types: tuple[str, ...] = _checked_by(lambda path, value: check_some(path, value, SEASONS))


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAppliance(Appliance):
    """Any other appliance by its name, which has no figure of its own in the results."""

    KEY: ClassVar[str] = "OTHER"

    name: str = _checked_by(check_words)


PLAIN_KEYS: Final = (
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
"""The kinds of which only the amount is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainAppliance(Appliance):
    """An appliance of which only the amount is asked for (its kind is one of `PLAIN_KEYS`)."""

    kind: str

    @property
    def key(self) -> str:
        """Return the vendor's name of the kind."""
        return self.kind

    def check(self, path: str = "appliance") -> None:
        """Check also that the kind is one of the plain ones."""
        check_choice(f"{path}.key", self.kind, PLAIN_KEYS)
        super(PlainAppliance, self).check(path)

    def to_wire(self) -> dict[str, object]:
        """Return the appliance in the vendor's form."""
        return {"key": self.kind, "amount": self.amount, **self.extra}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownAppliance:
    """An appliance that an answer told of in a way that the page does not know; it is sent back as it came."""

    wire: Mapping[str, object] = field(hash=False)

    @property
    def key(self) -> str:
        """Return the vendor's name of the kind."""
        return str(self.wire.get("key", ""))

    def check(self, path: str = "appliance") -> None:
        """Check nothing: the vendor has said it."""

    def to_wire(self) -> dict[str, object]:
        """Return the appliance as it came."""
        return dict(self.wire)


type AnyAppliance = Appliance | UnknownAppliance

_KINDS: Final[tuple[type[Appliance], ...]] = (
    AirConditioner,
    ElectricBoiler,
    ElectricHeating,
    ElectricOven,
    ElectricStove,
    ElectricVehicle,
    Fridge,
    GasHeating,
    NamedAppliance,
    TumbleDryer,
)
_BY_KEY: Final = {kind.KEY: kind for kind in _KINDS} | dict.fromkeys(PLAIN_KEYS, PlainAppliance)
APPLIANCE_KINDS: Final = tuple(sorted(_BY_KEY))
"""The names of all kinds that the page knows."""


def read_appliances(data: object) -> tuple[Appliance, ...]:
    """Read appliances in the vendor's form from decoded JSON, to be sent: a list, or an object that has one.

    Raises ValueError that names the field and what is accepted.
    """
    listed = data
    if isinstance(data, Mapping):
        wire = check_object("a list of appliances", data, ("appliances", "version"))
        check_version(wire.get("version"))
        listed = wire.get("appliances")
    if not isinstance(listed, list):
        raise ValueError("appliances: has to be a list")  # noqa: TRY004 - one kind of error for every bad field
    return tuple(_read(wire, f"appliances.{number}") for number, wire in enumerate(listed))


def appliances_of_wire(listed: Iterable[Mapping[str, object]]) -> tuple[AnyAppliance, ...]:
    """Read the appliances of an answer; what the page does not know is kept."""
    return tuple(_read_leniently(wire) for wire in listed)


def check_all(appliances: Sequence[AnyAppliance]) -> None:
    """Raise ValueError that names the first field at fault."""
    for number, appliance in enumerate(appliances):
        appliance.check(f"appliances.{number}")


def _read_leniently(wire: Mapping[str, object]) -> AnyAppliance:
    """Read one appliance of an answer."""
    try:
        return _read(wire, "appliance", strict=False)
    except ValueError:
        return UnknownAppliance(wire=wire)


def _read(wire: object, path: str, *, strict: bool = True) -> Appliance:
    """Read one appliance; raises ValueError that names the field, also for one too many if it is strict."""
    if not isinstance(wire, Mapping):
        raise ValueError(f"{path}: has to be a JSON object")  # noqa: TRY004 - one kind of error for every bad field
    check_choice(f"{path}.key", wire.get("key"), APPLIANCE_KINDS)
    kind = _BY_KEY[str(wire["key"])]
    names = [own.name for own in fields(kind) if own.name not in ("extra", "kind")]
    if missing := [name for name in names if name not in wire]:
        raise ValueError(f"{path}.{missing[0]}: is missing; {wire['key']} needs {', '.join(names)}")
    extra = {str(name): value for name, value in wire.items() if name not in (*names, "key")}
    if extra and strict:
        raise ValueError(f"{path}.{min(extra)}: is no field of {wire['key']}, which has {', '.join(names)}")
    given: dict[str, Any] = {name: tuple(v) if isinstance(v := wire[name], list) else v for name in names}
    if kind is PlainAppliance:
        given["kind"] = wire["key"]
    appliance = kind(**given, extra=extra)
    appliance.check(path)
    return appliance
