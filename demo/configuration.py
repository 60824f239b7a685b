"""The folder a Home Assistant starts from: as small as it may be, with all that the Energy dashboard needs."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TIME_ZONE = "Australia/Sydney"
LATITUDE_DEG = -33.87
LONGITUDE_DEG = 151.21

CONFIGURATION = f"""\
homeassistant:
  name: Demo
  latitude: {LATITUDE_DEG}
  longitude: {LONGITUDE_DEG}
  elevation: 30
  unit_system: metric
  currency: AUD
  country: AU
  language: en
  time_zone: {TIME_ZONE}
  auth_providers:
    # With one user only, opening the page on this machine asks for no password.
    - type: trusted_networks
      trusted_networks: [127.0.0.1/32, "::1/128"]
      allow_bypass_login: true
    - type: homeassistant
recorder:
  commit_interval: 1
history:
logbook:
energy:
logger:
  default: warning
  logs:
    # What a machine without ffmpeg, libturbojpeg and zlib-ng says, and what is said of any custom integration.
    haffmpeg: fatal
    homeassistant.components.camera.img_util: fatal
    aiohttp_fast_zlib: error
    homeassistant.loader: error
    homeassistant.bootstrap: error
"""


def write_configuration(folder: Path, port: int, integration: Path, recorder_url: str = "") -> None:
    """Fill an empty folder; `integration` is linked, so that the checkout runs as it is."""
    (folder / ".storage").mkdir(parents=True)
    (folder / "custom_components").mkdir()
    (folder / "configuration.yaml").write_text(CONFIGURATION.replace("recorder:\n", _recorder(recorder_url)))
    # Said done beforehand: its REST step would start flows of integrations that look for the internet.
    _store(folder, "onboarding", (4, 1), {"done": ["core_config", "integration", "analytics"]})
    # `http:` in YAML would be a trial that ends after five minutes with a restart on another port.
    _store(folder, "http", (2, 2), _http(port))
    (folder / "custom_components" / "wattbridge").symlink_to(integration.resolve(), target_is_directory=True)


def _recorder(url: str) -> str:
    """Begin the recorder's part: without an address it keeps its own file in the folder."""
    return f"recorder:\n  db_url: {url}\n" if url else "recorder:\n"


def _http(port: int) -> dict[str, Any]:
    """Write the settings of the web server as Home Assistant keeps them once they have proved good."""
    stable = {
        "server_port": port,
        "server_host": ["127.0.0.1"],
        "cors_allowed_origins": ["https://cast.home-assistant.io"],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    return {"stable": stable, "pending": None, "yaml_migration_done": True}


def _store(folder: Path, key: str, version: tuple[int, int], data: dict[str, Any]) -> None:
    content = {"version": version[0], "minor_version": version[1], "key": key, "data": data}
    (folder / ".storage" / key).write_text(json.dumps(content))
