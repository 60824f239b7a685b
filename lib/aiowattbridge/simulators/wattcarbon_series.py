"""What was uploaded to the WattCarbon cloud, by instant: the last value wins, and all is counted."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .wattcarbon_csv import Rows
    from .wattcarbon_forms import Encoding

type Resource = Literal["hours", "intervals", "bills"]
"""Hours of an asset, intervals or bills of a meter."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a file came and when."""

    encoding: Encoding
    size_bytes: int
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvUpload:
    """A file that was accepted: of which asset or meter, and what its rows did."""

    owner_id: str
    resource: Resource
    arrival: Arrival
    rows: int
    first: datetime
    last: datetime
    added: int
    replaced: int
    identical: int

    @property
    def encoding(self) -> Encoding:
        """Say how the file came."""
        return self.arrival.encoding


class SeriesStore:
    """Series by what they are and the id of their asset or meter."""

    def __init__(self) -> None:
        """Start empty."""
        self.uploads: list[CsvUpload] = []
        self._values: dict[tuple[Resource, str], Rows] = {}

    def values(self, resource: Resource, owner_id: str) -> Rows:
        """Show a series in order, as a copy."""
        return dict(sorted(self._values.get((resource, owner_id), {}).items()))

    def preload(self, resource: Resource, owner_id: str, rows: Mapping[datetime, float]) -> None:
        """Put rows there that nobody uploads."""
        self._values.setdefault((resource, owner_id), {}).update(rows)

    def take(self, resource: Resource, owner_id: str, rows: Rows, arrival: Arrival) -> None:
        """Store the rows of a file."""
        known = self._values.setdefault((resource, owner_id), {})
        before = [(known[instant], value) for instant, value in rows.items() if instant in known]
        identical = sum(old == new for old, new in before)
        known.update(rows)
        self.uploads.append(
            CsvUpload(
                owner_id=owner_id,
                resource=resource,
                arrival=arrival,
                rows=len(rows),
                first=min(rows),
                last=max(rows),
                added=len(rows) - len(before),
                replaced=len(before) - identical,
                identical=identical,
            )
        )

    def counts(self, resource: Resource) -> dict[str, object]:
        """Add the uploads of a resource up; those rows that were new are counted under its own name."""
        uploads = [upload for upload in self.uploads if upload.resource == resource]
        return {
            "files": len(uploads),
            "rows": sum(upload.rows for upload in uploads),
            "replaced": sum(upload.replaced for upload in uploads),
            "identical": sum(upload.identical for upload in uploads),
            resource: sum(upload.added for upload in uploads),
        }
