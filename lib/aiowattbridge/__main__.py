"""The command line: `aiowattbridge`, or `python -m aiowattbridge`."""

import sys
from importlib.util import find_spec

# What the extra `cli` brings; the library itself does without.
_TOOLKIT = ("rich", "typer")


def main() -> int:
    """Run the command line and return its exit code; without its toolkit, say how to get it."""
    if any(find_spec(name) is None for name in _TOOLKIT):
        sys.stderr.write('error: the command line needs its extra packages: pip install "aiowattbridge[cli]"\n')
        return 2
    from .cli.app import run  # noqa: PLC0415 - it cannot be imported without the toolkit

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
