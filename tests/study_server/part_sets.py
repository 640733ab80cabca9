"""Sets and studies of sessions in parts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from study_server.services import Services
from study_server.services.studies import life
from tests.study_server.conftest import write_study
from tests.study_server.made_sets import SetSize, write_set

PARTS = """
conditions = "by-image"
{order}
[[design.parts]]
name = "plain"
conditions = ["a"]
n_trials = 2
instructions = "These are **plain**."
[[design.parts]]
name = "masked"
conditions = ["b"]
n_trials = 2
n_practice = 2
break_seconds = 30
break_text = "Rest your *eyes*."
"""


def in_conditions(
    folder: Path, names: Sequence[str] = ("a", "b"), *, has_keys: bool = False
) -> Path:
    """The main trials of a set in turn under conditions, with keys where asked."""
    path = folder / "trials.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    main = [row for row in rows if row["role"] == "main"]
    for number, row in enumerate(main):
        row["condition"] = names[number % len(names)]
        if has_keys:
            row["key"] = {"relevant": "yes"}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def write_parts(folder: Path, design: str = PARTS, *, order: str = "") -> Path:
    """A study file with parts; 4 of a block's 6 trials are main ones."""
    path = write_study(folder, design=design.replace("{order}", order))
    path.write_text(path.read_text("utf-8").replace("n_practice = 2\n", "", 1), "utf-8")
    return path


def create_in_parts(
    services: Services,
    folder: Path,
    design: str = PARTS,
    *,
    order: str = "",
    has_keys: bool = False,
) -> None:
    """The study "things" of 8 main trials, 4 under each of two conditions."""
    stimuli = in_conditions(write_set(folder / "set", SetSize()), has_keys=has_keys)
    life.create_study(
        services, write_parts(folder, design, order=order), stimuli=stimuli
    )


def open_in_parts(
    services: Services,
    folder: Path,
    design: str = PARTS,
    *,
    order: str = "",
    has_keys: bool = False,
) -> Services:
    """The same, frozen and open: 2 x 2 blocks of 2 and 2 main trials."""
    create_in_parts(services, folder, design, order=order, has_keys=has_keys)
    life.freeze_study(services, "things")
    life.open_study(services, "things")
    return services
