"""Invented customers whose every personal field can be recognised wherever it turns up."""

import uuid
from dataclasses import dataclass

CANARY = "kanarienvogel"
"""Part of every personal text of a simulated customer."""


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with a reference, devices and things nobody else should see."""

    number: int
    reference: str
    device_ids: tuple[str, ...]
    wire: dict[str, object]
    latitude_deg: float
    longitude_deg: float
    ip_address: str

    @property
    def canaries(self) -> frozenset[str]:
        """Name what must stay inside the client."""
        texts = {str(self.wire[key]) for key in PERSONAL_KEYS}
        return frozenset(texts | {f"{self.latitude_deg}", f"{self.longitude_deg}", self.ip_address})


PERSONAL_KEYS = (
    "FirstName",
    "LastName",
    "Email",
    "UserName",
    "Mobile",
    "DayTimeContact",
    "Location",
    "DateOfBirth",
    "WorkContact",
)


def _uuid(kind: str, seed: int, number: int) -> str:
    """Invent an id that is the same every time."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {seed} {number}"))


def distributor_id(seed: int) -> str:
    """Give the id of the one distributor of a house's customers."""
    return _uuid("distributor", seed, 0)


def make_person(seed: int, number: int, device_ids: list[str]) -> Person:
    """Invent a customer."""
    reference = f"REF{seed % 1000:03d}{number + 1:05d}"
    wire: dict[str, object] = {
        "Devices": list(device_ids),
        "CustomerId": _uuid("customer", seed, number),
        "FirstName": f"First-{CANARY}-{number}",
        "LastName": f"Last-{CANARY}-{number}",
        "Email": f"{CANARY}.{number}@example.invalid",
        "UserId": _uuid("user", seed, number),
        "AccountNumber": reference,
        "UserName": f"login-{CANARY}-{number}",
        "Mobile": f"+61 491 {570_000 + number:06d} {CANARY}",
        "DayTimeContact": f"+61 8 5550 {number:04d} {CANARY}",
        "Location": f"{number + 1} {CANARY.title()} Street, Nowhere 5999",
        "DateOfBirth": f"{1903 + number % 80}-02-{1 + number % 28:02d}T04:05:06",
        "DistributorId": distributor_id(seed),
        "CurrencyId": _uuid("currency", seed, 0),
        "TimezoneId": 38,
        "IsMetricsUnit": True,
        "WorkContact": f"Work-{CANARY}-{number}",
    }
    return Person(
        number,
        reference,
        tuple(device_ids),
        wire,
        round(-34.90077 - number % 1000 / 1e5, 5),
        round(138.60077 + number % 1000 / 1e5, 5),
        f"203.0.113.{number % 250 + 1}",
    )
