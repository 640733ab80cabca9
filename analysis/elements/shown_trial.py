"""One trial of a bundle as people saw it, drawn again from the bundle alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from analysis.bundles.reading import Bundle
from analysis.elements.sections import ShownTrial
from hit_templates.base import UnknownParadigmError, get_paradigm
from hit_templates.still import configured, render_still, still_view

CAPTION = (
    "A trial as people saw it: the page of one of the main trials, with the study's "
    "own words. Pictures are as large as the bundle keeps them; order and places may "
    "have been shuffled for each person."
)


def trial_page(bundle: Bundle, trial: pd.Series) -> ShownTrial | None:
    """The page of a trial; None where the bundle does not hold all of its images.

    Args:
        bundle: The study.
        trial: A row of its trials.
    """
    slots: Mapping[str, str] = json.loads(str(trial["slots"]))
    images = {slot: _embedded(bundle, stimulus) for slot, stimulus in slots.items()}
    if not images or not all(images.values()):
        return None
    try:
        paradigm = configured(
            get_paradigm(str(bundle.head["study"]["paradigm"])), bundle.study_file
        )
    except (UnknownParadigmError, ValidationError):
        return None
    if trial["question"] not in paradigm.questions:
        return None
    ids = filter(None, str(trial["classes"]).split("|"))
    view = still_view(
        question=str(trial["question"]),
        classes=[_class(bundle, class_id) for class_id in ids],
        images=images,
        texts=_texts(bundle.study_file),
    )
    title = "A trial as people saw it"
    language = str(bundle.study_file.get("study", {}).get("language", "en"))
    html = render_still(paradigm, view, title=title, language=language)
    return ShownTrial(name="trial", caption=CAPTION, title=title, html=html)


def _texts(study_file: Mapping[str, Any]) -> dict[str, str]:
    own = study_file.get("texts") or {}
    return {name: text for name, text in own.items() if isinstance(text, str)}


def _class(bundle: Bundle, class_id: str) -> dict[str, str]:
    rows = bundle.classes[bundle.classes["class"].astype(str) == class_id]
    gloss = rows.iloc[0]["gloss"] if len(rows) else ""
    return {
        "id": class_id,
        "name": bundle.class_names.get(class_id, class_id),
        "gloss": "" if pd.isna(gloss) else str(gloss),
    }


def _embedded(bundle: Bundle, stimulus: str) -> str:
    path = bundle.image_path(stimulus)
    return "" if path is None else data_url(path)


def data_url(path: Path) -> str:
    """A PNG as an address that holds it."""
    coded = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:image/png;base64,{coded}"
