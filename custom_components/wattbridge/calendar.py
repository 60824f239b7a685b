"""Calendars: when the appliances of a Voltaware meter ran."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, override

from homeassistant.components.calendar import CalendarEntity, CalendarEntityDescription, CalendarEvent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import VoltawareRuntime, WattbridgeConfigEntry
from .names import SeriesNames, async_series_names
from .voltaware_coordinator import VoltawareCoordinator
from .voltaware_data import CycleFigure, MeterSnapshot
from .voltaware_entity import VoltawareEntity, async_follow_meters
from .voltaware_figures import as_kwh

PARALLEL_UPDATES = 0
CYCLES: Final = CalendarEntityDescription(key="cycles", translation_key="cycles")


class CycleCalendar(VoltawareEntity, CalendarEntity):
    """The runs of a meter's appliances; today the vendor tells of the car alone."""

    def __init__(self, coordinator: VoltawareCoordinator, device_id: str, names: SeriesNames) -> None:
        """Belong to the meter."""
        super().__init__(coordinator, device_id, CYCLES)
        self._names = names

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return the newest run that is known: results come after the month, so none lies ahead."""
        newest = max(self._cycles, key=lambda cycle: cycle.start, default=None)
        return None if newest is None else self._event(newest)

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the runs that touch a time."""
        found = [cycle for cycle in self._cycles if cycle.end > start_date and cycle.start < end_date]
        return [self._event(cycle) for cycle in found]

    @property
    def _cycles(self) -> tuple[CycleFigure, ...]:
        return () if self.snapshot is None else tuple(self.snapshot.cycles)

    def _event(self, cycle: CycleFigure) -> CalendarEvent:
        energy_kwh = as_kwh(cycle.energy_wh)
        return CalendarEvent(
            start=cycle.start,
            end=cycle.end,
            summary=self._names.appliance(cycle.key),
            description=None if energy_kwh is None else f"{energy_kwh:.2f} kWh",
            uid=f"{self.unique_id}_{cycle.key}_{cycle.start.isoformat()}",
        )


async def async_setup_entry(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the calendar of every meter that has told of a run, now and later."""
    runtime = entry.runtime_data
    if not isinstance(runtime, VoltawareRuntime):
        return
    names = await async_series_names(hass)

    def describe(snapshot: MeterSnapshot) -> Iterator[CalendarEntityDescription]:
        if snapshot.cycles:
            yield CYCLES

    async_follow_meters(
        entry,
        runtime.coordinator,
        async_add_entities,
        describe,
        lambda coordinator, device_id, _: CycleCalendar(coordinator, device_id, names),
    )
