"""The selectors that more than one flow shows."""

from collections.abc import Iterable, Mapping

from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)


def choice(values: Iterable[str], translation_key: str) -> SelectSelector:
    """Offer a few values whose names are translated under a key."""
    return SelectSelector(
        SelectSelectorConfig(options=list(values), translation_key=translation_key, mode=SelectSelectorMode.DROPDOWN)
    )


def choices(values: Iterable[str], translation_key: str) -> SelectSelector:
    """Offer a few values as a list to tick."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(values), translation_key=translation_key, mode=SelectSelectorMode.LIST, multiple=True
        )
    )


def devices_choice(labels: Mapping[str, str], *, multiple: bool, allow_others: bool = False) -> SelectSelector:
    """Offer devices by their labels; the list can be searched, and where others are allowed their ids are typed."""
    options = [SelectOptionDict(value=device_id, label=label) for device_id, label in labels.items()]
    return SelectSelector(
        SelectSelectorConfig(
            options=options, multiple=multiple, custom_value=allow_others, mode=SelectSelectorMode.DROPDOWN
        )
    )
