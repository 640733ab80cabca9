"""Bundles put together from a few columns, without files; the rest is filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.bundles.schema import TABLES
from hit_templates.base import find_paradigms

_EMPTY: dict[str, Any] = {
    "text": "",
    "json": "",
    "integer": 0,
    "number": np.nan,
    "boolean": False,
    "time": pd.Timestamp("2030-01-01T10:00:00Z"),
}


def frame_of(table: str, rows: list[dict[Any, Any]]) -> pd.DataFrame:
    """A table with every column of the schema."""
    frame = pd.DataFrame(rows, columns=sorted({k for row in rows for k in row}) or None)
    for name, column in TABLES[table].columns.items():
        if name not in frame:
            frame[name] = pd.Series([_EMPTY[column.type]] * len(frame), dtype=object)
        if column.type == "boolean" and column.may_be_empty:
            frame[name] = frame[name].astype("boolean")
        elif column.type == "boolean":
            frame[name] = frame[name].astype(bool)
    return frame


def put_together(
    *,
    trials: list[dict[Any, Any]],
    uses: list[dict[Any, Any]],
    responses: list[dict[Any, Any]],
    n: int = 5,
    k: int = 4,
    summary: Mapping[str, Any] | None = None,
    head: Mapping[str, Any] | None = None,
    folder: Path = Path(),
) -> Bundle:
    """A bundle; sessions are made from the responses, one per participant."""
    for row in trials:
        row.setdefault("role", "main")
        row.setdefault("slots", json.dumps({"target": f"s-{row['trial']}"}))
    filled = _responses(responses, trials, n=n)
    people = sorted({row["participant"] for row in filled})
    sessions = [
        {
            "session": person,
            "participant": person,
            "state": "completed",
            "is_valid": True,
            "environment": "live",
        }
        for person in people
    ]
    base: dict[str, Any] = {
        "study": {"name": "made", "title": "Made", "paradigm": _paradigm(trials)},
        "environment": "live",
        "is_simulated": False,
        "design": {"responses_per_trial": n, "agreement": k},
        "quality": {},
        "stimuli": {"classifiers": [], **(summary or {})},
        "flow": {},
        "files": {},
        **(head or {}),
    }
    classes = sorted({c for row in trials for c in row.get("classes", "").split("|")})
    return Bundle(
        folder=folder,
        head=base,
        classes=frame_of(
            "classes", [{"class": c, "name": f"class {c}"} for c in classes]
        ),
        stimuli=frame_of("stimuli", []),
        trials=frame_of("trials", trials),
        uses=frame_of("uses", uses),
        sessions=frame_of("sessions", sessions),
        responses=frame_of("responses", filled),
        survey=frame_of("survey", []),
        audit=frame_of("audit", []),
    )


def _paradigm(trials: list[dict[Any, Any]]) -> str:
    """The one that asks these questions; the first where none does."""
    asked = {row["question"] for row in trials if "question" in row}
    found = [
        name for name, each in find_paradigms().items() if asked <= {*each.questions}
    ]
    return [*found, "relevance"][0]


def _responses(
    responses: list[dict[Any, Any]], trials: list[dict[Any, Any]], *, n: int
) -> list[dict[Any, Any]]:
    """Numbered in the order given; counted are the first n valid of main trials."""
    roles = {row["trial"]: row["role"] for row in trials}
    seen: dict[str, int] = {}
    counted: dict[str, int] = {}
    filled = []
    for number, row in enumerate(responses):
        trial = row["trial"]
        seen[trial] = seen.get(trial, 0) + 1
        is_valid = row.get("is_valid", True)
        counts = is_valid and roles[trial] == "main" and counted.get(trial, 0) < n
        counted[trial] = counted.get(trial, 0) + counts
        filled.append(
            {
                "response": str(number),
                "session": row["participant"],
                "field": "relevant",
                "value": "yes" if row.get("accepts") else "no",
                "acceptance_order": seen[trial],
                "is_valid": is_valid,
                "is_counted": bool(counts),
                "accepts": None,
                "is_right": None,
                **row,
            }
        )
    return filled
