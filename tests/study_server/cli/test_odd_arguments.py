"""Numbers and words that no person means, to every command that takes any."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from study_server.cli import main
from study_server.cli._processes import secondlook_command
from tests.study_server.serving import NAME

# They would run until stopped, or draw and train.
LEFT_OUT = {"server start", "marketplace start"} | {
    f"demo {verb}" for verb in ("run", "serve", "draw", "train")
}
ARGUMENTS = {"name": NAME, "file": "study.toml", "participant_id": "abcdefgh"}
NUMBERS = (click.types.IntParamType, click.types.FloatParamType)
MONEY = ("balance", "amount", "price", "sizes")


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command and the least it must be given."""

    path: str
    arguments: tuple[str, ...]
    numbers: tuple[str, ...]


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[Command]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        here = (*path, name)
        if isinstance(found, click.Group):
            yield from commands(found, here)
        elif found is not None and " ".join(here) not in LEFT_OUT:
            yield Command(
                path=" ".join(here),
                arguments=(*here, *least(found)),
                numbers=tuple(
                    option.opts[0]
                    for option in found.params
                    if isinstance(option, click.Option) and is_number(option)
                ),
            )


def is_number(option: click.Option) -> bool:
    is_numeric = isinstance(option.type, NUMBERS) or option.name in MONEY
    return is_numeric and not option.is_flag


def least(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            yield ARGUMENTS.get(str(parameter.name), "x")
        elif parameter.required:
            choices = getattr(parameter.type, "choices", ["x"])
            yield from (parameter.opts[0], choices[0])


def test_no_number_is_too_long_for_any_command(call, files):
    call("study", "create", "study.toml", "--stimuli", "set")
    n_asked = 0
    for command in commands(main):
        for option in command.numbers:
            for value in ("9" * 5000, "9" * 25):
                given = (*command.arguments, option, value)
                result = CliRunner().invoke(main, given, input="")
                where = f"{command.path} {option} {value[:6]}"
                is_said = result.exception is None or isinstance(
                    result.exception, SystemExit
                )
                assert is_said, (where, result.exception)
                assert "set_int_max_str_digits" not in result.output, where
                n_asked += 1
    assert n_asked > 60


def test_an_argument_that_is_no_text_is_named(call, files):
    call("study", "create", "study.toml", "--stimuli", "set")
    for command in (["study", "show"], ["study", "amend", NAME, "--text"]):
        result = call(*command, "caf\udce9", code=2)
        assert r"'caf\udce9' is not UTF-8" in result.output


@pytest.mark.parametrize("address", ["a\nb", "ftp://x", "x"])
def test_an_address_that_is_none_is_said(call, files, address):
    call("study", "create", "study.toml", "--stimuli", "set")
    call("study", "freeze", NAME)
    result = call("study", "simulate", NAME, "--server", address, code=1)
    assert "address" in result.stderr


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["study", "--help"], ["--version"]])
def test_a_full_disk_under_the_output_is_said_in_a_line(arguments):
    with FULL.open("wb") as full:
        done = subprocess.run(  # noqa: S603 - our own interpreter and command
            secondlook_command(*arguments),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: No space left on device")
    assert len(done.stderr.splitlines()) == 1
