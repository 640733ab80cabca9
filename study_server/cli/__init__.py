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
_OURS: Final = ("study_server", "stimuli", "analysis", "hit_templates")


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
        command = _load(cmd_name, place)
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

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's own signature
    ) -> click.Context:
        """Read the arguments; `--help` and `--version` print in here."""
        _require_text(args)
        try:
            return super().make_context(info_name, args, parent, **extra)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise click.ClickException(_refused_by_system(error)) from error

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
            raise click.ClickException(_refused_by_system(error)) from error


def _load(noun: str, place: str) -> object:
    """What a noun names; another package's may be broken, and says so in a line."""
    module, _, attribute = place.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except Exception as error:
        if module.partition(".")[0] in _OURS:
            raise
        reason = (str(error).splitlines() or [""])[0]
        raise click.ClickException(
            f"the command {noun!r} comes from {module} of another package, which cannot "
            f"be loaded ({type(error).__name__}: {reason}): install that package anew, "
            "or remove it"
        ) from error


def _require_text(args: Iterable[str]) -> None:
    """Refuse what neither a database nor a terminal could write.

    Raises:
        click.UsageError: Naming the argument.
    """
    for argument in args:
        try:
            argument.encode("utf-8")
        except UnicodeEncodeError as error:
            raise click.UsageError(
                f"the argument {argument!r} is not UTF-8; write it, or name the file, "
                "in UTF-8"
            ) from error


def _refused_by_system(error: OSError) -> str:
    """What the system did not let us do, without its numbers."""
    reason = error.strerror or str(error)
    if error.filename is None:
        return f"{reason}: cannot write or send what was to be said"
    return f"{error.filename}: {reason}"


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
    from study_server.database.failures import DATABASE_FAILURES

    return DATABASE_FAILURES


def _in_words(error: Exception) -> Exception:
    from study_server.database.failures import can_be_mended, in_words

    return click.ClickException(in_words(error)) if can_be_mended(error) else error


def _first_line(place: str) -> str:
    """First line of a module's docstring, read without running the module."""
    try:
        spec = find_spec(place.partition(":")[0])
    except ImportError:
        return ""
    if spec is None or spec.origin is None:
        return ""
    docstring = ast.get_docstring(ast.parse(Path(spec.origin).read_text("utf-8")))
    return _joined((docstring or "").splitlines())


def _joined(lines: Iterable[str]) -> str:
    return next((line.rstrip(".") for line in lines if line.strip()), "")


def print_version(ctx: click.Context, _option: click.Parameter, value: bool) -> None:
    """Print the installed version, and what other packages bring, and stop."""
    if value and not ctx.resilient_parsing:
        from study_server.cli._plug_ins import plug_in_lines

        click.echo("\n".join([f"secondlook {version('secondlook')}", *plug_in_lines()]))
        ctx.exit()


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Print the version, and what other packages bring.",
)
def main() -> None:
    """Human evaluation of image classifiers: stimuli, studies, reports."""
