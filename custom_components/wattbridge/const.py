"""Names shared by the whole integration."""

from typing import Final

DOMAIN: Final = "wattbridge"

# Config entry data
CONF_VENDOR: Final = "vendor"
CONF_BASE_URL: Final = "base_url"
CONF_DEVICES: Final = "devices"
CONF_GRID_FIELD: Final = "grid_field"
CONF_POWER_UNIT: Final = "power_unit"
CONF_HISTORY_DAYS: Final = "history_days"

# Stream subentry data
SUBENTRY_STREAM: Final = "stream"
CONF_STREAM_ID: Final = "stream_id"
CONF_KIND: Final = "kind"
CONF_INTERVAL_MIN: Final = "interval_min"
CONF_START: Final = "start"
CONF_START_AT: Final = "start_at"
CONF_PARAMETERS: Final = "parameters"
