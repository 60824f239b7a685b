"""The 34 measured fields of a device as whole hundredths, each derived from a simulated day."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .day import Day

ENERGY_FIELDS = frozenset(
    {"PowerUsage", "Generating", "PowerExported", "PowerUsageNet", "PowerExportedNet"}
    | {f"Power{number}{direction}" for number in range(1, 5) for direction in ("", "N")}
)
"""Energy of the interval, published in Wh."""

ALL_FIELDS = (
    "PowerUsage",
    "Generating",
    "PowerExported",
    *(f"PowerFactor{number}" for number in range(1, 5)),
    *(f"Power{number}" for number in range(1, 5)),
    *(f"Power{number}N" for number in range(1, 5)),
    *(f"PowerVAH{number}" for number in range(1, 5)),
    *(f"Temperature{number}" for number in range(1, 9)),
    "Irradiation",
    "BatteryCharge",
    "Flow",
    "Voltage",
    "SignalStrength",
    "PowerUsageNet",
    "PowerExportedNet",
)

USUAL_FIELDS = (
    "PowerUsage",
    "Generating",
    "PowerExported",
    "PowerFactor1",
    "Power1",
    "Power2",
    "Power1N",
    "PowerVAH1",
    "Temperature1",
    "Irradiation",
    "BatteryCharge",
    "Voltage",
    "SignalStrength",
    "PowerUsageNet",
    "PowerExportedNet",
)


def _steady(values: list[float], scale: float = 100.0) -> list[int]:
    """Turn values into whole hundredths."""
    return [round(value * scale) for value in values]


def _factor(day: Day, lag: int) -> list[int]:
    """Give a power factor that suffers with the small loads."""
    return [97 - lag - (house % 1201) // 200 for house in day.load]


def _apparent(day: Day, energy: list[int], lag: int) -> list[int]:
    """Give the volt-ampere-hours that belong to an energy and its power factor."""
    return [round(value * 100 / factor) for value, factor in zip(energy, _factor(day, lag), strict=True)]


def _circuits(day: Day) -> tuple[list[int], list[int], list[int], list[int]]:
    """Name what the four channels measure: grid, solar, car, battery."""
    return day.imported, day.solar, day.car, day.charged


def _reverse(day: Day) -> tuple[list[int], list[int], list[int], list[int]]:
    """Name what the four channels measure backwards."""
    nothing = [0] * len(day.load)
    night = [30 if height <= 0 else 0 for height in day.sun]
    return day.exported, night, nothing, day.discharged


def _temperature(day: Day, number: int) -> list[int]:
    """Give one of eight probes: outdoors, indoors, hot water and so on."""
    if number == 1:
        return _steady(day.outdoor_c)
    return [round((20 + 4 * number) * 100 + value * 100 / (2 + number)) for value in day.outdoor_c]


SINGLE: dict[str, Callable[[Day], list[int]]] = {
    "PowerUsage": lambda day: day.load,
    "Generating": lambda day: day.solar,
    "PowerExported": lambda day: day.exported,
    "PowerUsageNet": lambda day: day.imported,
    "PowerExportedNet": lambda day: day.exported,
    "Irradiation": lambda day: [
        round(100_000 * height * clear) if height > 0 else 0
        for height, clear in zip(day.sun, day.clearness, strict=True)
    ],
    "BatteryCharge": lambda day: _steady(day.stored_percent),
    "Flow": lambda day: [(house % 97) * 13 if house % 7 == 0 else 0 for house in day.load],
    "Voltage": lambda day: [
        23_600 + sun % 500 - out % 300 - used % 211
        for sun, out, used in zip(day.solar, day.exported, day.load, strict=True)
    ],
    "SignalStrength": lambda day: [98_000 + (used * 37) % 4_500 for used in day.load],
}


def column(day: Day, name: str) -> list[int]:
    """Give a field's values of the day in hundredths."""
    if name in SINGLE:
        return SINGLE[name](day)
    if name.startswith("Temperature"):
        return _temperature(day, int(name[-1]))
    reverse = name.endswith("N")
    number = int(name[-2] if reverse else name[-1])
    if name.startswith("PowerFactor"):
        return _factor(day, number)
    forwards = _circuits(day)[number - 1]
    if name.startswith("PowerVAH"):
        return _apparent(day, forwards, number)
    return _reverse(day)[number - 1] if reverse else forwards
