"""The names of statistics and of their kinds, in the language of this Home Assistant."""

from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN

SERIES: Final = "series"
APPLIANCE: Final = "appliance"
MEASURE: Final = "measure"
UNIT_CLASS: Final = "unit_class"


class SeriesNames:
    """Translated names of series, appliances and kinds; what the texts do not know is shown as the vendor calls it."""

    def __init__(self, texts: dict[str, str]) -> None:
        """Keep the texts of the selectors."""
        self._texts = texts

    def series(self, key: str) -> str:
        """Name a series: what it counts."""
        return self._text(SERIES, key)

    def appliance(self, key: str) -> str:
        """Name a kind of appliance."""
        return self._text(APPLIANCE, key)

    def measure(self, key: str) -> str:
        """Name what is taken from a row of a statistic."""
        return self._text(MEASURE, key)

    def unit_class(self, key: str) -> str:
        """Name what a statistic is about, in the words of its unit."""
        return self._text(UNIT_CLASS, key)

    def _text(self, selector: str, key: str) -> str:
        path = f"component.{DOMAIN}.selector.{selector}.options.{key}"
        return self._texts.get(path) or key.replace("_", " ").strip().capitalize() or key


async def async_series_names(hass: HomeAssistant) -> SeriesNames:
    """Load the names in Home Assistant's language."""
    return SeriesNames(await async_get_translations(hass, hass.config.language, "selector", {DOMAIN}))
