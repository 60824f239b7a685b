"""Says after an account was removed that its statistics stay, and how those who do not want them delete them."""

from collections.abc import Collection

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .data import WattbridgeConfigEntry


@callback
def async_say_what_stays(hass: HomeAssistant, entry: WattbridgeConfigEntry, statistic_ids: Collection[str]) -> None:
    """Tell of the series that are still there; the notice is gone with the next start."""
    if not statistic_ids:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"statistics_kept_{entry.entry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="statistics_kept",
        translation_placeholders={
            "account": entry.title,
            "count": str(len(statistic_ids)),
            "list": "\n".join(f"- `{statistic_id}`" for statistic_id in sorted(statistic_ids)),
        },
    )
