"""The `secondlook` command: nouns are loaded only when they are used."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any, Final

import click

ENTRY_POINTS: Final = "secondlook.commands"


@cache
def find_nouns() -> Mapping[str, str]:
    """Noun to `module:attribute`: this folder's modules and the entry points.

    A module of this folder is a noun when it holds a command of its own name;
    modules that begin with "_" are not nouns.
    """
    own = {
        module.name: f"{__name__}.{module.name}:{module.name}"
        for module in iter_modules([str(Path(__file__).parent)])
        if not module.name.startswith("_")
    }
    joined = {entry.name: entry.value for entry in entry_points(group=ENTRY_POINTS)}
    return MappingProxyType({**joined, **own})


class LazyGroup(click.Group):
    """A group whose commands are imported when run, and whose errors are words."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every noun, in alphabetical order."""
        return sorted(find_nouns())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, its module imported now."""
        place = find_nouns().get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{place} is not a click command")
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """The nouns with the first line of their module, none imported."""
        rows = [(noun, _first_line(place)) for noun, place in find_nouns().items()]
        with formatter.section("Commands"):
            formatter.write_dl(sorted(rows))

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run; what a user can mend is printed without a traceback, exit code 1."""
        try:
            return super().invoke(ctx)
        except _what_users_can_mend() as error:
            raise click.ClickException(str(error)) from error
        except _database_failures() as error:
            raise _in_words(error) from error
        except BrokenPipeError:
            raise
        except OSError as error:  # no room, no permission, no such folder
            raise click.ClickException(str(error)) from error


def _what_users_can_mend() -> tuple[type[Exception], ...]:
    """The base error of every package; read only once something was raised."""
    from analysis.errors import AnalysisError
    from hit_templates.base import UnknownParadigmError
    from stimuli.errors import StimuliError
    from stimuli.manifest import StimulusSetError
    from study_server.errors import StudyError

    return (
        StudyError,
        AnalysisError,
        StimuliError,
        StimulusSetError,
        UnknownParadigmError,
    )


def _database_failures() -> tuple[type[Exception], ...]:
    from study_server.store.failures import DATABASE_FAILURES

    return DATABASE_FAILURES


def _in_words(error: Exception) -> Exception:
    from study_server.store.failures import can_be_mended, in_words

    return click.ClickException(in_words(error)) if can_be_mended(error) else error


def _first_line(place: str) -> str:
    """First line of a module's docstring, read without running the module."""
    spec = find_spec(place.partition(":")[0])
    if spec is None or spec.origin is None:
        return ""
    docstring = ast.get_docstring(ast.parse(Path(spec.origin).read_text("utf-8")))
    return _joined((docstring or "").splitlines())


def _joined(lines: Iterable[str]) -> str:
    return next((line.rstrip(".") for line in lines if line.strip()), "")


def print_version(ctx: click.Context, _option: click.Parameter, value: bool) -> None:
    """Print the installed version and stop."""
    if value and not ctx.resilient_parsing:
        click.echo(f"secondlook {version('secondlook')}")
        ctx.exit()


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Print the version.",
)
def main() -> None:
    """Human evaluation of image classifiers: stimuli, studies, reports."""
