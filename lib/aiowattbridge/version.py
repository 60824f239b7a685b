"""The version of the library, in the one place that the package's build and the User-Agent read."""

from typing import Final

VERSION: Final = "0.1.0"
