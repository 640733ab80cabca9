"""A study small enough to follow by hand, for the examples in docstrings.

A classifier "net" saw ten images and got four wrong: i1 to i4. Each of these errors
was put to people until three valid ones had said yes or no (k = 2); besides, each
person got one catch trial whose class is there and one whose class is not. Ann, Bob,
Cyd and Eve passed both catches; Dan said yes to everything and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from analysis.bundles.counting import is_counted
from analysis.bundles.frames import table_of
from analysis.bundles.reading import Bundle

# Responses of each person to i1, i2, i3, i4, a known yes and a known no.
_SAID: Final = {
    "ann": "yyynyn",
    "bob": "ynnnyn",
    "dan": "yyyyyy",
    "cyd": "yynnyn",
    "eve": "ynynyn",
}
_TRIALS: Final = ("i1", "i2", "i3", "i4", "known-yes", "known-no")
_VALUES: Final = {"y": "yes", "n": "no"}
_HEAD: Final[dict[str, Any]] = {
    "schema_version": 1,
    "shows": "top1",
    "study": {
        "name": "example",
        "title": "Is this class relevant for the image?",
        "paradigm": "relevance",
        "seed": 1,
        "state": "closed",
        "frozen_at": "2030-01-01T09:00:00+00:00",
    },
    "environment": "live",
    "is_simulated": False,
    "design": {"responses_per_trial": 3, "agreement": 2},
    "quality": {"min_catch_accuracy": 0.8},
    "stimuli": {
        "kind": "misclassified",
        "classifiers": [
            {"name": "net", "n_seen": 10, "n_top1_wrong": 4, "n_top5_wrong": 1}
        ],
    },
    "flow": {
        "arrived": 6,
        "consented": 6,
        "failed_comprehension": 1,
        "started": 5,
        "withdrawn": 0,
        "expired": 0,
        "completed": 5,
        "valid": 4,
    },
    "files": {},
}


def example_bundle() -> Bundle:
    """The study above, made anew at every call.

    >>> bundle = example_bundle()
    >>> len(bundle.votes), bundle.n, bundle.k
    (12, 3, 2)
    """
    rows = list(_responses())
    trials = table_of("trials", list(_trials()))
    responses = table_of("responses", rows)
    counted = is_counted(responses, trials=trials, n=3)
    return Bundle(
        folder=Path("example"),
        head=_HEAD,
        classes=table_of(
            "classes", [{"class": "0", "name": "apple"}, {"class": "1", "name": "ball"}]
        ),
        stimuli=table_of("stimuli", []),
        trials=trials,
        uses=table_of("uses", list(_uses())),
        sessions=table_of("sessions", [_session(person) for person in _SAID]),
        responses=responses.assign(is_counted=counted),
        survey=table_of("survey", []),
        audit=table_of("audit", list(_audit())),
    )


def _trials() -> Iterator[dict[str, str]]:
    for trial in _TRIALS:
        is_catch = trial.startswith("known")
        yield {
            "trial": trial,
            "question": "relevant",
            "role": "catch" if is_catch else "main",
            "control": trial.replace("-", "_") if is_catch else "",
            "classes": "1" if trial in ("i3", "i4") else "0",
            "sources": trial,
            "slots": f'{{"target": "{trial}"}}',
            "key": f'{{"relevant": "{trial[6:]}"}}' if is_catch else "",
        }


def _uses() -> Iterator[dict[str, str]]:
    for trial in _TRIALS[:4]:
        predicted = "1" if trial in ("i3", "i4") else "0"
        yield {
            "trial": trial,
            "classifier": "net",
            "shows": "top1",
            "source_sha256": trial,
            "label": "0" if predicted == "1" else "1",
            "predicted": predicted,
        }


def _session(person: str) -> dict[str, str]:
    n_right = 1 if person == "dan" else 2
    return {
        "session": f"s-{person}",
        "participant": person,
        "recruiter": "lab",
        "environment": "live",
        "is_simulated": "false",
        "state": "completed",
        "is_valid": "true" if n_right == 2 else "false",
        "exclusion_reason": "" if n_right == 2 else "catch_accuracy",
        "duration_s": "30",
        "n_catch": "2",
        "n_catch_right": str(n_right),
        "n_responses": "6",
        "n_display_failures": "0",
        "n_trials": "6",
    }


def _responses() -> Iterator[dict[str, str]]:
    for order, (person, said) in enumerate(_SAID.items(), start=1):
        for position, (trial, letter) in enumerate(zip(_TRIALS, said, strict=True)):
            is_right = ""
            if trial.startswith("known"):
                is_right = str(trial[6:] == _VALUES[letter]).lower()
            yield {
                "response": f"{person}-{trial}",
                "session": f"s-{person}",
                "participant": person,
                "trial": trial,
                "field": "relevant",
                "value": _VALUES[letter],
                "rt_ms": str(1000 + 100 * position),
                "position": str(position),
                "acceptance_order": str(order),
                "is_valid": "false" if person == "dan" else "true",
                "exclusion_reason": "session" if person == "dan" else "",
                "is_counted": "false",
                "is_right": is_right,
                "accepts": str(letter == "y").lower(),
                "n_display_failures": "0",
            }


def _audit() -> Iterator[dict[str, str]]:
    for trial, accepts in (("i1", "true"), ("i4", "false")):
        yield {"trial": trial, "accepts": accepts, "at": "2030-01-02T09:00:00Z"}
