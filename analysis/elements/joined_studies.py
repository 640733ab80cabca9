"""Two studies read as one, where a comparison was split over two launches."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, runtime_checkable

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Section


@runtime_checkable
class ComparesStudies(Protocol):
    """A measure that says more where an earlier study lies beside this one."""

    def sections_with(self, bundle: Bundle, other: Bundle) -> list[Section]:
        """What the two studies say together."""


def joined(bundle: Bundle, other: Bundle) -> Bundle:
    """Both studies' trials and responses; head and settings are the first one's.

    Sessions and responses get the study's name in front, participants keep their
    ids: a person of both studies is one person.
    """
    uses, sessions, responses = (
        pd.concat(
            [
                _prefixed(getattr(bundle, name), bundle.name),
                _prefixed(getattr(other, name), other.name),
            ],
            ignore_index=True,
        )
        for name in ("uses", "sessions", "responses")
    )
    return replace(
        bundle,
        classes=_stacked(bundle.classes, other.classes, key="class"),
        stimuli=_stacked(bundle.stimuli, other.stimuli, key="stimulus"),
        trials=_stacked(bundle.trials, other.trials, key="trial"),
        uses=uses,
        sessions=sessions,
        responses=responses,
    )


def _stacked(first: pd.DataFrame, second: pd.DataFrame, *, key: str) -> pd.DataFrame:
    both = pd.concat([first, second], ignore_index=True)
    return both.drop_duplicates(key).reset_index(drop=True)


def _prefixed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    ids = [column for column in ("session", "response") if column in frame]
    return frame.assign(
        **{column: f"{name}/" + frame[column].astype(str) for column in ids}
    )
