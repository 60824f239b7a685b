"""Where credentials come from: environment variables, or a question at a terminal; never the command line."""

import getpass
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ..transport import check_base_url
from .endings import Ending, Stop


class Vendor(StrEnum):
    """The clouds by their names at a shell."""

    CARBONTRACK = "carbontrack"
    VOLTAWARE = "voltaware"
    WATTICS = "wattics"
    WATTCARBON = "wattcarbon"


def names(vendors: Iterable[Vendor]) -> str:
    """List clouds for a sentence."""
    *others, last = (vendor.value for vendor in vendors)
    return f"{', '.join(others)} or {last}" if others else last


@dataclass(frozen=True, slots=True)
class Kind:
    """What a cloud calls itself and the two halves of its credentials."""

    title: str
    user: str
    secret: str


KINDS: Final = {
    Vendor.CARBONTRACK: Kind("carbonTRACK", "username", "password"),
    Vendor.VOLTAWARE: Kind("Voltaware", "client id", "client secret"),
    Vendor.WATTICS: Kind("Wattics", "username", "password"),
    Vendor.WATTCARBON: Kind("WattCarbon", "email", "API key"),
}


@dataclass(frozen=True, slots=True)
class Account:
    """Credentials, and the address they are for; None means the cloud's own."""

    user: str
    secret: str = field(repr=False)
    url: str | None


def variable(vendor: Vendor, part: str) -> str:
    """Name the environment variable of a part of an account."""
    return f"WATTBRIDGE_{vendor}_{part.replace(' ', '_')}".upper()


def variables(vendor: Vendor) -> tuple[str, str, str]:
    """Name the environment variables of an account: user, secret, address."""
    kind = KINDS[vendor]
    return variable(vendor, kind.user), variable(vendor, kind.secret), variable(vendor, "url")


def find_account(
    vendor: Vendor, *, user: str | None, url: str | None, environment: Mapping[str, str] = os.environ
) -> Account:
    """Collect the credentials for a cloud; asks for what is missing if somebody is there to answer."""
    user_variable, secret_variable, _ = variables(vendor)
    address = find_url(vendor, url, environment)
    found_user = user or environment.get(user_variable)
    found_secret = environment.get(secret_variable)
    if not (found_user and found_secret) and not sys.stdin.isatty():
        missing = [] if found_user else [f"{user_variable} (or --user)"]
        missing += [] if found_secret else [secret_variable]
        raise Stop(Ending.USAGE, f"no credentials for {KINDS[vendor].title}: set {' and '.join(missing)}")
    kind = KINDS[vendor]
    return Account(
        found_user or _ask(f"{kind.title} {kind.user}: ", hidden=False),
        found_secret or _ask(f"{kind.title} {kind.secret} (not shown): ", hidden=True),
        address,
    )


def find_url(vendor: Vendor, url: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """Find another address than the cloud's own, and make sure that secrets may travel there."""
    name = variables(vendor)[2]
    source, found = ("--url", url) if url else (name, environment.get(name))
    if not found:
        return None
    try:
        return check_base_url(found)
    except ValueError as error:
        raise Stop(Ending.USAGE, f"{source}: {error}") from None


def _ask(question: str, *, hidden: bool) -> str:
    """Ask at the terminal; the answer may not be nothing."""
    answer = ""
    with _interruptible(), suppress(EOFError):
        if hidden:
            answer = getpass.getpass(question)
        else:
            sys.stderr.write(question)
            sys.stderr.flush()
            answer = sys.stdin.readline().strip()
    if not answer:
        raise Stop(Ending.USAGE, "nothing was given")
    return answer


@contextmanager
def _interruptible() -> Generator[None]:
    """Let Ctrl-C end a question at once: the event loop would only make a note of it until there is an answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise
    finally:
        signal.signal(signal.SIGINT, before)
