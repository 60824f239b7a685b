"""The wrapping around a list of appliances, and the refusal that means that a device has sent nothing yet."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, TypeAdapter

from ..errors import ForbiddenError
from ..fields import NoneIsEmpty
from .appliances import AnyAppliance, appliances_of_wire


class NotRegisteredError(ForbiddenError):
    """The device has sent no event yet, or is not this account's (403), also for a fresh token."""

    def __init__(self, device_id: str, refusal: ForbiddenError) -> None:
        """Name the device."""
        super().__init__(
            f"device {device_id} is not registered: it has sent nothing yet, or belongs to somebody else (HTTP 403)",
            vendor=refusal.vendor,
            endpoint=refusal.endpoint,
            status=refusal.status,
            answer=refusal.answer,
        )
        self.device_id = device_id


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
