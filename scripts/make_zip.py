"""Pack the integration the way HACS unpacks it: manifest.json at the top, the linked library as a real folder."""

import sys
import zipfile
from pathlib import Path

# The release runs inside Home Assistant: what is for people at a shell stays in the wheel.
LEFT_OUT = {"__main__.py", "__pycache__", "cli", "py.typed", "simulators"}
EPOCH = (2026, 1, 1, 0, 0, 0)


def files(folder: Path) -> list[Path]:
    """List the files below a folder, through its links, in a stable order."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name in LEFT_OUT or path.suffix == ".pyc":
            continue
        found.extend(files(path) if path.is_dir() else [path])
    return found


def pack(source: Path, target: Path) -> None:
    """Write the zip; the same source gives the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files(source):
            entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]))
