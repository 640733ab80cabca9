"""Whatever a refused command advises works, and gets one what was asked."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.study_server.serving import NAME, STUDY

STATES = {
    "draft": (),
    "pilot": (("pilot", NAME),),
    "frozen": (("freeze", NAME, "--no-open"),),
    "open": (("freeze", NAME),),
    "paused": (("freeze", NAME), ("pause", NAME)),
    "closed": (("freeze", NAME), ("close", NAME)),
}
DATABASE = Path("secondlook.sqlite3")
CREATE = ("create", "study.toml", "--stimuli", "set")
COMMANDS = {
    "create": CREATE,
    "pilot": ("pilot", NAME),
    "freeze": ("freeze", NAME, "--no-open"),
    "open": ("open", NAME),
    "pause": ("pause", NAME),
    "resume": ("resume", NAME),
    "close": ("close", NAME),
    "amend": ("amend", NAME, "--text", "why"),
    "top-up": ("top-up", NAME),
    "top-up pilot": ("top-up", NAME, "--environment", "pilot"),
    "top-up sandbox": ("top-up", NAME, "--environment", "sandbox"),
    "simulate": ("simulate", NAME, "--server", "http://127.0.0.1:9"),
    "show": ("show", NAME),
    "preview": ("preview", NAME),
}
# What is final by design: the state itself says that there is nothing to be done.
AWAY = "no answer from"
# How a command says that the advice has brought about what it was asked for.
REACHED = {
    "close": "nothing to do",
    "pause": "nothing to do",
    "freeze": "that is done",
    "amend": "edit its file",
}
DONE = ("nothing to do", "so none are missing", "that is done", "it is piloted now")


@pytest.mark.parametrize("state", STATES)
def test_every_piece_of_advice_leads_somewhere(call, files, state):
    call("study", *CREATE)
    for step in STATES[state]:
        call("study", *step)
    stored = DATABASE.read_bytes()
    for asked in COMMANDS:
        follow_every_advice(call, stored, asked)


def follow_every_advice(call, stored: bytes, asked: str) -> None:
    refused = refusal(call, stored, asked)
    if refused is None:
        return
    advised = re.findall(r"`secondlook ([^`]+)`", refused)
    assert advised or any(words in refused for words in DONE), refused
    is_renamed = "another name" in refused
    for command in advised:
        assert refusal(call, stored, asked) == refused  # from the start again
        follow(call, command, is_renamed=is_renamed)
        if not any(words in refused for words in DONE):
            assert_reached(call, asked, is_renamed=is_renamed)


def refusal(call, stored: bytes, asked: str) -> str | None:
    """What the command says to the study as it was; None where it is done."""
    for path in Path.cwd().glob(f"{DATABASE}*"):
        path.unlink()
    DATABASE.write_bytes(stored)
    Path("study.toml").write_text(STUDY, "utf-8")
    result = run(call, COMMANDS[asked])
    if result.exit_code == 0 or AWAY in result.output:
        return None
    assert result.exit_code == 1, result.output
    said: str = result.stderr
    return said.rpartition("Error: ")[2]


def run(call, arguments: tuple[str, ...]):
    from click.testing import CliRunner

    from study_server.cli import main

    result = CliRunner().invoke(main, ["study", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def follow(call, command: str, *, is_renamed: bool) -> None:
    """Type the command, its place-holders filled as the words beside it say."""
    if is_renamed:
        renamed = STUDY.replace(f'name = "{NAME}"', 'name = "other"')
        Path("study.toml").write_text(renamed, "utf-8")
    filled = command.replace("STUDY.toml", "study.toml").replace("SET", "set")
    call(*shlex.split(filled))


def assert_reached(call, asked: str, *, is_renamed: bool) -> None:
    """What was asked is done now, or can be: the state asked for holds."""
    name = "other" if is_renamed else NAME
    arguments = tuple(name if part == NAME else part for part in COMMANDS[asked])
    result = run(call, arguments)
    reached = REACHED.get(asked, AWAY)
    assert result.exit_code == 0 or reached in result.output, result.output
