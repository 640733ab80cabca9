"""The part of the report on the quality of responses, for the reader to judge."""

from __future__ import annotations

from math import isnan
from typing import Final

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from analysis.bundles.reading import Bundle
from analysis.elements.figures import COLOURS, STYLE, WIDTH_IN, percents
from analysis.elements.sections import (
    Block,
    Chapter,
    DataTable,
    Drawing,
    Prose,
    Section,
)
from analysis.elements.short_ids import short_id
from analysis.elements.wording import NOTHING, class_list, count, percent
from analysis.measures.quality.numbers import response_quality
from analysis.people.quality_flags import MEANING

_SHOWN_FLAGS: Final = 30
_SHOWN_PEOPLE: Final = 12
_SHOWN_TRIALS: Final = 12


class QualityMeasure:
    """How participants and trials did; leaves nobody out."""

    name: Final = "quality"

    def applies(self, bundle: Bundle) -> bool:
        """Whether there is a response at all."""
        return not bundle.responses.empty

    def sections(self, bundle: Bundle) -> list[Section]:
        """Participants worth a look, all of them in a figure, and trials."""
        found = response_quality(bundle)
        if found is None:
            return []
        people, trials = found.people, found.trials
        blocks: list[Block] = [
            Prose(text=_summary(people)),
            Prose(text=MEANING, kind="how"),
        ]
        if (people["agreement"].notna() & people["median_s"].notna()).any():
            blocks.append(_drawing(people))
        if (people["flags"] != "").any():
            blocks.append(_flags_table(people))
        blocks.append(_people_table(people))
        if trials["disagreement"].notna().any():
            blocks.append(_trials_table(trials, bundle))
        title = "Quality of the responses"
        return [
            Section(
                id="quality",
                chapter=Chapter.QUALITY,
                title=title,
                blocks=blocks,
                is_folded=True,
            )
        ]

    def headline(self, _bundle: Bundle) -> list[str]:
        """None: quality is no result."""
        return []


def _summary(people: pd.DataFrame) -> str:
    n_flagged = int((people["flags"] != "").sum())
    return (
        f"Of {count(len(people))} participants {count(n_flagged)} are flagged. The "
        f"median participant took {_number(people['median_s'].median())} s per trial "
        f"and agreed with others in {_percent(people['agreement'].median())}."
    )


def _drawing(people: pd.DataFrame) -> Drawing:
    return Drawing(
        name="quality_participants",
        caption="Median time per trial and agreement with others of each participant, "
        "whether left out or not. Agreement is shown to be looked at; it leaves nobody "
        "out.",
        alt=_summary(people),
        figure=_time_and_agreement(people),
    )


