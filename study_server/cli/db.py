"""Bring the database up to date, copy it, check it."""

from __future__ import annotations

from pathlib import Path

import click
from tqdm import tqdm

from study_server.cli._session import json_option, say, settings_here
from study_server.store import backups, schema


@click.group()
def db() -> None:
    """Bring the database up to date, copy it, check it."""


@db.command()
@json_option
def upgrade(as_json: bool) -> None:
    """Bring the tables to what this version needs; stop servers first."""
    url = settings_here().database_url
    before = schema.current_revision(url)
    schema.upgrade(url)
    after = schema.current_revision(url)
    say(
        {"before": before, "after": after},
        as_json=as_json,
        text=f"at revision {after}" + (" already" if before == after else ""),
    )


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Write a consistent copy to FILE while servers go on."""
    with tqdm(unit="page", disable=None) as bar:

        def tell(n_done: int, n_pages: int) -> None:
            bar.total = n_pages
            bar.update(n_done - bar.n)

        backups.backup(settings_here().database_url, to=file, on_progress=tell)
    size = file.stat().st_size
    say({"file": file, "bytes": size}, as_json=as_json, text=f"wrote {file}")


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the database that is there.")
@json_option
def restore(file: Path, force: bool, as_json: bool) -> None:
    """Put a copy back from FILE; stop servers first."""
    url = settings_here().database_url
    backups.restore(url, source=file, replace=force)
    revision = schema.current_revision(url)
    say(
        {"revision": revision},
        as_json=as_json,
        text=f"put {file} back, at revision {revision}; `secondlook db check` reads "
        "it through",
    )


@db.command()
@click.pass_context
@json_option
def check(context: click.Context, as_json: bool) -> None:
    """Read the database through; exit code 1 where something is wrong."""
    problems = backups.find_problems(settings_here().database_url)
    say(
        {"problems": problems},
        as_json=as_json,
        text="\n".join(problems) or "sound and up to date",
    )
    context.exit(1 if problems else 0)
