"""What is said of a meter when it is created."""

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from .checks import texts_in
from .places import Location, check_location, write_location

type MeterType = Literal["gas", "electricity"]

METER_TYPES: Final[tuple[MeterType, ...]] = get_args(MeterType.__value__)

# The one provider whose meters are filled by uploads.
_PROVIDER: Final = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMeter:
    """A meter that holds uploaded series; raises ValueError for another type and for a place that is none."""

    meter_type: MeterType
    location: Location = field(repr=False)

    def __post_init__(self) -> None:
        """Check both fields."""
        if self.meter_type not in METER_TYPES:
            raise ValueError(f"meter_type: has to be one of {', '.join(METER_TYPES)}")
        check_location(self.location)

    def personal(self) -> list[str]:
        """Return the texts that must not be repeated in an error."""
        return texts_in(write_location(self.location))

    def to_wire(self) -> dict[str, object]:
        """Write it under the vendor's names."""
        return {
            "apiProvider": _PROVIDER,
            "meterType": self.meter_type,
            "location": write_location(self.location),
        }
