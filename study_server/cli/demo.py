"""See the whole path work on drawn scenes, with nothing to download."""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import click

from study_server.cli._processes import (
    environment,
    run_secondlook,
    secondlook_command,
    serve_folder,
)
from study_server.errors import StudyError
from study_server.network.port_binding import bound

MARKER: Final = "demo.json"
JOINED: Final = "secondlook.demo"
FILES: Final = Path(__file__).parent.parent / "demo_files"
OUT: Final = click.Path(file_okay=False, path_type=Path)


@dataclass(frozen=True, kw_only=True)
class Demo:
    """One study of the demo world.

    Attributes:
        name: The study's name in its file.
        folder: Where its two files lie, under `FILES`.
        scenes: How many are drawn, unless the user says.
        draws: Further arguments of `demo draw`.
        people: Simulated participants at most, unless the user says.
        observers: Arguments of `stimuli observe` for each classifier that responds too.
    """

    name: str
    folder: str
    scenes: int
    people: int
    draws: tuple[str, ...] = ()
    observers: tuple[tuple[str, ...], ...] = ()


def _further(function: str, *, name: str) -> tuple[str, ...]:
    return ("--classifier", f"observers.py:{function}", "--name", name)


DEMOS: Final[Mapping[str, Demo]] = {
    "relevance": Demo(name="demo", folder=".", scenes=400, people=400),
    "adversarial": Demo(
        name="adversarial", folder="adversarial", scenes=240, people=400
    ),
    "criticism": Demo(name="criticism", folder="criticism", scenes=320, people=600),
    "bias": Demo(
        name="bias", folder="bias", scenes=480, people=200, draws=("--only", "lamp")
    ),
    "categorise": Demo(
        name="categorise",
        folder="categorise",
        scenes=128,
        people=80,
        observers=(
            ("--classifier", "demo"),
            _further("short_sighted", name="short-sighted"),
            _further("upper_half", name="upper half"),
        ),
    ),
}


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
    "--study", "which", default="relevance", show_default=True,
    type=click.Choice(list(DEMOS)), help="Which of the published studies.",
)  # fmt: skip
@click.option("--scenes", type=click.IntRange(min=64),
              help="Scenes to draw; as many as the study needs where left out.")  # fmt: skip
@click.option("--people", type=click.IntRange(min=1),
              help="Simulated participants at most; enough where left out.")  # fmt: skip
def run(out: Path, which: str, scenes: int | None, people: int | None) -> None:
    """Draw scenes, build stimuli, run the study with simulated people, report.

    Every step is a command that a researcher would type; it is printed first.
    """
    started = time.monotonic()
    chosen = DEMOS[which]
    study, n = chosen.name, str(people or chosen.people)
    _make_room(out, study=study)
    for path in (FILES / chosen.folder).iterdir():
        if path.suffix in {".toml", ".py"}:
            shutil.copyfile(path, out / path.name)
    drawn = ("--n", str(scenes or chosen.scenes), *chosen.draws)
    _step(out, "demo", "draw", "scenes", *drawn)
    _step(out, "stimuli", "build", "recipe.toml", "--out", "set")
    for arguments in chosen.observers:
        _step(out, "stimuli", "observe", "set", *arguments)
    _step(out, "study", "create", "study.toml", "--stimuli", "set")
    _step(out, "study", "freeze", study)
    with serve_folder(out) as url:
        _step(out, "study", "simulate", study, "--n", n, "--server", url)
    _step(
        out, "study", "export", study, "--environment", "simulated", "--out", "bundle"
    )
    _step(out, "report", "make", "bundle", "--out", "report")
    click.echo(f"\nreport       {out / 'report' / 'index.html'}")
    again = f"secondlook demo serve --out {shlex.quote(str(out))}"
    click.echo(f"yourself     make run   (that is, {again})")
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
    with bound("127.0.0.1", port):
        pass  # the server binds it again; nothing is said or changed where it cannot
    password = secrets.token_urlsafe(9)
    run_secondlook(
        out, "user", "add", "demo", "--replace", "--password-stdin", stdin=password
    )
    click.echo(f"sign in      demo / {password}")
    sys.stdout.flush()
    command = secondlook_command("server", "start", "--port", str(port))
    process = subprocess.Popen(command, cwd=out, env=environment())  # noqa: S603
    try:
        sys.exit(process.wait())
    except KeyboardInterrupt:
        process.wait()


def _make_room(out: Path, *, study: str) -> None:
    """An empty folder, an earlier demo removed and nothing else."""
    if (out / MARKER).is_file():
        shutil.rmtree(out)
    if out.exists() and any(out.iterdir()):
        raise DemoError(
            f"{out} holds files that are not an earlier demo; give an empty or new "
            "folder with --out"
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / MARKER).write_text(json.dumps({"study": study}) + "\n", "utf-8")


def _step(out: Path, *arguments: str) -> None:
    click.secho(f"\n$ secondlook {shlex.join(arguments)}", bold=True)
    sys.stdout.flush()
    run_secondlook(out, *arguments)
