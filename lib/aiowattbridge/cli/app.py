"""The whole command line, put together."""

import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from typer.main import get_command

from ..version import VERSION
from . import check, devices, disaggregation, last, metadata, push, read, simulate, upload
from .command import explain_endings

PROGRAM: Final = "aiowattbridge"

_ABOUT: Final = """Energy data at a shell: carbonTRACK and Voltaware are read, Wattics and
WattCarbon are filled, and all four are simulated.

Credentials come from environment variables (each command's help names them)
or are asked for at a terminal. Results go to stdout, notes and progress to
stderr."""


def build() -> typer.Typer:
    """Make the application of all commands."""
    app = typer.Typer(
        name=PROGRAM,
        help=_ABOUT,
        epilog=f"[bold]Exit codes[/bold]\n{explain_endings()}",
        no_args_is_help=True,
        add_completion=False,
        # A traceback with the values of variables in it would show secrets.
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for module in (check, devices, read, push, last, upload, simulate):
        module.add(app)
    voltaware = typer.Typer(no_args_is_help=True, help="What Voltaware finds out about a home, and what it is told.")
    disaggregation.add(voltaware)
    metadata.add(voltaware)
    app.add_typer(voltaware, name="voltaware")
    return app


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - called so by the toolkit
    """Show the version and end the run."""
    if wanted:
        typer.echo(f"{PROGRAM} {VERSION}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", help="Show the version and exit.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code."""
    try:
        get_command(build())(args=list(arguments), prog_name=PROGRAM)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    finally:
        sys.stdout.flush()
    return 0
