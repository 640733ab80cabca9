"""A study of categories under three contrasts, with people and observers of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.bundles.frames import table_of
from analysis.bundles.reading import Bundle
from hit_templates.questions import Field, Question, asking
from tests.analysis.frames_maker import put_together

CATEGORIES: Final = ("bear", "cat", "dog", "truck")
LEVELS: Final = {"c100": 1.0, "c030": 0.3, "c005": 0.05}
WHICH: Final = Field(
    name="category",
    type="choice",
    choices=(*CATEGORIES, "none"),
    words={"none": "no response"},
    unanswered=("none",),
    description="the category chosen",
)
QUESTION: Final = Question(name="category", fields=(WHICH,), is_graded=True)


def category_bundle(
    *,
    n_people: int = 12,
    n_images: int = 48,
    levels: Mapping[str, float] = LEVELS,
    thresholds: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Bundle:
    """People with a threshold of 0.2, and observers with those named.

    Every person meets every image at one contrast; observers meet all at each.
    """
    rng = np.random.default_rng(seed)
    names = list(levels)
    trials: list[dict[Any, Any]] = [
        {
            "trial": f"{image}-{name}",
            "question": "category",
            "classes": "|".join(CATEGORIES),
            "condition": name,
            "sources": f"i{image}",
            "key": json.dumps({"category": CATEGORIES[image % 4]}),
        }
        for image in range(n_images)
        for name in names
    ]
    key = {row["trial"]: CATEGORIES[int(row["sources"][1:]) % 4] for row in trials}
    responses = []
    for person in range(n_people):
        for image in range(n_images):
            name = names[(person + image) % len(names)]
            trial = f"{image}-{name}"
            said = _said(key[trial], levels[name], threshold=0.2, rng=rng)
            responses.append(
                {
                    "trial": trial,
                    "participant": f"p{person:02}",
                    "field": "category",
                    "value": "none" if rng.random() < 0.03 else said,
                    "rt_ms": 700.0,
                }
            )
    for row in responses:
        row["is_right"] = row["value"] == key[row["trial"]]
    found = put_together(
        trials=trials,
        uses=[],
        responses=responses,
        n=100,
        k=1,
        head={
            "study": {
                "name": "which",
                "title": "Which is it?",
                "paradigm": "none here",
            },
            "questions": _declared(),
            "levels": {
                "name": "contrast",
                "scale": "log",
                "unit": "",
                "of": dict(levels),
            },
            "observers": [{"name": name} for name in thresholds or {}],
        },
    )
    rows = [
        {
            "observer": name,
            "trial": row["trial"],
            "repeat": "0",
            "field": "category",
            "value": _said(
                key[row["trial"]], levels[row["condition"]], threshold=at, rng=rng
            ),
        }
        for name, at in (thresholds or {}).items()
        for row in trials
    ]
    return replace(found, observations=table_of("observations", rows))


def _declared() -> dict[str, Any]:
    return {
        name: json.loads(json.dumps(each.as_json()))
        for name, each in asking(QUESTION).items()
    }


def _said(
    right: str, level: float, *, threshold: float, rng: np.random.Generator
) -> str:
    knows = expit(5 * (np.log10(level) - np.log10(threshold)))
    return right if rng.random() < knows else str(rng.choice(CATEGORIES))


def observed(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    """Observations of (observer, trial, value)."""
    return table_of(
        "observations",
        [
            {
                "observer": observer,
                "trial": trial,
                "repeat": "0",
                "field": "category",
                "value": value,
            }
            for observer, trial, value in rows
        ],
    )
