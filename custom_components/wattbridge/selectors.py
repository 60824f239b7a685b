"""The selectors that more than one flow shows."""

from collections.abc import Iterable

from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode


def choice(values: Iterable[str], translation_key: str) -> SelectSelector:
    """Offer a few values whose names are translated under a key."""
    return SelectSelector(
        SelectSelectorConfig(options=list(values), translation_key=translation_key, mode=SelectSelectorMode.DROPDOWN)
    )
