"""What is asked of whoever sits at the terminal; a script is told what it left out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence

import click
from click.core import ParameterSource

name_argument = click.argument("name")


class LateChoice(click.Choice[str]):
    """One of the names a function gives when somebody first asks, not before.

    Other packages may bring some, and nothing of theirs runs to show general help.
    """

    def __init__(self, find: Callable[[], Iterable[str]]) -> None:
        """A choice among what `find` gives."""
        self._find = find
        self.case_sensitive = True

    @property
    def choices(self) -> Sequence[str]:  # type: ignore[override] # click sets it once
        """The names there are now."""
        return tuple(self._find())


def require_terminal(missing: Sequence[str]) -> None:
    """Refuse to ask for what is missing where nobody could answer.

    Raises:
        click.UsageError: Naming every option that is missing.
    """
    if missing and not sys.stdin.isatty():
        raise click.UsageError(
            f"missing: {', '.join(missing)}; there is no terminal to ask at, so give "
            "them as options"
        )


def must_confirm(question: str) -> None:
    """Ask before what cannot be undone.

    Raises:
        click.Abort: If the answer is no.
        click.UsageError: If nobody answers.
    """
    try:
        is_agreed = click.confirm(question, err=True)
    except click.Abort as abort:
        if sys.stdin.isatty():
            raise
        raise click.UsageError("nobody answers: scripts give --yes") from abort
    if not is_agreed:
        raise click.Abort


def off_the_command_line(
    context: click.Context, option: click.Parameter, value: str | None
) -> str | None:
    """An option's secret from the environment, or from stdin where "-" is given.

    Everybody on a machine sees the command lines of everybody else, and shells keep
    them.

    Raises:
        click.UsageError: If the secret itself stands on the command line.
    """
    if value == "-":
        return ask_password(is_from_stdin=not sys.stdin.isatty())
    is_written = (
        context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    )
    if value and is_written:
        raise click.UsageError(
            f"{option.opts[0]}: a command line is no place for a secret, others see it; "
            f"set {option.envvar}, or give `{option.opts[0]} -` and write it to stdin"
        )
    return value


def ask_password(*, is_from_stdin: bool) -> str:
    """The password: one line of stdin, or asked for twice.

    Raises:
        click.UsageError: If nobody answers.
    """
    if is_from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    try:
        entered: str = click.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True
        )
    except click.Abort as abort:
        if sys.stdin.isatty():
            raise
        raise click.UsageError(
            "no password came: scripts give --password-stdin"
        ) from abort
    return entered
