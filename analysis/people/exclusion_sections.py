"""The parts of a report on who took part and who was left out."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.figures import flow_diagram, retention_curves
from analysis.elements.sections import (
    Block,
    Chapter,
    DataTable,
    Drawing,
    Prose,
    Section,
)
from analysis.elements.wording import count, interval, p_text, percent
from analysis.people.attrition import (
    ALL,
    STEPS,
    flow_by_condition,
    left_at,
    loss_tests,
    retention,
)
from analysis.people.exclusion_words import outcome_in_words, rules_in_words
from analysis.people.exclusions import before_after, reasons, response_exclusions
from analysis.people.reapplied_rules import differences
from analysis.statistics.intervals import Estimate

_SHOWN_DIFFERENCES: Final = 20


def flow_section(bundle: Bundle) -> Section:
    """How many people came how far, by condition, and whether they were lost evenly."""
    steps = flow_by_condition(bundle)
    blocks: list[Block] = [*_diagram(steps), _flow_table(steps)]
    curves = retention(bundle)
    if curves["trial"].max() > 0 and (curves["share"] < 1).any():
        blocks.append(_retention(curves))
        blocks.append(_left_table(left_at(bundle)))
    if not (tests := loss_tests(bundle)).empty:
        blocks.append(_tests_table(tests))
    return Section(
        id="flow", chapter=Chapter.FLOW, title="Who took part", blocks=blocks
    )


def exclusion(bundle: Bundle) -> Section:
    """Which rules were fixed, whom and what they left out, and whether that holds."""
    blocks: list[Block] = [Prose(text=_rules(bundle))]
    if bundle.sessions.empty:
        blocks.append(Prose(text="Nobody has taken part yet.", kind="warning"))
        return Section(
            id="exclusion",
            chapter=Chapter.EXCLUSION,
            title="Exclusions, with reasons",
            blocks=blocks,
        )
    if not bundle.responses["is_counted"].any():
        nothing = "Nothing is left after exclusion, so there are no numbers."
        blocks.append(Prose(text=nothing, kind="warning"))
    blocks.append(_reasons_table(reasons(bundle)))
    by_response = response_exclusions(bundle)
    if not by_response.empty:
        blocks.append(_responses_table(by_response))
    blocks.append(_before_after_table(before_after(bundle)))
    blocks += _check(bundle)
    return Section(
        id="exclusion",
        chapter=Chapter.EXCLUSION,
        title="Exclusions, with reasons",
        blocks=blocks,
    )


def _diagram(steps: pd.DataFrame) -> list[Drawing]:
    n = steps[steps["condition"] == ALL].set_index("step")["n"]
    known = {str(step): int(value) for step, value in n.items() if pd.notna(value)}
    words = dict(STEPS)
    kept_steps = [s for s in _KEPT if s in known]
    if len(kept_steps) < 2 or not known[kept_steps[0]]:
        return []
    kept = [(words[step], known[step]) for step in kept_steps]
    lost = [
        _lost_between(known, before, after) for before, after in pairwise(kept_steps)
    ]
    said = ", ".join(f"{n} {word}" for word, n in kept)
    return [
        Drawing(
            name="flow",
            caption="People at each step, and where they were lost (n = people).",
            alt=f"Flow of people: {said}.",
            figure=flow_diagram(kept, lost),
        )
    ]


_KEPT: Final = ("arrived", "consented", "started", "completed", "valid")
_WHY: Final = {
    "consented": (),
    "started": (("failed_comprehension", "failed the comprehension check"),),
    "completed": (
        ("left", "left before the last trial"),
        ("under_way", "still under way"),
    ),
    "valid": (),
}
_OTHERWISE: Final = {
    "consented": "did not consent",
    "started": "did not start the trials",
    "completed": "did not complete",
    "valid": "left out by the quality rules",
}


def _lost_between(
    known: dict[str, int], before: str, after: str
) -> list[tuple[str, int]]:
    told = [(words, known[step]) for step, words in _WHY[after] if known.get(step)]
    rest = known[before] - known[after] - sum(n for _, n in told)
    return [*told, (_OTHERWISE[after], rest)] if rest > 0 else told


def _flow_table(steps: pd.DataFrame) -> DataTable:
    wide = steps.pivot(index="step", columns="condition", values="n")
    names = [name for name in wide.columns if name != ALL]
    # One condition says the same as all of them.
    ordered = [*names, ALL] if len(names) > 1 else [ALL]
    words = dict(STEPS)
    shown = pd.DataFrame({"people": [words[step] for step, _ in STEPS]})
    for name in ordered:
        heading = "n" if len(ordered) == 1 else name
        found = wide[name].reindex([step for step, _ in STEPS])
        shown[heading] = [count(float("nan") if pd.isna(n) else n) for n in found]
    return DataTable(
        name="flow",
        caption="People at each step of the way.",
        shown=shown,
        numbers=steps,
        is_folded=True,
    )


def _retention(curves: pd.DataFrame) -> Drawing:
    last = curves.groupby("condition").last()
    said = "; ".join(f"{name} {percent(row.share)}" for name, row in last.iterrows())
    return Drawing(
        name="retention",
        caption="Where people left: share of those who started the trials who were "
        "still taking part. People under way are left out.",
        alt=f"Share still taking part after the last trial: {said}.",
        figure=retention_curves(curves),
    )


def _left_table(left: pd.DataFrame) -> DataTable:
    shown = pd.DataFrame(
        {
            "condition": left["condition"],
            "left after trial": left["n_responses"].map(count),
            "people": left["n_people"].map(count),
        }
    )
    return DataTable(
        name="left_at",
        caption="People who left before the last trial, by how many trials they had "
        "responded to.",
        shown=without_single_condition(shown),
        numbers=left,
        text_columns=_n_words(shown, 1),
        is_folded=True,
    )


def _tests_table(tests: pd.DataFrame) -> DataTable:
    shown = pd.DataFrame(
        {
            "lost": tests["lost"],
            "condition": tests["condition"],
            "people": tests["n_people"].map(count),
            "lost people": tests["n_lost"].map(count),
            "share": tests["share"].map(percent),
            "p": tests["p_value"].map(p_text),
            "test": tests["method"],
        }
    )
    again = shown["lost"].duplicated()
    shown[["p", "test"]] = shown[["p", "test"]].mask(again, "")
    return DataTable(
        name="differential_loss",
        caption="Whether people were lost equally often in every condition (one test "
        "per kind of loss).",
        shown=shown,
        numbers=tests,
        text_columns=2,
    )


def _rules(bundle: Bundle) -> str:
    quality = rules_in_words(bundle.head.get("quality"))
    frozen = "frozen with the study" if bundle.is_frozen else "of the study file"
    return (
        f"Quality rules, {frozen}: {quality}. Rules for "
        "responses leave out single responses, rules for sessions all of a session. "
        "Agreement with others leaves nobody out. Leaving somebody out of the analysis "
        "has nothing to do with paying them."
    )


def _check(bundle: Bundle) -> list[Block]:
    """What the rules say when they are applied to the bundle."""
    found = differences(bundle)
    if found.empty:
        text = (
            "Applied again to the responses in the bundle, the rules leave out the "
            "same sessions and responses."
        )
        return [Prose(text=text, kind="note")]
    n_sessions = int((found["level"] == "session").sum())
    n_responses = len(found) - n_sessions
    text = (
        f"Applied again to the responses in the bundle, the rules come to another end "
        f"for {count(n_sessions)} sessions and {count(n_responses)} responses. The "
        "numbers of this report follow what the bundle states."
    )
    first = found.head(_SHOWN_DIFFERENCES).replace("", "valid")
    first[["stated", "found"]] = first[["stated", "found"]].map(outcome_in_words)
    shown = first.rename(columns={"stated": "bundle states", "found": "rules say"})
    table = DataTable(
        name="exclusion_differences",
        caption=f"Where the rules and the bundle differ (the first {len(first)} of "
        f"{count(len(found))}).",
        shown=shown.drop(columns="session"),
        numbers=found,
        text_columns=4,
    )
    return [Prose(text=text, kind="warning"), table]


def _reasons_table(table: pd.DataFrame) -> DataTable:
    shown = pd.DataFrame(
        {
            "condition": table["condition"],
            "outcome": table["reason"].map(outcome_in_words),
            "sessions": table["n_sessions"].map(count),
            "people": table["n_participants"].map(count),
            "responses": table["n_responses"].map(count),
        }
    )
    return DataTable(
        name="exclusions",
        caption="Sessions by outcome.",
        shown=without_single_condition(shown),
        numbers=table,
        text_columns=_n_words(shown, 2),
    )


def _responses_table(table: pd.DataFrame) -> DataTable:
    shown = pd.DataFrame(
        {
            "condition": table["condition"],
            "reason": table["reason"].map(outcome_in_words),
            "responses": table["n_responses"].map(count),
            "left out": table["n_left_out"].map(count),
            "share": [
                interval(Estimate(value=share, low=low, high=high, n=int(n)))
                for share, low, high, n in table[
                    ["share", "low", "high", "n_responses"]
                ].to_numpy(float)
            ],
        }
    )
    return DataTable(
        name="response_exclusions",
        caption="Responses to main trials that were left out by themselves, of those "
        "in valid sessions (95 % intervals, people and trials as clusters).",
        shown=without_single_condition(shown),
        numbers=table,
        text_columns=_n_words(shown, 2),
    )


def _before_after_table(table: pd.DataFrame) -> DataTable:
    shown = pd.DataFrame(
        {
            "condition": table["condition"],
            "exclusion": table["stage"],
            "people": table["n_participants"].map(count),
            "sessions": table["n_sessions"].map(count),
            "trials": table["n_trials"].map(count),
            "responses": table["n_responses"].map(count),
        }
    )
    if table["n_votes"].any():
        shown["said yes"] = table["share_yes"].map(percent)
    return DataTable(
        name="votes_before_after",
        caption="Responses to main trials before and after exclusion (the first n of "
        "each trial); people who withdrew are in neither.",
        shown=without_single_condition(shown),
        numbers=table,
        text_columns=_n_words(shown, 2),
        is_folded=True,
    )


def without_single_condition(shown: pd.DataFrame) -> pd.DataFrame:
    """The table without its column condition where there is only one."""
    if shown["condition"].nunique() > 1:
        return shown
    return shown.drop(columns="condition")


def _n_words(shown: pd.DataFrame, most: int) -> int:
    return most if shown["condition"].nunique() > 1 else most - 1
