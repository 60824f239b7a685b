"""Names shared by the whole integration."""

from typing import Final

DOMAIN: Final = "wattbridge"

# Some accounts hold thousands of devices: of more than this many, only those that are chosen are looked at.
LARGE_ACCOUNT: Final = 200

# Of config entries: since 2, a source keeps in its options what may be changed later.
MINOR_VERSION: Final = 2

# Config entry data
CONF_VENDOR: Final = "vendor"
CONF_BASE_URL: Final = "base_url"
CONF_COLLECTION: Final = "collection"
CONF_DEVICES: Final = "devices"
CONF_LEFT_OUT: Final = "left_out"

# Config entry options of a source
CONF_GRID_FIELD: Final = "grid_field"
CONF_POWER_UNIT: Final = "power_unit"
CONF_HISTORY_DAYS: Final = "history_days"
CONF_STATISTICS: Final = "statistics"
CONF_INTERVALS_S: Final = "intervals_s"
CONF_FOLLOW_NEW_DEVICES: Final = "follow_new_devices"

# Stream subentry data
SUBENTRY_STREAM: Final = "stream"
CONF_STREAM_ID: Final = "stream_id"
CONF_KIND: Final = "kind"
CONF_INTERVAL_MIN: Final = "interval_min"
CONF_START: Final = "start"
CONF_START_AT: Final = "start_at"
CONF_PARAMETERS: Final = "parameters"
CONF_UNIT: Final = "unit"

# Series subentry data: an asset or a meter of WattCarbon
SUBENTRY_SERIES: Final = "series"
CONF_ROLE: Final = "role"
CONF_SEND_REVISIONS: Final = "send_revisions"
CONF_SOURCE: Final = "source"
CONF_TARGET: Final = "target"
CONF_TARGET_ID: Final = "target_id"
CONF_TARGET_KIND: Final = "target_kind"
CONF_TARGET_NAME: Final = "target_name"
