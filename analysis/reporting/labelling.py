"""One label per trial, out of many people's responses, as a table to go on with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from analysis.bundles.csv_frames import write_csv
from analysis.bundles.reading import Bundle
from analysis.errors import AnalysisError
from analysis.importing.declared_responses import FIELD
from analysis.statistics.aggregation.dawid_skene import ClassShares, dawid_skene
from analysis.statistics.aggregation.majority import majority
from hit_templates.questions import Field

Way = Literal["majority", "dawid-skene"]
WAYS: Final[tuple[Way, ...]] = ("majority", "dawid-skene")
COLUMNS: Final = (
    "trial",
    "stimulus",
    "question",
    "condition",
    "classes",
    "field",
    "label",
    "share",
    "n_responses",
    "is_tie",
    "tied",
    "key",
)


def labels(
    bundle: Bundle,
    *,
    by: Way,
    class_shares: ClassShares = "estimated",
    accept_maybe: bool = False,
) -> pd.DataFrame:
    """The label of every main trial that somebody responded to, field by field.

    Args:
        bundle: The study; the responses that count are taken.
        by: "majority", the response that most gave, or "dawid-skene", the likeliest
            under the paper's model without a prior, fitted for each question and field.
        class_shares: Of the model: "equal" takes every label to be as frequent.
        accept_maybe: Whether responses that say neither yes nor no to what a field
            asks (maybe, cannot tell) count as yes.

    Returns:
        Columns trial, stimulus (what the target slot showed, else the first), question,
        condition, classes, field, label (empty where several tie), share (of the
        responses that gave it; under the model its probability), n_responses, is_tie,
        tied (the labels that tie by majority, joined by "|"), key (the right one,
        where known).

    Raises:
        AnalysisError: If no response is a choice, the model has one person only,
            it is not known who responded, or maybe is to count where no field is
            answered by yes and no.

    >>> from analysis.bundles.example import example_bundle
    >>> labels(example_bundle(), by="majority")[["trial", "label", "share"]].head(2)
      trial label     share
    0    i1   yes  1.000000
    1    i2   yes  0.666667
    """
    if not bundle.has_raters:
        return _with_trials(_of_counts(bundle, by=by), bundle)
    parts = [
        _of_field(rows, by=by, class_shares=class_shares).assign(
            question=question, field=field
        )
        for question, field, rows in _choices(bundle, accept_maybe=accept_maybe)
    ]
    if not parts:
        raise AnalysisError(
            f"{bundle.name}: no counted response is a choice, so there is nothing to "
            "take a label from"
        )
    found = pd.concat(parts, ignore_index=True)
    return _with_trials(found, bundle)


def write_labels(
    bundle: Bundle,
    *,
    by: Way,
    out: Path,
    class_shares: ClassShares = "estimated",
    accept_maybe: bool = False,
    has_raw_cells: bool = False,
) -> pd.DataFrame:
    """Write `labels` as CSV, or as Parquet where `out` ends so; returns them.

    Raises:
        AnalysisError: If there is none, or it cannot be written.

    >>> from analysis.bundles.example import example_bundle
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     out = Path(folder) / "labels.csv"
    ...     n = len(write_labels(example_bundle(), by="majority", out=out))
    ...     n, out.is_file()
    (4, True)
    """
    found = labels(bundle, by=by, class_shares=class_shares, accept_maybe=accept_maybe)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".parquet":
            found.to_parquet(out, index=False)
        else:
            write_csv(found, out, is_raw=has_raw_cells, line_end="\n")
    except OSError as error:
        raise AnalysisError(f"cannot write to {out}: {error.strerror}") from error
    return found


def _choices(
    bundle: Bundle, *, accept_maybe: bool
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Question, field, and columns task, worker, label of its counted responses."""
    if accept_maybe and not any(
        field.yes for each in bundle.questions.values() for field in each.fields
    ):
        raise AnalysisError(
            f"{bundle.name}: no question is answered by yes and no, so there is no "
            "maybe to count as yes"
        )
    single = bundle.single_responses
    counted = single.loc[single["is_counted"].astype(bool), "response"]
    rows = bundle.responses[bundle.responses["response"].isin(counted)]
    rows = rows[rows["value"].fillna("") != ""]
    asked = rows["trial"].map(bundle.trials.set_index("trial")["question"])
    for (question, name), mine in rows.groupby([asked, "field"], sort=False):
        declared = bundle.questions.get(str(question))
        field = None if declared is None else declared.field_of(str(name))
        if field is None or field.type != "choice":
            continue
        label = _spelt_once(mine["value"].astype(str), field)
        if accept_maybe and field.yes:
            label = _maybe_as_yes(label, field)
        frame = {"task": mine["trial"], "worker": mine["participant"], "label": label}
        yield str(question), str(name), pd.DataFrame(frame).reset_index(drop=True)


