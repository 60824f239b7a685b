"""The release as HACS installs it: one zip, unpacked into a Home Assistant that has never heard of us."""

import subprocess
import sys
import zipfile
from pathlib import Path

from demo.check import compare, compare_history
from demo.home import INTEGRATION, ROOT, Home
from demo.play import (
    STREAMS,
    add_carbontrack,
    add_wattics,
    wait_for_history,
    wait_for_statistics,
    wait_until_delivered,
)
from demo.town import Town


def unpack_release(folder: Path) -> Path:
    """Pack the integration as `scripts/build` does, and unpack it as HACS does."""
    archive, unpacked = folder / "wattbridge.zip", folder / "wattbridge"
    packer = ROOT / "scripts" / "make_zip.py"
    subprocess.run([sys.executable, packer, INTEGRATION, archive], check=True, timeout=60)  # noqa: S603 - our own script
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(unpacked)
    assert (unpacked / "manifest.json").is_file()
    assert (unpacked / "aiowattbridge").is_dir()
    assert not (unpacked / "aiowattbridge" / "simulators").exists()
    return unpacked


async def test_release_sets_up_and_carries_energy(tmp_path: Path, recorder_url: str) -> None:
    """Nothing of the checkout is on the path of this Home Assistant."""
    unpacked = unpack_release(tmp_path)
    home = Home(tmp_path / "home", integration=unpacked, recorder_url=recorder_url)
    async with Town(days=7) as town, home:
        await home.start()
        await add_carbontrack(home.api, town, history_days=30)
        statistic_ids = await wait_for_statistics(home.api)
        await wait_for_history(home.api, town, statistic_ids)
        await add_wattics(home.api, town, statistic_ids, start=None)
        await wait_until_delivered(town)
        findings = await compare(home.api, town, STREAMS, statistic_ids, town.begin)
        _, reasons = await compare_history(home.api, town, statistic_ids)
        assert findings.reasons + reasons + await home.logged("ERROR", "CRITICAL") == []
