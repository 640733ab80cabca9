"""The part of the report on the rectified error by Dawid and Skene's model."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, Chapter, DataTable, Prose, Section
from analysis.elements.wording import (
    count,
    estimate_numbers,
    interval,
    percent,
    shown_name,
)
from analysis.measures.dawid_skene_error.numbers import (
    ModelledError,
    ModelledErrors,
    modelled_errors,
)
from analysis.measures.rectified_error.names import without_repeats
from analysis.measures.rectified_error.numbers import measured_shows
from analysis.statistics.modelled_share import PRIOR

_INTRO: Final = (
    "k of n counts every vote alike. Dawid and Skene's model weighs people by how well "
    "they tell right from wrong: each has a rate of yes to what is right and one to "
    "what is not, estimated together with the probability that each prediction is "
    "right. Catches and foils, whose truth is known, anchor the rates; every person "
    "starts with {same:g} imagined votes as they should be and {other:g} as they should "
    "not. The rectified error is then the mean probability of being wrong. The model "
    "knows no images that are hard for everybody, so it tends to be surer than it "
    "should be."
)
_METHOD: Final = (
    "Intervals: variance of independent images plus that of leaving out each of "
    "{n_groups} groups of people in turn and fitting anew (delete-a-group jackknife); "
    "chance in single votes is in both, so they are rather too wide. Score bounds at "
    "the effective number of images, Student's t."
)


class DawidSkeneErrorMeasure:
    """The rectified error by Dawid and Skene's model."""

    name = "dawid-skene-error"

    def applies(self, bundle: Bundle) -> bool:
        """Whether errors were re-examined and somebody voted."""
        return bool(measured_shows(bundle)) and len(bundle.votes) > 0

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: the study's rule is k of n."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """The error by the model beside that by k of n."""
        found = modelled_errors(bundle)
        intro = Prose(
            text=_INTRO.format(same=PRIOR.same, other=PRIOR.other), kind="how"
        )
        blocks: list[Block] = [intro]
        if found is None:
            text = "Fewer than two people voted, so nobody can be told from anybody."
            blocks.append(Prose(text=text, kind="warning"))
        else:
            blocks += [_table(found, bundle), Prose(text=_said(found))]
            method = _METHOD.format(n_groups=found.n_groups)
            blocks.append(Prose(text=method, kind="how"))
        title = "Rectified error by Dawid and Skene's model"
        return [
            Section(
                id="dawid-skene",
                chapter=Chapter.CORRECTION,
                title=title,
                blocks=blocks,
                is_exploratory=True,
                is_folded=True,
            )
        ]


def _said(found: ModelledErrors) -> str:
    text = (
        f"By the model, people say yes to {percent(found.true_yes)} of what is right "
        f"and to {percent(found.false_yes)} of what is wrong (means over "
        f"{count(found.n_people)} people)."
    )
    if found.remarks:
        return f"{text} Read it with care: {'; '.join(found.remarks)}."
    return (
        f"{text} All of {found.n_starts} starts led to the same maximum, the first "
        f"after {found.n_iterations} iterations."
    )


def _table(found: ModelledErrors, bundle: Bundle) -> DataTable:
    shown = pd.DataFrame(
        [
            {
                "classifier": each.at_k.classifier,
                "re-examined": shown_name(each.at_k.shows),
                f"{bundle.k} of {bundle.n}": interval(each.at_k.rectified),
                "Dawid and Skene": interval(each.rectified),
                "judged alike": percent(each.agreement),
                "errors judged": count(each.n_judged),
                "images": count(each.at_k.judged.classifier.n_seen),
            }
            for each in found.errors
        ]
    )
    kept = without_repeats(shown, names=("re-examined",))
    return DataTable(
        name="dawid_skene_error",
        caption="Rectified error, share of all images, by k of n and by Dawid and "
        "Skene's model (95 % intervals); judged alike: share of resolved errors on "
        "which both agree.",
        shown=kept,
        numbers=pd.DataFrame([_numbers(each, found) for each in found.errors]),
        text_columns=1 + ("re-examined" in kept),
    )


def _numbers(each: ModelledError, found: ModelledErrors) -> dict[str, object]:
    return {
        "classifier": each.at_k.classifier,
        "shows": each.at_k.shows,
        **estimate_numbers(each.at_k.rectified, "at_k"),
        **estimate_numbers(each.rectified, "dawid_skene"),
        "judged_alike": each.agreement,
        "n_judged": each.n_judged,
        "n_images": each.at_k.judged.classifier.n_seen,
        "false_yes": found.false_yes,
        "true_yes": found.true_yes,
        "n_participants": found.n_people,
        "n_groups": found.n_groups,
    }
