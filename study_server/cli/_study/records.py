"""A study as it stands, in words and for machines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, get_args

from study_server.cli._here import note_if_not_served
from study_server.cli._output import say, say_aside
from study_server.recruiters.base import Environment
from study_server.services.studies.ingest import set_warnings
from study_server.services.studies.records import (
    StudyRecord,
)


def warn_of_set(record: StudyRecord) -> None:
    """Repeat what the build said, while nobody has been asked."""
    for words in set_warnings(record.set_summary):
        say_aside(f"WARNING: {words}")


def say_record(record: StudyRecord, *, as_json: bool) -> None:
    """Print its state and links, as after every step of its life."""
    note_if_not_served()
    say(
        summary_of(record),
        as_json=as_json,
        text=lambda: "\n".join([line_of(record), *links_of(record)]),
    )


def line_of(record: StudyRecord) -> str:
    """Name and state in one line."""
    frozen = f", frozen {record.frozen_sha256[:12]}" if record.frozen_sha256 else ""
    paused = (
        f", paused {record.paused_at:%Y-%m-%d %H:%M} UTC" if record.paused_at else ""
    )
    return f"{record.name}: {record.state}{paused}{frozen}"


def links_of(record: StudyRecord) -> list[str]:
    """A line for every link that leads, or will lead, to anything; by environment."""
    order = get_args(Environment)
    lines = []
    for recruitment in sorted(
        record.working_links, key=lambda found: order.index(found.environment)
    ):
        urls = recruitment.personal_urls or (recruitment.url,)
        head = f"{recruitment.recruiter} ({recruitment.environment})"
        lines += [f"  {head}  {url}" for url in urls]
    return lines


def summary_of(record: StudyRecord) -> dict[str, Any]:
    """The same for machines, without what its files say."""
    kept = asdict(record)
    for name in ("file", "set_summary", "recipe_toml"):
        del kept[name]
    return {
        **kept,
        "recruitments": [asdict(entry) for entry in record.working_links],
        "toml_sha256": record.file.toml_sha256,
    }