def _time_and_agreement(quality: pd.DataFrame) -> Figure:
    """Median time against agreement with others, one mark per participant.

    Args:
        quality: Columns median_s, agreement and flags ("" for none); rows without
            either number are left out.
    """
    known = quality[quality["median_s"].notna() & quality["agreement"].notna()]
    is_flagged = known["flags"] != ""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.3))
        axes = figure.subplots()
        for index, (label, mine) in enumerate(
            (("not flagged", known[~is_flagged]), ("flagged", known[is_flagged]))
        ):
            axes.scatter(
                mine["median_s"],
                mine["agreement"],
                s=26,
                marker="oX"[index],
                color=COLOURS[index],
                alpha=0.75,
                linewidths=0,
                label=f"{label} (n = {count(len(mine))} people)",
                zorder=2 + index,
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(_few_ticks(known["median_s"]))
        axes.tick_params(axis="x", which="both", length=3, pad=4)
        axes.yaxis.set_major_formatter(percents())
        axes.set_xlabel("median time per trial, seconds (log scale)")
        axes.set_ylabel("agreement with others")
        figure.legend(loc="outside lower left", ncols=2)
    return figure


def _few_ticks(seconds: pd.Series) -> NullFormatter | ScalarFormatter:
    """Labels between the powers of ten, where there would else be one or none."""
    is_narrow = seconds.max() < 20 * seconds.min() if len(seconds) else False
    return ScalarFormatter() if is_narrow else NullFormatter()


def _flags_table(people: pd.DataFrame) -> DataTable:
    flagged = people.loc[people["flags"] != "", ["flags"]].reset_index()
    first = flagged.head(_SHOWN_FLAGS)
    shown = pd.DataFrame(
        {"participant": _short(first["participant"]), "worth a look": first["flags"]}
    )
    return DataTable(
        name="quality_flags",
        caption=f"Participants worth a look{_rest(len(first), len(flagged))}.",
        shown=shown,
        numbers=flagged,
        text_columns=2,
        is_folded=True,
    )


_YES_BY_TRUTH: Final = (
    ", and estimated share of yes where the answer is probably yes, or no (Dawid and "
    "Skene's model)"
)


def _people_table(people: pd.DataFrame) -> DataTable:
    numbers = people.reset_index()
    ordered = numbers.assign(is_quiet=numbers["flags"] == "").sort_values(
        ["is_quiet", "participant"], kind="stable"
    )
    first = ordered.head(_SHOWN_PEOPLE)
    shown = pd.DataFrame(
        {
            "participant": _short(first["participant"]),
            "n": first["n_responses"].map(count),
            "s": first["median_s"].map(_number),
            "catches yes": _of(first, "catch_yes"),
            "catches no": _of(first, "catch_no"),
            "agree": first["agreement"].map(_percent),
        }
    )
    has_votes = bool(people["yes_if_yes"].notna().any())
    if has_votes:
        shown["yes if yes"] = first["yes_if_yes"].map(_percent)
        shown["yes if no"] = first["yes_if_no"].map(_percent)
    return DataTable(
        name="quality_participants",
        caption="Participants, the flagged ones first"
        f"{_rest(len(first), len(ordered))}: responses (n), median seconds per trial "
        "(s), catches right of those whose class is there and is not, agreement with "
        f"others{_YES_BY_TRUTH if has_votes else ''}.",
        shown=shown,
        numbers=ordered.drop(columns="is_quiet"),
        is_folded=True,
    )


def _trials_table(trials: pd.DataFrame, bundle: Bundle) -> DataTable:
    classes = bundle.trials.set_index("trial")["classes"]
    ordered = trials.sort_values(
        ["disagreement", "n_responses"], ascending=False, kind="stable"
    )
    first = ordered.head(_SHOWN_TRIALS)
    asked = [
        class_list(str(classes[trial]).split("|"), bundle.class_names)
        for trial in first.index
    ]
    shown = pd.DataFrame(
        {
            "trial": [short_id(trial) for trial in first.index],
            "asked about": asked,
            "responses": list(first["n_responses"].map(count)),
            "disagreement": list(first["disagreement"].map(_percent)),
            "s": list(first["median_s"].map(_number)),
        }
    )
    return DataTable(
        name="quality_trials",
        caption=f"Main trials people disagreed about most (the first {len(first)} of "
        f"{count(len(ordered))}): responses of everybody, left out or not, share of "
        "pairs of people who responded differently, and median time per trial (s).",
        shown=shown,
        numbers=ordered.reset_index(),
        text_columns=2,
        is_folded=True,
    )


def _short(participants: pd.Series) -> pd.Series:
    return participants.astype(str).map(short_id)


def _rest(n_shown: int, n: int) -> str:
    return "" if n_shown == n else f" ({count(n_shown)} of {count(n)} are shown)"


def _of(people: pd.DataFrame, name: str) -> pd.Series:
    n, right = people[f"n_{name}"], people[f"n_{name}_right"]
    said = right.astype(str) + " of " + n.astype(str)
    return said.where(n > 0, NOTHING)


def _percent(share: float) -> str:
    return percent(float(share), digits=0)


def _number(value: float) -> str:
    return NOTHING if isnan(value) else f"{value:.1f}"
