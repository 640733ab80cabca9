"""The part of the report on classes and confusions."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.figures import grouped_shares
from analysis.elements.sections import (
    Block,
    Chapter,
    DataTable,
    Drawing,
    Prose,
    Section,
)
from analysis.elements.wording import (
    class_list,
    count,
    estimate_numbers,
    interval,
    shown_name,
)
from analysis.measures.class_errors.numbers import accepted_confusions, class_errors
from analysis.measures.rectified_error.names import without_repeats
from analysis.measures.rectified_error.numbers import error_results, measured_shows
from analysis.statistics.parts.shrinkage import MIN_GROUPS

IN_PAGE: Final = 15
_IN_FIGURE: Final = 10
_HOW: Final = (
    "Classes of few images have the most extreme shares, by luck. So every class is "
    "shrunk towards all classes by as much as it is unsure: a beta-binomial model learns "
    "from all of them how much classes differ. Intervals hold the true share of 95 of "
    "100 classes; they count images, and what people add to all classes alike. Order is "
    "by the shrunk share, the column “as counted” is not shrunk."
)
_OF_ERRORS: Final = (
    "The study does not say how many images every class has, so shares are of a class's "
    "errors."
)


_NOTHING: Final = (
    f"Errors with enough votes are of fewer than {MIN_GROUPS} classes and confusions; so "
    "few do not show how classes differ."
)


class ClassErrorsMeasure:
    """The classes with the largest error, and the confusions that people accept."""

    name = "class-errors"

    def applies(self, bundle: Bundle) -> bool:
        """Whether errors of enough classes were re-examined."""
        n_classes = bundle.uses["label"].nunique()
        return bool(measured_shows(bundle)) and n_classes >= MIN_GROUPS

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: it is read in the report."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """The worst classes, then the confusions accepted most often."""
        results = error_results(bundle)
        classes = class_errors(bundle, results)
        pairs = accepted_confusions(bundle, results)
        blocks: list[Block] = [Prose(text=_HOW, kind="how")]
        if classes.empty and pairs.empty:
            blocks = [Prose(text=_NOTHING, kind="warning")]
        if len(classes):
            if (classes["of"] == "errors").any():
                blocks.append(Prose(text=_OF_ERRORS, kind="note"))
            blocks += [_class_table(bundle, classes), *_drawings(bundle, classes)]
        if len(pairs):
            blocks.append(_pair_table(bundle, pairs))
        return [
            Section(
                id="class-errors",
                chapter=Chapter.CHOICES,
                title="Classes with the largest error, and confusions people accept",
                blocks=blocks,
                is_exploratory=True,
                is_folded=True,
            )
        ]


def _class_table(bundle: Bundle, table: pd.DataFrame) -> DataTable:
    short = _first(table, IN_PAGE)
    shown = pd.DataFrame(
        {
            "classifier": short["classifier"],
            "re-examined": short["shows"].map(shown_name),
            "class": _names(bundle, short["class"]),
            "images": short["n_images"].map(count),
            "errors": short["n_wrong"].map(count),
            "rejected by people": [
                f"{count(rejected)} of {count(judged)}"
                for rejected, judged in zip(
                    short["n_rejected"], short["n_judged"], strict=True
                )
            ],
            "standard": short["standard_estimate"].map(interval),
            "rectified": short["rectified_estimate"].map(interval),
        }
    )
    if (short["of"] == "errors").any():
        shown = shown.drop(columns=["images", "standard"])
    n_classes = table["class"].nunique()
    kept = without_repeats(shown, names=("classifier", "re-examined"))
    return DataTable(
        name="class_errors",
        caption=f"{_of_all(n_classes, 'classes (labels)')}, the largest rectified error "
        "first: share of their images, shrunk (95 % intervals).",
        shown=kept,
        numbers=_flat(table, ("standard_estimate", "rectified_estimate")),
        text_columns=list(kept.columns).index("class") + 1,
    )


def _drawings(bundle: Bundle, table: pd.DataFrame) -> list[Block]:
    """One figure per classifier and measure."""
    drawn: list[Block] = []
    for (name, shows), mine in table.groupby(["classifier", "shows"], sort=False):
        short = mine.head(_IN_FIGURE)
        series = {"rectified": list(short["rectified_estimate"])}
        if (short["of"] == "images").all():
            series = {"standard": list(short["standard_estimate"]), **series}
        names = _names(bundle, short["class"])
        said = "; ".join(
            f"{class_name}: {interval(each)}"
            for class_name, each in zip(names, series["rectified"], strict=True)
        )
        drawn.append(
            Drawing(
                name=f"class_errors_{len(drawn) + 1}",
                caption=f"{name}, {shown_name(str(shows))}: the {len(short)} classes "
                "with the largest rectified error, shrunk (95 % intervals).",
                alt=f"Rectified error by class. {said}.",
                figure=grouped_shares(names, series, quantity="error"),
            )
        )
    return drawn


def _pair_table(bundle: Bundle, table: pd.DataFrame) -> DataTable:
    short = _first(table, IN_PAGE)
    shown = pd.DataFrame(
        {
            "classifier": short["classifier"],
            "re-examined": short["shows"].map(shown_name),
            "label": _names(bundle, short["class"]),
            "prediction": _names(bundle, short["predicted"]),
            "accepted by people": short["estimate"].map(interval),
            "as counted": [
                f"{count(accepted)} of {count(judged)}"
                for accepted, judged in zip(
                    short["n_accepted"], short["n_judged"], strict=True
                )
            ],
        }
    )
    kept = without_repeats(shown, names=("classifier", "re-examined"))
    return DataTable(
        name="accepted_confusions",
        caption=f"{_of_all(len(table), 'confusions')}, those that people accept most often "
        "first: share of such errors, shrunk (95 % intervals).",
        shown=kept,
        numbers=_flat(table, ("estimate",)),
        text_columns=list(kept.columns).index("prediction") + 1,
    )


def _of_all(n: int, what: str) -> str:
    """How many of them the table shows."""
    if n <= IN_PAGE:
        return f"All {count(n)} {what}"
    return f"{IN_PAGE} of {count(n)} {what} (all are in the CSV file)"


def _first(table: pd.DataFrame, n: int) -> pd.DataFrame:
    return table.groupby(["classifier", "shows"], sort=False).head(n)


def _names(bundle: Bundle, classes: pd.Series) -> list[str]:
    return [class_list([each], bundle.class_names) for each in classes]


def _flat(table: pd.DataFrame, estimates: tuple[str, ...]) -> pd.DataFrame:
    """The table with numbers for its estimates."""
    numbers = table.drop(columns=list(estimates))
    for name in estimates:
        prefix = name.replace("_estimate", "").replace("estimate", "accepted")
        rows = [estimate_numbers(each, f"{prefix}_shrunk") for each in table[name]]
        numbers = numbers.join(pd.DataFrame(rows, index=table.index))
    return numbers
