"""Bring the database up to date, copy it, check it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from tqdm import tqdm

from study_server.cli._asking import must_confirm
from study_server.cli._here import services_here, settings_here
from study_server.cli._output import json_option, say, say_aside
from study_server.database import backups
from study_server.database.engine import is_sqlite, sqlite_file
from study_server.services import Services, make_database_ready
from study_server.services.accounts import activity as log
from study_server.services.upkeep.purging import DueForPurge, purge, what_is_due
from study_server.store import schema


@click.group()
def db() -> None:
    """Bring the database up to date, copy it, check it."""


@db.command()
@json_option
def upgrade(as_json: bool) -> None:
    """Bring the tables to what this version needs; stop servers first."""
    settings = settings_here()
    url = settings.database_url
    before = None if _is_missing(url) else schema.current_revision(url)
    if is_sqlite(url):
        make_database_ready(settings, use="create", tell=say_aside)
    else:
        schema.upgrade(url)
    after = schema.current_revision(url)
    say(
        {"before": before, "after": after},
        as_json=as_json,
        text=f"at revision {after}" + (" already" if before == after else ""),
    )


def _is_missing(url: str) -> bool:
    return is_sqlite(url) and not sqlite_file(url).is_file()


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
@click.option(
    "-n",
    "n",
    default=50,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="At most so many entries.",
)
@click.option("--of", default="", help="Only by or about this user or study.")
@click.option("--verify", is_flag=True, help="Check that no entry was changed or lost.")
@click.pass_context
@json_option
def activity(
    context: click.Context, n: int, of: str, verify: bool, as_json: bool
) -> None:
    """Show the activity log: who did what, the latest first.

    The database refuses to change or delete entries, and every entry carries a digest
    of itself and of the one before. --verify follows them and prints the latest, which
    shows a log cut short if it is kept elsewhere; exit code 1 where they break.
    """
    with services_here("read") as services:
        if verify:
            context.exit(_verify(services, as_json=as_json))
        found = log.list_activity(services, n=n, subject=of)
    say(
        [asdict(entry) for entry in found],
        as_json=as_json,
        text="\n".join(_line(entry) for entry in found) or "nothing yet",
    )


def _verify(services: Services, *, as_json: bool) -> int:
    broken, digest = log.find_break(services), log.newest_digest(services)
    words = f"unbroken, the latest digest is {digest or 'none yet'}"
    if broken is not None:
        words = f"entry {broken} was changed, or one before it is gone"
    say({"broken_at": broken, "digest": digest}, as_json=as_json, text=words)
    return 0 if broken is None else 1


def _line(entry: log.ActivityEntry) -> str:
    said = [f"{entry.at:%Y-%m-%d %H:%M:%S}", f"{entry.actor} ({entry.source})"]
    said += [entry.action, entry.subject, entry.detail]
    return "  ".join(part for part in said if part)


@db.command()
@click.pass_context
@json_option
def check(context: click.Context, as_json: bool) -> None:
    """Read the database through; exit code 1 where something is wrong."""
    problems = backups.find_problems(settings_here().database_url, schema.MIGRATIONS)
    say(
        {"problems": problems},
        as_json=as_json,
        text="\n".join(problems) or "sound and up to date",
    )
    context.exit(1 if problems else 0)


@db.command(name="purge")
@click.option("--dry-run", is_flag=True, help="Only say what is due.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def purge_(dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete what need not be kept any more; a running server does so once a day.

    That is who people are, `keep_identities_days` after their last study was closed
    and paid for, if that setting is above 0: responses stay, every erasure has its
    receipt in the database. And sign-ins and counts of attempts that are over. The
    activity log is never purged.
    """
    with services_here("read" if dry_run else "change") as services:
        found = what_is_due(services)
        if dry_run or not found.is_any:
            say(found, as_json=as_json, text=f"due: {_in_words(found, services)}")
            return
        if not yes:
            must_confirm(
                f"Delete {_in_words(found, services)}. This cannot be undone; go on"
            )
        done = purge(services)
        say(done, as_json=as_json, text=f"deleted: {_in_words(done, services)}")


def _in_words(found: DueForPurge, services: Services) -> str:
    n_days = services.settings.keep_identities_days
    rule = f"studies closed for {n_days} days" if n_days else "keep_identities_days = 0"
    return (
        f"worker ids and exit surveys of people: {found.n_identities} ({rule}); "
        f"sign-ins that are over: {found.n_sign_ins}; counts of attempts that are "
        f"over: {found.n_attempts}"
    )
