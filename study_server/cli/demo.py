"""See the whole path work on drawn scenes, with nothing to download."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import click
import httpx

from study_server.errors import StudyError

STUDY: Final = "demo"
MARKER: Final = "demo.json"
JOINED: Final = "secondlook.demo"
FILES: Final = Path(__file__).parent.parent / "demo_files"
OUT: Final = click.Path(file_okay=False, path_type=Path)
_START_S: Final = 30.0


class DemoError(StudyError):
    """A demo that cannot be run here, or was not run yet."""


class _DemoGroup(click.Group):
    """Joined by commands of other packages, found by entry point."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        joined = [entry.name for entry in entry_points(group=JOINED)]
        return sorted([*super().list_commands(ctx), *joined])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for entry in entry_points(group=JOINED, name=cmd_name):
            command: click.Command = entry.load()
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=_DemoGroup)
def demo() -> None:
    """See the whole path work on drawn scenes, with nothing to download."""


@demo.command()
@click.option("--out", type=OUT, default=Path("runs/demo"), show_default=True)
@click.option(
    "--scenes", default=800, show_default=True, type=click.IntRange(min=64),
    help="Scenes to draw.",
)  # fmt: skip
@click.option("--people", default=400, show_default=True, type=click.IntRange(min=1),
              help="Simulated participants at most.")  # fmt: skip
def run(out: Path, scenes: int, people: int) -> None:
    """Draw scenes, build stimuli, run the study with simulated people, report.

    Every step is a command that a researcher would type; it is printed first.
    """
    started = time.monotonic()
    _make_room(out)
    for name in ("recipe.toml", "study.toml"):
        shutil.copyfile(FILES / name, out / name)
    _step(out, "demo", "draw", "scenes", "--n", str(scenes))
    _step(out, "stimuli", "build", "recipe.toml", "--out", "set")
    _step(out, "study", "create", "study.toml", "--stimuli", "set")
    _step(out, "study", "freeze", STUDY)
    _step(out, "study", "open", STUDY)
    port = _free_port()
    with _serving(out, port):
        _step(
            out, "study", "simulate", STUDY, "--n", str(people),
            "--server", f"http://127.0.0.1:{port}",
        )  # fmt: skip
    _step(
        out, "study", "export", STUDY, "--environment", "simulated", "--out", "bundle"
    )
    _step(out, "report", "make", "bundle", "--out", "report")
    click.echo(f"\nreport       {out / 'report' / 'index.html'}")
    click.echo(f"do it yourself: secondlook demo serve --out {shlex.quote(str(out))}")
    click.echo(f"{time.monotonic() - started:.0f} s in all", err=True)


@demo.command()
@click.option("--out", type=OUT, default=Path("runs/demo"), show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def serve(out: Path, port: int) -> None:
    """Open the demo study for a person: dashboard and participant link.

    Runs until stopped (Ctrl+C). A user for the dashboard is made anew each time.
    """
    if not (out / MARKER).is_file():
        raise DemoError(
            f"no demo in {out}: run `secondlook demo run --out {out}` first (or make demo)"
        )
    password = secrets.token_urlsafe(9)
    _secondlook(
        out, "user", "add", "demo", "--replace", "--password-stdin", stdin=password
    )
    click.echo(f"sign in      demo / {password}")
    sys.stdout.flush()
    command = _command("server", "start", "--port", str(port))
    process = subprocess.Popen(command, cwd=out, env=_environment())  # noqa: S603
    try:
        sys.exit(process.wait())
    except KeyboardInterrupt:
        process.wait()


def _make_room(out: Path) -> None:
    """An empty folder, an earlier demo removed and nothing else."""
    if (out / MARKER).is_file():
        shutil.rmtree(out)
    if out.exists() and any(out.iterdir()):
        raise DemoError(
            f"{out} holds files that are not an earlier demo; give an empty or new "
            "folder with --out"
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / MARKER).write_text(json.dumps({"study": STUDY}) + "\n", "utf-8")


def _step(out: Path, *arguments: str) -> None:
    click.secho(f"\n$ secondlook {shlex.join(arguments)}", bold=True)
    sys.stdout.flush()
    _secondlook(out, *arguments)


def _secondlook(out: Path, *arguments: str, stdin: str | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter and command
        _command(*arguments),
        cwd=out,
        env=_environment(),
        input=stdin,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DemoError(
            f"`secondlook {shlex.join(arguments)}` ended with exit code "
            f"{done.returncode} in {out}; what it said stands above"
        )


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "study_server", *arguments]


def _environment() -> dict[str, str]:
    """The variables, without settings of another server."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")}
    return {**kept, "SECONDLOOK_DATA_DIR": "."}


@contextmanager
def _serving(out: Path, port: int) -> Iterator[None]:
    """The real server in a process of its own, until the block ends."""
    command = _command("server", "start", "--port", str(port))
    process = subprocess.Popen(  # noqa: S603
        command, cwd=out, env=_environment(), stdout=subprocess.DEVNULL
    )
    try:
        _wait_until_up(f"http://127.0.0.1:{port}/healthz", process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=_START_S)


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=2, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise DemoError(f"the server did not come up at {url} within {_START_S:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
