"""The sensors of a stream: how far it has come, what it has delivered, and what did not go smoothly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .const import CONF_VENDOR
from .data import SinkRuntime, WattbridgeConfigEntry
from .forwarding import StreamStatus
from .stream_entity import StreamEntity, async_add_stream_entities
from .vendors import WATTICS

# The shortest interval there is: in finer steps the lag would only fill the recorder.
LAG_STEP_MIN: Final = 5
AGING: Final = timedelta(minutes=LAG_STEP_MIN)


def lag_min(status: StreamStatus) -> int | None:
    """Return for how many minutes now nothing is settled."""
    lag_s = status.lag_s(dt_util.utcnow())
    return None if lag_s is None else int(lag_s) // (LAG_STEP_MIN * 60) * LAG_STEP_MIN


@dataclass(frozen=True, kw_only=True)
class StreamSensorDescription(SensorEntityDescription):
    """A sensor and the fact it shows; `ages`: the fact changes with time alone."""

    value_fn: Callable[[StreamStatus], datetime | float | None]
    attributes_fn: Callable[[StreamStatus], dict[str, str | float | None]] | None = None
    ages: bool = False


@dataclass(frozen=True, kw_only=True)
class CountDescription(StreamSensorDescription):
    """A number that only grows, of which a look from time to time is enough."""

    state_class: SensorStateClass | None = SensorStateClass.TOTAL_INCREASING
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC


@dataclass(frozen=True, kw_only=True)
class CorrectedCountDescription(CountDescription):
    """A number from which something may be taken again: what the cloud takes after all, what is set right."""

    # Of one that only increases, the recorder would take a fall for a new beginning.
    state_class: SensorStateClass | None = SensorStateClass.TOTAL


@dataclass(frozen=True, kw_only=True)
class TimeDescription(StreamSensorDescription):
    """A moment."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.TIMESTAMP


def _isoformat(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


STREAM_SENSORS: Final = (
    TimeDescription(
        key="last_delivered", translation_key="last_delivered", value_fn=lambda status: status.delivered_to
    ),
    StreamSensorDescription(
        key="lag",
        translation_key="lag",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lag_min,
        ages=True,
    ),
    StreamSensorDescription(
        key="backlog",
        translation_key="backlog",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: status.backlog,
    ),
    StreamSensorDescription(
        key="delivered",
        translation_key="delivered",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda status: status.delivered,
    ),
    CorrectedCountDescription(key="rejected", translation_key="rejected", value_fn=lambda status: status.rejected),
    CorrectedCountDescription(
        key="revised",
        translation_key="revised",
        value_fn=lambda status: status.revised,
        attributes_fn=lambda status: {"revised_kwh": status.revised_kwh},
    ),
    StreamSensorDescription(
        key="difference",
        translation_key="difference",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=3,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda status: status.difference_kwh,
        attributes_fn=lambda status: {"reconciled_at": _isoformat(status.reconciled_at)},
    ),
    TimeDescription(
        key="filled_until",
        translation_key="filled_until",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda status: status.filled_until,
    ),
    CountDescription(
        key="holes",
        translation_key="holes",
        entity_registry_enabled_default=False,
        value_fn=lambda status: status.holes,
    ),
    CountDescription(
        key="repeated",
        translation_key="repeated",
        entity_registry_enabled_default=False,
        value_fn=lambda status: status.repeated,
    ),
    CountDescription(
        key="resets",
        translation_key="resets",
        entity_registry_enabled_default=False,
        value_fn=lambda status: status.resets,
    ),
    TimeDescription(
        key="hourly_until",
        translation_key="hourly_until",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda status: status.hourly_until,
    ),
    TimeDescription(
        key="paused_until",
        translation_key="paused_until",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda status: status.paused_until,
    ),
)


CLOUD_LAST_PACKET: Final = SensorEntityDescription(
    key="cloud_last_packet",
    translation_key="cloud_last_packet",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)


class StreamSensor(StreamEntity, SensorEntity):
    """A fact of a stream."""

    entity_description: StreamSensorDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the stream, and the clock where the fact changes with it."""
        await super().async_added_to_hass()
        if self.entity_description.ages:
            self.async_on_remove(async_track_time_interval(self.hass, self._async_age, AGING, cancel_on_shutdown=True))

    @callback
    def _async_age(self, _now: datetime) -> None:
        self.async_write_ha_state()

    @property
    @override
    def native_value(self) -> datetime | float | None:
        """Return the fact as the engine has it now."""
        return self.entity_description.value_fn(self._engine.status)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, str | float | None] | None:
        """Return what belongs to the fact."""
        attributes_fn = self.entity_description.attributes_fn
        return None if attributes_fn is None else attributes_fn(self._engine.status)


class CloudLastPacket(StreamEntity, SensorEntity):
    """The last packet of the stream as the cloud told when it was asked: at the start, once a day, after a doubt."""

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return its time."""
        last = self._engine.last_packet
        return None if last is None else last.timestamp

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, float]:
        """Return its numbers, by the names they have on the wire."""
        last = self._engine.last_packet
        return {} if last is None else last.values


def async_add_stream_sensors(
    entry: WattbridgeConfigEntry, runtime: SinkRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of every stream, now and later."""
    async_add_stream_entities(entry, runtime, async_add_entities, STREAM_SENSORS, StreamSensor)
    if entry.data[CONF_VENDOR] == WATTICS.key:
        # The other cloud does not say.
        async_add_stream_entities(entry, runtime, async_add_entities, (CLOUD_LAST_PACKET,), CloudLastPacket)
