"""WattCarbon's assets: which kinds there are, what each has to say of itself, and which texts are never shared."""

from typing import TYPE_CHECKING, Literal

from .wattcarbon_fields import Check, check_fields, day, flag, location, number_in, owner, text
from .wattcarbon_refusals import Place, Problem, Unwanted, problem, unprocessable

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED = ("kind", "name", "location")
COMMON: Mapping[str, Check] = {
    "kind": text,
    "name": text,
    "customId": text,
    "location": location,
    "utility": text,
    "deviceOwner": owner,
    "commencedOperationDate": day,
}
NOT_NEGATIVE = number_in(0)
SOLAR: Mapping[str, Check] = {
    "nameplateCapacityKw": NOT_NEGATIVE,
    "inverterDataId": text,
    "inverterDataSource": text,
    "externalRegistryName": text,
    "externalRegistryDeviceId": text,
}
ELECTRIFICATION: Mapping[str, Check] = {
    "areaSqft": NOT_NEGATIVE,
    "previousFuel": text,
    "replacesFurnace": flag,
    "replacesWaterHeater": flag,
    "coldClimate": flag,
    "effectiveUsefulLifeYears": NOT_NEGATIVE,
    "buildingType": text,
    "heatingBackupSystem": text,
    "heatPumpHspf": NOT_NEGATIVE,
    "waterHeaterUef": NOT_NEGATIVE,
}
SHOWN_IN_FULL: Mapping[str, Mapping[str, Check]] = {"solar": SOLAR, "electrification": ELECTRIFICATION}
"""The kinds of which the vendor's pages show every field; all of them are needed."""
BY_METHODOLOGY = frozenset(
    {
        "solar_direct",
        "storage_direct",
        "electrification_billing_metered",
        "electrification_eemetered",
        "electrification_nrel_resstock_deemed",
        "energy_efficiency_eemetered",
        "demand_response_eemetered",
        "tracking_building",
    }
)
"""The kinds that the pages only name: their own fields are anybody's guess, so any are taken."""
CONFLICT = "conflicts"


def check_asset(
    body: Mapping[str, object], meter_ids: frozenset[str], *, accept_unknown_kinds: bool, own_id: str | None = None
) -> None:
    """Refuse what is no asset; `own_id`: the id it has already, which it may say of itself."""
    kind = body.get("kind")
    problems: list[Problem] = []
    kinds = SHOWN_IN_FULL.keys() | BY_METHODOLOGY
    if isinstance(kind, str) and kind not in kinds and not accept_unknown_kinds:
        problems.append(problem(("body", "kind"), f"This has to be one of {', '.join(sorted(kinds))}.", "enum"))
    own = SHOWN_IN_FULL.get(str(kind), {})
    checks: dict[str, Check] = {**(own or {**SOLAR, **ELECTRIFICATION}), **COMMON}

    def known_meter(value: object, place: Place) -> list[Problem]:
        """Accept the id of a meter of this account, as a text or a number."""
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value) in meter_ids:
            return []
        return [problem(place, "There is no such meter.", given=value)]

    def known_meters(value: object, place: Place) -> list[Problem]:
        """Accept a list of ids."""
        if not isinstance(value, list):
            return [problem(place, "This has to be a list.", "list_type", given=value)]
        return [wrong for number, each in enumerate(value) for wrong in known_meter(each, (*place, number))]

    def same_id(value: object, place: Place) -> list[Problem]:
        """Accept the asset's own id."""
        return [] if own_id is not None and str(value) == own_id else [problem(place, "An id is given, not chosen.")]

    checks |= {"meterId": known_meter, "meterIds": known_meters, "id": same_id}
    problems += check_fields(body, checks, (*NEEDED, *own), is_open=not own, place=("body",))
    if problems:
        raise unprocessable(*problems)


def check_custom_id(
    body: Mapping[str, object],
    held: Mapping[str, Mapping[str, object]],
    status: Literal[409, 422],
    own_id: str | None = None,
) -> None:
    """Refuse a custom id that another asset of the account has."""
    custom_id = body.get("customId")
    taken = any(fields.get("customId") == custom_id for its_id, fields in held.items() if its_id != own_id)
    if custom_id is None or not taken:
        return
    message = "Another asset of this account has this customId."
    if status == 409:  # noqa: PLR2004 - the status is the option
        raise Unwanted(409, message, tally=CONFLICT)
    raise unprocessable(problem(("body", "customId"), message, given=custom_id), tally=CONFLICT)
