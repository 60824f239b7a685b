"""The ledgers' file beside the cursors: it lasts, it may lag, and it is never read by an older version."""

import json
from math import isnan
from pathlib import Path

import pytest
from forwarding_bench import FOREIGN, Bench, hours_ago, stream_data, until
from homeassistant.core import HomeAssistant
from review_bench import async_reviewed, async_store_hours, ledger_path

from custom_components.wattbridge.forwarding import Problem, async_forget_account, ledger_file
from custom_components.wattbridge.forwarding.cursor import CursorError, CursorNewerError

ENERGY = {"pC_1": (FOREIGN, "change")}
HOURS = [0.5, 1.0, 0.25, None, 2.0, 0.0, 0.75] * 6


@pytest.fixture
async def filled(hass: HomeAssistant, bench: Bench) -> Bench:
    """An account that delivered a stream, and was stopped."""
    await async_store_hours(hass, hours_ago(60), HOURS)
    bench.add(stream_data(ENERGY))
    await async_reviewed(bench)
    await bench.stop()
    return bench


async def test_ledger_lasts(hass: HomeAssistant, filled: Bench) -> None:
    """What was noted is there after a restart, holes among it."""
    (ledger,) = ledger_file.load(ledger_path(filled)).values()
    energies = [ledger.energy_wh(hour) for hour in ledger.window[-len(HOURS) :]]
    assert energies == pytest.approx([1000 * kwh if kwh is not None else float("inf") for kwh in HOURS])
    engine = await filled.start()
    assert engine.ledger.whole_to_s == ledger.whole_to_s
    engine.ledger.revisions.unlisted = 7
    engine.ledger.on_change()
    await filled.stop()
    (ledger,) = ledger_file.load(ledger_path(filled)).values()
    assert ledger.revisions.unlisted == 7
    assert not isnan(engine.ledger.energy_wh(ledger.window[0]))


async def test_ledger_is_saved_soon(hass: HomeAssistant, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most every minute, and without anybody stopping."""
    monkeypatch.setattr(ledger_file, "SAVE_S", 0.05)
    await async_store_hours(hass, hours_ago(60), HOURS)
    bench.add(stream_data(ENERGY))
    await async_reviewed(bench)
    path = ledger_path(bench)
    await until(path.exists)
    assert path.stat().st_mode & 0o077 == 0


async def test_ledger_of_a_newer_version_is_left_alone(filled: Bench) -> None:
    """Nothing is sent, a repair says so, and the file stays as it is."""
    path = ledger_path(filled)
    content = json.dumps({**json.loads(path.read_bytes()), "version": 99}).encode()
    path.write_bytes(content)
    engine = await filled.start()
    assert engine.problem is Problem.CURSOR_NEWER
    await filled.stop()
    assert path.read_bytes() == content
    with pytest.raises(CursorNewerError, match="version 99"):
        ledger_file.load(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version":1}', b'{"version":1,"streams":{"a":{"end":1}}}', b'{"version":"x","streams":{}}'],
)
async def test_unreadable_ledger_is_begun_anew(filled: Bench, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """It can be made again, so nobody is stopped by it."""
    path = ledger_path(filled)
    path.write_bytes(content)
    with pytest.raises(CursorError):
        ledger_file.load(path)
    engine = await async_reviewed(filled)
    assert engine.problem is None
    assert "begun anew" in caplog.text
    assert engine.status.revised == 0
    assert engine.ledger.energy_wh(engine.ledger.window[-len(HOURS)]) == pytest.approx(500)


async def test_ledger_of_another_size_is_refused(filled: Bench) -> None:
    """A ring that is cut off has lost its hours."""
    path = ledger_path(filled)
    data = json.loads(path.read_bytes())
    (stream,) = data["streams"].values()
    stream["energies"] = stream["energies"][: len(stream["energies"]) // 2 // 4 * 4]
    path.write_bytes(json.dumps(data).encode())
    with pytest.raises(CursorError):
        ledger_file.load(path)


async def test_full_disk_is_said_and_costs_nothing(
    filled: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivery goes on; the ledger is written when there is room again."""
    engine = await async_reviewed(filled)
    book = engine.account.ledgers
    kept = Path.replace

    def full(self: Path, target: Path) -> Path:
        if "ledger" in self.name:
            raise OSError(28, "No space left on device")
        return kept(self, target)

    monkeypatch.setattr(Path, "replace", full)
    engine.ledger.put(engine.ledger.window[-1], 7.0, 1)
    await book.async_save()
    assert "cannot be written" in caplog.text
    assert engine.problem is None
    monkeypatch.undo()
    await book.async_save()
    (ledger,) = ledger_file.load(ledger_path(filled)).values()
    assert ledger.energy_wh(ledger.window[-1]) == 7.0


async def test_file_is_removed_with_the_account(hass: HomeAssistant, filled: Bench) -> None:
    """Nothing stays behind."""
    assert ledger_path(filled).exists()
    await async_forget_account(hass, filled.entry)
    assert not ledger_path(filled).exists()


async def test_ledger_of_a_removed_stream_is_forgotten(hass: HomeAssistant, filled: Bench) -> None:
    """Its subentry is gone, and its past with it."""
    await filled.start()
    subentry_id = next(iter(filled.entry.subentries))
    hass.config_entries.async_remove_subentry(filled.entry, subentry_id)
    assert filled.forwarder is not None
    await filled.forwarder.async_sync_streams()
    await filled.stop()
    assert ledger_file.load(ledger_path(filled)) == {}
