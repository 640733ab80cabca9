"""Flags: what about a participant is worth a look, in words.

For a person to judge, never an automatic rejection: a flag neither leaves anybody out
of the analysis nor touches their pay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from analysis.people.exclusion_rules import QualityRules

QUICK: Final = 1 / 3
SAME: Final = 0.95
HIDDEN: Final = 0.3
FAILED: Final = 0.2
TELLS_APART: Final = 0.2
LEAST_RESPONSES: Final = 10
LEAST_COMPARED: Final = 5
LEAST_PEOPLE: Final = 5
LEAST_EXPECTED: Final = 3.0
FAR: Final = 3.0

MEANING: Final = (
    "Flags are for you to judge: nobody is left out, and nobody's pay is touched, "
    "because of one. People are flagged who get too few catches right; whose median "
    "time is under a third of the others'; who agree with others far less than others "
    "do (three robust standard deviations, or under the study's own bound); who respond "
    "the same to 95 % of at least ten trials, or take the same place of the page, which "
    "is shuffled, in 95 % of at least ten; whose page was out of sight for more than "
    "30 % of the time; who could not see 20 % of the images; or who, by Dawid and "
    "Skene's model, say yes about as often where the answer is probably no."
)

Find = Callable[[pd.DataFrame, QualityRules], pd.Series]


def flags(quality: pd.DataFrame, rules: QualityRules) -> pd.Series:
    """Why each participant is worth a look, in words joined by "; "; "" for none.

    Args:
        quality: As `participant_quality` gives it.
        rules: The study's thresholds; catches are held against them.

    >>> from analysis.bundles.example import example_bundle
    >>> from analysis.people.quality import participant_quality, responses_of
    >>> from analysis.people.reapplied_rules import quality_of
    >>> bundle = example_bundle()
    >>> table = participant_quality(responses_of(bundle))
    >>> flags(table, quality_of(bundle))["dan"]
    'catches right: yes 1 of 1, no 0 of 1'
    """
    found: list[list[str]] = [[] for _ in range(len(quality))]
    if quality.empty:
        return pd.Series(index=quality.index, dtype=object)
    for find in _FLAGS:
        for row, words in enumerate(find(quality, rules)):
            if words:
                found[row].append(words)
    return pd.Series(map("; ".join, found), index=quality.index, dtype=object)


def _catches(quality: pd.DataFrame, rules: QualityRules) -> pd.Series:
    n = quality["n_catch_yes"] + quality["n_catch_no"]
    right = quality["n_catch_yes_right"] + quality["n_catch_no_right"]
    wanted = rules.min_catch_accuracy or 0.0
    is_poor = right < wanted * n - 1e-9
    yes = _of(quality["n_catch_yes_right"], quality["n_catch_yes"])
    no = _of(quality["n_catch_no_right"], quality["n_catch_no"])
    return _say(is_poor, "catches right: yes " + yes + ", no " + no)


def _yes_and_no(quality: pd.DataFrame, rules: QualityRules) -> pd.Series:
    said = pd.Series("", index=quality.index, dtype=object)
    for name, wanted, words in (
        ("catch_yes", rules.min_catch_yes_accuracy, "misses what is there"),
        ("catch_no", rules.min_catch_no_accuracy, "says yes to what is not there"),
    ):
        n, right = quality[f"n_{name}"], quality[f"n_{name}_right"]
        is_poor = (n > 1) & (right < (0.5 if wanted is None else wanted) * n - 1e-9)
        mine = _say(is_poor, words + " (catches right: " + _of(right, n) + ")")
        said = said + np.where((said != "") & (mine != ""), "; ", "") + mine
    return said


def _quick(quality: pd.DataFrame, _rules: QualityRules) -> pd.Series:
    usual = quality["median_s"].median()
    is_quick = (quality["median_s"] < QUICK * usual) & _enough_people(quality)
    own = quality["median_s"].map("{:.1f}".format)
    return _say(is_quick, "quick: median " + own + f" s, others {usual:.1f} s")


def _disagrees(quality: pd.DataFrame, rules: QualityRules) -> pd.Series:
    is_compared = quality["n_compared"] >= LEAST_COMPARED
    agreement = quality["agreement"].where(is_compared)
    usual = agreement.median()
    least = rules.flag_agreement_below
    if least is None:
        if int(is_compared.sum()) < LEAST_PEOPLE:
            return _say(is_compared & False, "")
        # Times 1.4826 the median deviation of a normal is its standard deviation.
        least = usual - FAR * 1.4826 * (agreement - usual).abs().median()
    own = (100 * agreement).map("{:.0f}".format)
    words = "agrees with others in " + own + f" %, the usual is {100 * usual:.0f} %"
    return _say(agreement < least - 1e-9, words)


def _same(quality: pd.DataFrame, _rules: QualityRules) -> pd.Series:
    is_same = (quality["same_share"] >= SAME) & (
        quality["n_responses"] >= LEAST_RESPONSES
    )
    own = (100 * quality["same_share"]).map("{:.0f}".format)
    return _say(is_same, "the same response to " + own + " % of the trials")


def _same_place(quality: pd.DataFrame, _rules: QualityRules) -> pd.Series:
    is_same = (quality["same_place_share"] >= SAME) & (
        quality["n_placed"] >= LEAST_RESPONSES
    )
    own = (100 * quality["same_place_share"]).map("{:.0f}".format)
    return _say(is_same, "the same place of the page in " + own + " % of the trials")


def _hidden(quality: pd.DataFrame, _rules: QualityRules) -> pd.Series:
    own = (100 * quality["hidden_share"]).map("{:.0f}".format)
    is_away = quality["hidden_share"] > HIDDEN
    return _say(is_away, "page out of sight for " + own + " % of the time")


def _failures(quality: pd.DataFrame, _rules: QualityRules) -> pd.Series:
    n = quality["n_responses"] + quality["n_failures"]
    is_blind = quality["n_failures"] > FAILED * n
    return _say(is_blind, "could not see " + _of(quality["n_failures"], n) + " images")


def _confuses(quality: pd.DataFrame, _rules: QualityRules) -> pd.Series:
    yes, no = quality["yes_if_yes"], quality["yes_if_no"]
    is_known = (quality["n_yes"] >= LEAST_EXPECTED) & (
        quality["n_no"] >= LEAST_EXPECTED
    )
    own = (100 * yes).map("{:.0f}".format) + " % and " + (100 * no).map("{:.0f}".format)
    words = "hardly tells yes from no: says yes in " + own + " % of either"
    return _say(is_known & (yes - no < TELLS_APART), words)


_FLAGS: Final[tuple[Find, ...]] = (
    _catches,
    _yes_and_no,
    _quick,
    _disagrees,
    _same,
    _same_place,
    _hidden,
    _failures,
    _confuses,
)


def _enough_people(quality: pd.DataFrame) -> bool:
    return int(quality["median_s"].notna().sum()) >= LEAST_PEOPLE


def _of(part: pd.Series, whole: pd.Series) -> pd.Series:
    return part.astype(str) + " of " + whole.astype(str)


def _say(is_flagged: pd.Series, words: pd.Series | str) -> pd.Series:
    said = pd.Series(words, index=is_flagged.index, dtype=object)
    return said.where(is_flagged.fillna(value=False).astype(bool), "")