def _spelt_once(values: pd.Series, field: Field) -> pd.Series:
    """Votes that differ in case only are one answer; names are as they are."""
    if not field.is_judgment:
        return values
    return values.groupby(values.str.casefold()).transform("first")


def _maybe_as_yes(values: pd.Series, field: Field) -> pd.Series:
    """What is neither yes nor no becomes yes, as others spell it."""
    said = values.str.casefold()
    yes, no = ([each.casefold() for each in side] for side in (field.yes, field.no))
    spelt = values[said.isin(yes)]
    return values.where(
        said.isin([*yes, *no]), spelt.iloc[0] if len(spelt) else field.yes[0]
    )


def _of_field(
    rows: pd.DataFrame, *, by: Way, class_shares: ClassShares
) -> pd.DataFrame:
    """Columns task, label, share, n_responses, is_tie, tied."""
    counted = majority(rows)
    found = pd.DataFrame(
        {
            "label": counted["label"],
            "share": counted["share"],
            "n_responses": counted["n_votes"],
            "is_tie": counted["is_tie"],
            "tied": counted["tied"],
        }
    )
    if by == "dawid-skene":
        modelled = (
            dawid_skene(rows, class_shares=class_shares).labels().reindex(found.index)
        )
        found = found.assign(
            label=modelled["label"],
            share=modelled["probability"],
            is_tie=modelled["is_tie"],
            tied="",
        )
    label = found["label"].astype(object).where(found["label"].notna(), "")
    return found.assign(label=label).rename_axis("task").reset_index()


def _of_counts(bundle: Bundle, *, by: Way) -> pd.DataFrame:
    """Of counts without raters: the answer that most people gave."""
    if by != "majority":
        raise AnalysisError(
            f"{bundle.name}: the model weighs people, and counts do not say who responded: "
            "take --by majority"
        )
    counts = bundle.counts.rename(columns={"trial": "task", "value": "label"})
    n_responses = counts.groupby("task")["n"].transform("sum")
    n_top = counts.groupby("task")["n"].transform("max")
    top = counts.assign(n_responses=n_responses, share=counts["n"] / n_responses)
    grouped = top[counts["n"] == n_top].groupby("task", sort=False)
    found = grouped.first()
    is_tie = grouped.size() > 1
    tied = grouped["label"].agg(lambda names: "|".join(sorted(names)))
    return found.assign(
        label=found["label"].mask(is_tie, ""),
        is_tie=is_tie,
        tied=tied.where(is_tie, ""),
        question=bundle.trials.set_index("trial")["question"].reindex(found.index),
        field=FIELD,
    ).reset_index()


def _with_trials(found: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    """In the order of the trials, with what each of them showed and asked."""
    trials = bundle.trials.set_index("trial")
    place = pd.Series(range(len(trials)), index=trials.index)
    ordered = found.iloc[found["task"].map(place).argsort(kind="stable")]
    ordered = ordered.reset_index(drop=True)
    keys = [
        _key(trials["key"].get(trial, ""), field)
        for trial, field in zip(ordered["task"], ordered["field"], strict=True)
    ]
    return ordered.assign(
        trial=ordered["task"],
        stimulus=ordered["task"].map(trials["slots"].map(_shown)),
        condition=ordered["task"].map(trials["condition"]),
        classes=ordered["task"].map(trials["classes"]),
        key=keys,
    )[list(COLUMNS)]


def _key(key: str, field: str) -> str:
    return str(json.loads(key).get(field, "")) if key else ""


def _shown(slots: str) -> str:
    filled = json.loads(slots)
    return str(filled.get("target", next(iter(filled.values()), "")))
