"""One command's run: the options that all commands share, the event loop around it, and how it ends."""

import asyncio
import inspect
import logging
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Concatenate, Final

import typer

from .accounts import Account, Vendor, find_account, variables
from .endings import EXPLAINED, Ending, Stop, meaning_of
from .screen import Screen

_PACKAGE: Final = __name__.partition(".cli")[0]
_SHARED: Final = "Options of all commands"

JsonOption = Annotated[
    bool, typer.Option("--json", metavar="", help="Write JSON on stdout, for programs.", rich_help_panel=_SHARED)
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        metavar="",
        help="Show every request on stderr (never its secrets or its data).",
        rich_help_panel=_SHARED,
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Another address than the cloud's own, for instance a simulator's.",
        rich_help_panel=_SHARED,
    ),
]
UserOption = Annotated[
    str | None,
    typer.Option(
        "--user",
        metavar="NAME",
        help="The public half of the credentials; the secret is never an option.",
        rich_help_panel=_SHARED,
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout", metavar="SECONDS", min=0.1, help="How long one request may take.", rich_help_panel=_SHARED
    ),
]

_ALWAYS: Final = (
    inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, annotation=JsonOption, default=False),
    inspect.Parameter("verbose", inspect.Parameter.KEYWORD_ONLY, annotation=VerboseOption, default=False),
)
_TO_A_CLOUD: Final = (
    inspect.Parameter("url", inspect.Parameter.KEYWORD_ONLY, annotation=UrlOption, default=None),
    inspect.Parameter("user", inspect.Parameter.KEYWORD_ONLY, annotation=UserOption, default=None),
    inspect.Parameter("timeout_s", inspect.Parameter.KEYWORD_ONLY, annotation=TimeoutOption, default=30.0),
)


def _nothing_to_say() -> str | None:
    """Say nothing of where the run stopped."""
    return None


@dataclass(slots=True, kw_only=True)
class Run:
    """What a command is given: a screen, and how to reach a cloud.

    `where` says how far it had come, when it fails or is interrupted; a command puts its own there.
    """

    screen: Screen
    url: str | None = None
    user: str | None = None
    timeout_s: float = 30.0
    where: Callable[[], str | None] = field(default=_nothing_to_say)

    def account(self, vendor: Vendor) -> Account:
        """Collect the credentials for a cloud."""
        return find_account(vendor, user=self.user, url=self.url)


def command[**P](
    app: typer.Typer,
    name: str,
    *,
    about: str,
    examples: Sequence[str],
    vendors: Sequence[Vendor] = (),
) -> Callable[
    [Callable[Concatenate[Run, P], Coroutine[Any, Any, None]]],
    Callable[Concatenate[Run, P], Coroutine[Any, Any, None]],
]:
    """Make a coroutine function a command, which has its own parameters and those that all commands share."""

    def register(
        function: Callable[Concatenate[Run, P], Coroutine[Any, Any, None]],
    ) -> Callable[Concatenate[Run, P], Coroutine[Any, Any, None]]:
        body: Callable[..., Coroutine[Any, Any, None]] = function
        shared = (*(_TO_A_CLOUD if vendors else ()), *_ALWAYS)
        _, *own = inspect.signature(function).parameters.values()

        def invoke(**given: Any) -> None:
            run = _make_run(**{parameter.name: given.pop(parameter.name) for parameter in shared})
            raise typer.Exit(execute(run, body(run, **given)))

        signature = inspect.Signature(
            [own_one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for own_one in own] + [*shared]
        )
        invoke.__signature__ = signature  # type: ignore[attr-defined]  # how a function says that it is called otherwise
        app.command(name, help=about, epilog=_epilog(examples, vendors))(invoke)
        return function

    return register


def _epilog(examples: Sequence[str], vendors: Sequence[Vendor]) -> str:
    """Write what stands under a command's help: examples, and the variables of its clouds."""
    lines = ["[bold]Examples[/bold]" if len(examples) > 1 else "[bold]Example[/bold]"]
    lines += [example if example.startswith(" ") else f"$ {example}" for example in examples]
    if vendors:
        lines += [" ", "[bold]Credentials[/bold] come from the environment, or are asked for at a terminal"]
        for vendor in vendors:
            user, secret, url = variables(vendor)
            lines += [f"  {user}", f"  {secret}", f"  {url} (if it is not the cloud's own)"]
    return "\n".join(lines)


def _make_run(
    *, as_json: bool, verbose: bool, url: str | None = None, user: str | None = None, timeout_s: float = 30.0
) -> Run:
    """Make what a command is given from the options that all commands share."""
    if verbose:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        logger = logging.getLogger(_PACKAGE)
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    return Run(screen=Screen(as_json=as_json), url=url, user=user, timeout_s=timeout_s)


def execute(run: Run, work: Coroutine[Any, Any, None]) -> Ending:
    """Run a command to its end and return its exit code, having said on stderr what went wrong."""
    try:
        asyncio.run(_interruptible(work))
    except KeyboardInterrupt, asyncio.CancelledError:
        return _end(run, Stop(Ending.INTERRUPTED, "interrupted"))
    except BrokenPipeError:
        raise
    except Exception as error:
        stop = meaning_of(error)
        if stop is None:
            raise
        return _end(run, stop)
    return Ending.OK


def _end(run: Run, stop: Stop) -> Ending:
    """Say how the run ended and how far it had come."""
    run.screen.error(stop.sentence)
    if where := run.where():
        run.screen.note(where)
    return stop.ending


async def _interruptible(work: Coroutine[Any, Any, None]) -> None:
    """Let a polite kill end the work as Ctrl-C does."""
    task = asyncio.current_task()
    if task is not None:
        on_signals([signal.SIGTERM], task.cancel)
    await work


def on_signals(numbers: Sequence[signal.Signals], call: Callable[[], object]) -> None:
    """Have something called when a signal comes, where the platform and the thread allow that."""
    if sys.platform != "win32" and threading.current_thread() is threading.main_thread():
        for number in numbers:
            asyncio.get_running_loop().add_signal_handler(number, call)


def explain_endings() -> str:
    """List the exit codes for the help."""
    return "\n".join(f"  {ending.value:>3}  {EXPLAINED[ending]}" for ending in Ending)
