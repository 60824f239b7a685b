"""The wrapping around a list of appliances, and the list of ids, which the page does not write as JSON."""

import re
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, TypeAdapter

from ..fields import NoneIsEmpty, OpaqueId
from ..transport import Answer, decode_json
from .appliances import AnyAppliance, appliances_of_wire
from .login import VENDOR

# A text is passed over; a bare number outside of one is an id.
_TEXT_OR_NUMBER: Final = re.compile(rb'("(?:[^"\\]|\\.)*")|(?<![\w.+-])([0-9]+)(?![\w.+-])')
_IDS: Final = TypeAdapter(list[OpaqueId])


def decode_ids(answer: Answer, endpoint: str) -> list[str]:
    """Read a list of ids, numbers or texts: the page has [0001, 0002], whose zeros are part of the ids."""
    quoted = _TEXT_OR_NUMBER.sub(lambda found: found[1] or b'"%s"' % found[2], answer.body)
    return decode_json(replace(answer, body=quoted), _IDS, vendor=VENDOR, endpoint=endpoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAppliances:
    """The list of appliances as it arrives."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(coerce_numbers_to_str=True)

    # Each kind has fields of its own, and there may be kinds that nobody knows yet.
    appliances: Annotated[tuple[dict[str, Any], ...], NoneIsEmpty] = ()
    version: str | None = None

    def read(self) -> tuple[AnyAppliance, ...]:
        """Return the appliances."""
        return appliances_of_wire(self.appliances)


APPLIANCES: Final = TypeAdapter(WireAppliances)
