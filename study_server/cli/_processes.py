"""The product's own commands and server, each in a process of its own."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from study_server.errors import StudyError

_START_S: Final = 60.0


class ProcessError(StudyError):
    """A command that failed, or a server that did not come up."""


def run_secondlook(
    folder: Path, *arguments: str, stdin: str | None = None, is_quiet: bool = False
) -> str:
    """Run a command in `folder`; its output where `is_quiet`, otherwise empty.

    Raises:
        ProcessError: If it ends with another exit code than 0.
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter and command
        secondlook_command(*arguments),
        cwd=folder,
        env=environment(),
        input=stdin,
        capture_output=is_quiet,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr if is_quiet else "what it said stands above"
        raise ProcessError(
            f"`secondlook {shlex.join(arguments)}` ended with exit code "
            f"{done.returncode} in {folder}; {said}"
        )
    return done.stdout or ""


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """The server of `folder` until the block ends; gives its address.

    Raises:
        ProcessError: If it does not come up.
    """
    port = free_port()
    command = secondlook_command("server", "start", "--port", str(port))
    with serving(command, folder=folder, port=port) as url:
        yield url


@contextmanager
def serving(
    command: Sequence[str],
    *,
    folder: Path,
    port: int,
    more: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """A server's command run in `folder` until the block ends; gives its address.

    Args:
        command: Serves at `port` of this machine and answers at `/healthz`.
        folder: Where it is run.
        port: Where it listens.
        more: Variables beside those of this environment.

    Raises:
        ProcessError: If it does not come up.
    """
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(  # noqa: S603 - our own commands
        command,
        cwd=folder,
        env={**environment(), **(more or {})},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until_up(f"{url}/healthz", process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=_START_S)


def secondlook_command(*arguments: str) -> list[str]:
    """The command line of a `secondlook` command, by this interpreter."""
    return [sys.executable, "-m", "study_server", *arguments]


def environment() -> dict[str, str]:
    """This process's variables, without the settings of another server."""
    return {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")}


def wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the server answers.

    Raises:
        ProcessError: If it does not.
    """
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=2, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise ProcessError(f"the server did not come up at {url} within {_START_S:.0f} s")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
