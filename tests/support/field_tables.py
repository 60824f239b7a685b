"""The tables of documented fields and where they are in our models; run alone, it brings docs/library.md up to date."""

import dataclasses
import re
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.alias_generators import to_camel

from aiowattbridge import carbontrack, voltaware, wattcarbon, wattics
from aiowattbridge.voltaware.reports import WireReport
from aiowattbridge.voltaware.results import WireCycle, WireCycles

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
BEGIN, END = "<!-- fields of {} -->", "<!-- end of {} -->"

READ: dict[str, tuple[type, ...]] = {
    "carbonTRACK": (
        carbontrack.Distributor,
        carbontrack.Customer,
        carbontrack.Device,
        carbontrack.Weather,
        carbontrack.Control,
        carbontrack.Measurement,
    ),
    "Voltaware": (
        voltaware.Device,
        voltaware.Locale,
        voltaware.Disaggregation,
        voltaware.ApplianceEnergy,
        voltaware.MonthByWeeks,
        voltaware.ClippedWeek,
        WireCycles,
        WireCycle,
        WireReport,
        voltaware.DayByDay,
        voltaware.Day,
        voltaware.CarbonFootprint,
        voltaware.Property,
        voltaware.People,
        voltaware.Geolocation,
    ),
    "WattCarbon": (wattcarbon.Asset, wattcarbon.Meter),
}
# What is read under one name and handed out under another.
PUBLIC = {WireCycles: "ApplianceCycles", WireCycle: "Cycle", WireReport: "Report"}


def table(vendor: str) -> str:
    """Write the table of a vendor."""
    rows = [row for model in READ.get(vendor, ()) for row in _read(model)]
    if vendor == "Voltaware":
        rows += [row for name in voltaware.__all__ for row in _appliance(getattr(voltaware, name))]
    if vendor == "WattCarbon":
        rows += [row for kind in (wattcarbon.Solar, wattcarbon.Electrification) for row in _camel(kind)]
        rows += [row for model in (wattcarbon.NewMeter, wattcarbon.Address) for row in _camel(model)]
        rows += [("latitude", "Coordinates.latitude_deg", "float"), ("longitude", "Coordinates.longitude_deg", "float")]
        rows += [("datetime", "HourlyEnergy.start", "datetime"), ("value_kwh", "HourlyEnergy.energy_kwh", "Decimal")]
    if vendor == "Wattics":
        rows += [("id", "Packet.stream_id", "str"), ("tsISO8601", "Packet.timestamp", "datetime")]
        rows += [
            (one.name, f'ElectricityPacket.values["{one.name}"]', f"float, {one.unit}")
            for one in wattics.ELECTRICITY_PARAMETERS
        ]
        rows += [("value", "ValuePacket.value", "float")]
    lines = [f"| `{wire}` | `{ours}` | {kind} |" for wire, ours, kind in rows]
    return "\n".join(["| documented field | ours | type |", "|---|---|---|", *lines])


def _read(model: type) -> list[tuple[str, str, str]]:
    """List the fields of a model that pydantic reads, by the vendor's names."""
    hints = typing.get_type_hints(model)
    name = PUBLIC.get(model, model.__name__)
    fields = _schema(TypeAdapter(model).core_schema, model)
    return [(_wire(field), f"{name}.{field['name']}", _type(hints[field["name"]])) for field in fields]


def _schema(node: Any, model: type) -> list[dict[str, Any]]:
    """Find a dataclass's fields in a core schema."""
    if isinstance(node, dict):
        if node.get("type") == "dataclass" and node.get("cls") is model:
            inner = node["schema"]
            while "fields" not in inner:
                inner = inner["schema"]
            return list(inner["fields"])
        children = [value for key, value in node.items() if key not in ("metadata", "serialization")]
    else:
        children = list(node) if isinstance(node, (list, tuple)) else []
    return next((found for child in children if (found := _schema(child, model))), [])


def _wire(field: dict[str, Any]) -> str:
    """Return the vendor's name of a field, or its two names."""
    alias = field.get("validation_alias", field["name"])
    return alias if isinstance(alias, str) else " or ".join(".".join(map(str, path)) for path in alias)


def _camel(model: type) -> list[tuple[str, str, str]]:
    """List the fields of what is written in camel case."""
    hints = typing.get_type_hints(model)
    return [
        (to_camel(field.name), f"{model.__name__}.{field.name}", _type(hints[field.name]))
        for field in dataclasses.fields(model)
        if field.name != "extra"
    ]


def _appliance(kind: Any) -> list[tuple[str, str, str]]:
    """List the fields of a kind of appliance, which are called as the vendor does."""
    if not isinstance(kind, type) or not issubclass(kind, voltaware.Appliance) or not kind.KEY:
        return []
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind) if field.name != "extra"]
    return [(f"{kind.KEY} {name}", f"{kind.__name__}.{name}", _type(hints[name])) for name in names]


def _type(hint: Any) -> str:
    """Write a type as people do."""
    if isinstance(hint, typing.TypeAliasType):
        return _type(hint.__value__)
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return " or ".join(_type(part) for part in typing.get_args(hint))
    if typing.get_origin(hint) is typing.Annotated:
        return _type(typing.get_args(hint)[0])
    text = hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)
    return re.sub(r"(\w+\.)+(?=\w)", "", text).replace("NoneType", "None").replace("|", "or")


def refresh(page: str) -> str:
    """Return a page with its tables as they are to be."""
    for vendor in (*READ, "Wattics"):
        begin, end = BEGIN.format(vendor), END.format(vendor)
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{table(vendor)}\n{end}{rest.partition(end)[2]}"
    return page


if __name__ == "__main__":
    PAGE.write_text(refresh(PAGE.read_text()))
