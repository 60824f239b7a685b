"""The things of a WattCarbon account by their id, which is a text or a number on the wire."""

from typing import TYPE_CHECKING

from .wattcarbon_refusals import no_such_thing

if TYPE_CHECKING:
    from collections.abc import Mapping


class Registry:
    """Assets or meters as they go over the wire."""

    def __init__(self, prefix: str, first: int, *, numeric_ids: bool) -> None:
        """Start empty; `first` keeps the numbers of two registries apart."""
        self.held: dict[str, dict[str, object]] = {}
        self._prefix = prefix
        self._next = first
        self._numeric = numeric_ids

    def add(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Keep a new thing under a new id."""
        wire_id: int | str = self._next if self._numeric else f"{self._prefix}-{self._next:06x}"
        self._next += 1
        self.held[str(wire_id)] = {"id": wire_id, **fields}
        return self.held[str(wire_id)]

    def find(self, its_id: str, noun: str) -> dict[str, object]:
        """Give the thing with this id or answer that there is none."""
        if its_id not in self.held:
            raise no_such_thing(noun)
        return self.held[its_id]

    def replace(self, its_id: str, fields: Mapping[str, object]) -> dict[str, object]:
        """Put other fields in place of all but the id."""
        self.held[its_id] = {**fields, "id": self.held[its_id]["id"]}
        return self.held[its_id]
