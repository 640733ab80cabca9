"""The parts of a report that every study has, whatever it measures."""

from __future__ import annotations

import json

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import (
    Block,
    Chapter,
    Gallery,
    GalleryPicture,
    Prose,
    Section,
)
from analysis.elements.shown_trial import trial_page
from analysis.elements.wording import class_list, count
from hit_templates.questions import Question
from hit_templates.wording import responding


def about(bundle: Bundle) -> str:
    """One line: name, environment, n images, people and counted votes."""
    if bundle.is_imported:
        return _about_imported(bundle)
    seen = max((each.n_seen for each in bundle.classifiers), default=0)
    counted = bundle.counted_responses
    what = "votes" if counted["accepts"].notna().any() else "responses"
    n = len(bundle.votes) if what == "votes" else len(counted)
    return (
        f"{bundle.name} · {bundle.head['environment']} · {count(seen)} images · "
        f"{_heads(counted)} · {count(n)} counted {what}"
    )


def _about_imported(bundle: Bundle) -> str:
    """Others' files say nothing of the images that nobody was asked about."""
    if not bundle.has_raters:
        return (
            f"{bundle.name} · imported · {count(len(bundle.trials))} trials · raters "
            f"unknown · {count(int(bundle.counts['n'].sum()))} responses as counts"
        )
    counted = bundle.counted_responses
    return (
        f"{bundle.name} · imported · {count(len(bundle.trials))} trials · "
        f"{_heads(counted)} · {count(len(counted))} counted responses"
    )


def _heads(responses: pd.DataFrame) -> str:
    n = responses["participant"].nunique()
    return f"{count(n)} {'person' if n == 1 else 'people'}"


def asked(bundle: Bundle) -> Section:
    """Every question, word for word, each with a trial as people saw it."""
    main = bundle.trials[bundle.trials["role"] == "main"].sort_values("trial")
    if main.empty:
        nothing = Prose(text="The stimulus set has no main trials.", kind="warning")
        return Section(
            id="asked", chapter=Chapter.ASKED, title="What was asked", blocks=[nothing]
        )
    parts: list[Block] = []
    for _, trials in main.groupby("question", sort=True):
        parts += _asked_once(bundle, trials)
    return Section(
        id="asked", chapter=Chapter.ASKED, title="What was asked", blocks=parts
    )


def _asked_once(bundle: Bundle, trials: pd.DataFrame) -> list[Block]:
    """One question of the main trials, and the first trial that asks it."""
    trial = trials.iloc[0]
    classes = class_list(trial["classes"].split("|"), bundle.class_names)
    wording = question_wording(bundle, str(trial["question"]))
    example = wording.replace("{class}", classes)
    question = bundle.questions[str(trial["question"])]
    is_named = "{class}" in wording or not question.names_classes
    suffix = "" if is_named or not classes else f" ({classes})"
    n_images = len(json.loads(str(trial["slots"])))
    images = "one image" if n_images == 1 else f"{n_images} images"
    text = f"“{example}{suffix}” with {images}{_responding(question, trial)}."
    blocks: list[Block] = [
        Prose(
            text=f"{text} {count(len(trials))} such trials, each put to {_people(bundle)}."
        )
    ]
    if shown := trial_page(bundle, trial) or _example(bundle, trial, classes):
        blocks.append(shown)
    return blocks


def _people(bundle: Bundle) -> str:
    return f"{'up to ' if bundle.is_imported else ''}{bundle.n} people"


def _responding(question: Question, trial: pd.Series) -> str:
    """What a response is; nothing where nobody knows."""
    n_classes = len(str(trial["classes"]).split("|"))
    said = responding(question, n_classes=n_classes)
    return f"; the response is {said}" if said else ""


def question_wording(bundle: Bundle, question: str) -> str:
    """What people read, as declared; the question's name where nothing is said."""
    return bundle.questions[question].wording or question


def _example(bundle: Bundle, trial: pd.Series, classes: str) -> Gallery | None:
    stimulus = next(iter(json.loads(str(trial["slots"])).values()), "")
    if bundle.image_path(stimulus) is None:
        return None
    exhibit = GalleryPicture(
        stimulus=stimulus, label="", predicted=classes, classifiers="", n_yes=0, n=0
    )
    return Gallery(name="example", caption="One of the images.", exhibits=(exhibit,))
