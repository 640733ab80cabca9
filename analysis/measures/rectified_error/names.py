"""What rows of tables on errors are called."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.elements.wording import count, shown_name, standard_name
from analysis.measures.rectified_error.numbers import ErrorResult


def sizes(results: Sequence[ErrorResult]) -> str:
    """How many images the classifiers saw, each number once."""
    found = sorted({result.judged.classifier.n_seen for result in results})
    return " / ".join(map(count, found))


def named_columns(result: ErrorResult) -> dict[str, str]:
    """Whose error it is and of which kind, for people."""
    return {
        "classifier": result.classifier,
        "error": standard_name(result.shows),
        "re-examined": shown_name(result.shows),
    }


def id_columns(result: ErrorResult) -> dict[str, str]:
    """The same for programs."""
    return {"classifier": result.classifier, "shows": result.shows}


def without_repeats(
    shown: pd.DataFrame, *, names: Sequence[str] = ("error", "re-examined")
) -> pd.DataFrame:
    """Without those of these columns that say the same in every row.

    >>> without_repeats(pd.DataFrame({"error": ["top-1", "top-1"], "images": [10, 20]}))
       images
    0      10
    1      20
    """
    same = [name for name in names if name in shown and shown[name].nunique() < 2]
    return shown.drop(columns=same)


def n_words(shown: pd.DataFrame) -> int:
    """How many of the first columns hold words."""
    kept = without_repeats(shown)
    return 1 + sum(name in kept for name in ("error", "re-examined"))
