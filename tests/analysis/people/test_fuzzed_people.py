"""Whole reports of studies that nobody hopes for: said in words, never as numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.bundles.reading import Bundle, BundleError, read_bundle
from analysis.measures.quality.section import QualityMeasure
from analysis.people.exclusions import before_after, reasons, response_exclusions
from analysis.people.quality import participant_quality, responses_of
from analysis.people.reapplied_rules import differences, without_rules
from analysis.reporting.report import headline_table, make_report
from tests.analysis.bundle_maker import Plan, rehash, write_bundle

Row = dict[str, str]
Change = Callable[[list[Row]], list[Row]]


def change_table(folder: Path, name: str, change: Change) -> None:
    path = folder / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        rows = change(list(csv.DictReader(handle)))
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(rows[0]))  # noqa: TID251 - a file as others write it
        writer.writeheader()
        writer.writerows(rows)
    rehash(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plan = Plan(n_images=60, invalid_share=0.1)
    return write_bundle(tmp_path / "bundle", plan, rng=np.random.default_rng(5))


def everywhere(**cells: str) -> Change:
    return lambda rows: [{**row, **cells} for row in rows]


def exclude_everybody(folder: Path) -> Bundle:
    change_table(
        folder,
        "sessions",
        everywhere(is_valid="false", exclusion_reason="session_too_short"),
    )
    change_table(folder, "responses", everywhere(is_valid="false", is_counted="false"))
    return read_bundle(folder)


def text_of(report: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", report.read_text("utf-8")))


def test_everybody_excluded_gives_words_and_no_numbers(folder, tmp_path):
    bundle = exclude_everybody(folder)
    assert bundle.votes.empty
    after = before_after(bundle).query("stage == 'after'").iloc[0]
    assert (after["n_participants"], after["n_responses"]) == (0, 0)
    assert np.isnan(after["share_yes"])
    text = text_of(make_report(bundle, out=tmp_path / "report"))
    assert "Nothing is left after exclusion, so there are no numbers." in text
    # The classifier's own error needs nobody; the rectified one has no number.
    (line,) = [x for x in headline_table(bundle).splitlines() if x.startswith("net-a")][
        :1
    ]
    assert re.findall(r"\d % \[", line) == ["7 % ["]
    assert "– (n = 0)" in line
    # The quality of those left out can be looked at all the same.
    assert len(participant_quality(responses_of(bundle))) > 0


def test_everybody_excluded_can_be_undone_for_a_look(folder):
    bundle = exclude_everybody(folder)
    # The rules, applied again, leave nobody out: no bound of time was set.
    assert set(differences(bundle)["stated"]) == {"session_too_short"}
    again = without_rules(bundle, ["session_too_short"])
    assert len(again.votes) == len(bundle.votes_before_exclusion) > 0


def test_one_rater_only(folder, tmp_path):
    sessions = read_bundle(folder).sessions
    done = sessions[sessions["state"] == "completed"]["session"].iloc[0]

    def only(rows: list[Row]) -> list[Row]:
        return [row for row in rows if row["session"] == done]

    change_table(folder, "sessions", only)
    change_table(
        folder,
        "responses",
        lambda rows: [{**row, "acceptance_order": "1"} for row in only(rows)],
    )
    bundle = read_counted(folder)
    text = text_of(make_report(bundle, out=tmp_path / "report"))
    assert "Of 1 participants" in text
    assert len(QualityMeasure().sections(bundle)) == 1


def read_counted(folder: Path) -> Bundle:
    """The bundle, is_counted made to fit what was changed."""
    try:
        return read_bundle(folder)
    except BundleError:
        change_table(folder, "responses", _recount)
        return read_bundle(folder)


def _recount(rows: list[Row]) -> list[Row]:
    return [
        {
            **row,
            "is_counted": "true"
            if row["is_valid"] == "true" and row["is_right"] == "" and row["value"]
            else "false",
        }
        for row in rows
    ]


def test_a_submission_sent_twice_is_left_out_once(folder):
    sessions = read_bundle(folder).sessions
    valid = sessions[sessions["is_valid"].fillna(value=False)]["session"].iloc[0]

    def sessions_again(rows: list[Row]) -> list[Row]:
        more = [{**r, "session": "again"} for r in rows if r["session"] == valid]
        return rows + more

    def responses_again(rows: list[Row]) -> list[Row]:
        more = [
            {
                **row,
                "session": "again",
                "response": f"again-{row['response']}",
                "acceptance_order": "99",
                "is_counted": "false",
            }
            for row in rows
            if row["session"] == valid
        ]
        return rows + more

    change_table(folder, "sessions", sessions_again)
    before = len(read_bundle(folder).votes)
    change_table(folder, "responses", responses_again)
    bundle = read_bundle(folder)
    found = differences(bundle)
    mine = found[found["session"] == "again"]
    assert set(mine["found"]) == {"no_valid_response", "duplicate_response"}
    # Before exclusion nobody votes twice on a trial either.
    assert not bundle.votes_before_exclusion.duplicated(["trial", "participant"]).any()
    assert len(bundle.votes) == before


@pytest.mark.parametrize("zone", ["+00:00", "+05:30", "-08:00", "Z"])
def test_times_of_several_zones_are_the_same_times(folder, zone):
    plain = read_bundle(folder)
    moved = {
        "+00:00": "2030-01-01T10:05:00+00:00",
        "+05:30": "2030-01-01T15:35:00+05:30",
        "-08:00": "2030-01-01T02:05:00-08:00",
        "Z": "2030-01-01T10:05:00Z",
    }

    def some(rows: list[Row]) -> list[Row]:
        return [
            {**row, "completed_at": moved[zone]} if row["completed_at"] else row
            for row in rows
        ]

    change_table(folder, "sessions", lambda rows: some(rows[::2]) + rows[1::2])
    bundle = read_bundle(folder)
    there = bundle.sessions["completed_at"].dropna()
    assert there.nunique() == 1
    assert str(there.dt.tz) == "UTC"
    assert there.iloc[0] == plain.sessions["completed_at"].dropna().iloc[0]


def test_display_failures_only(folder, tmp_path):
    failed = {"value": "", "accepts": "", "is_right": "", "rt_ms": ""}
    change_table(
        folder,
        "responses",
        everywhere(**failed, n_display_failures="1", is_counted="false"),
    )
    bundle = read_bundle(folder)
    assert bundle.votes.empty
    assert bundle.votes_before_exclusion.empty
    assert set(differences(bundle)["found"]) == {"incomplete", "not_shown"}
    text = text_of(make_report(bundle, out=tmp_path / "report"))
    assert "Nothing is left after exclusion, so there are no numbers." in text
    assert "could not see" in text


def test_a_valid_display_failure_is_told_among_the_responses_left_out(folder):
    first = read_bundle(folder).votes.iloc[0]

    def fail_one(rows: list[Row]) -> list[Row]:
        empty = {"value": "", "accepts": "", "n_display_failures": "1"}
        empty |= {"is_valid": "false", "exclusion_reason": "not_shown"}
        return [
            {
                **row,
                "exclusion_reason": "",
                **(empty if _is_vote(row, first) else {}),
            }
            for row in rows
        ]

    def _is_vote(row: Row, vote) -> bool:
        return (row["trial"], row["session"]) == (vote["trial"], vote["session"])

    change_table(folder, "responses", fail_one)
    with pytest.raises(BundleError, match="not the first 5 valid responses"):
        read_bundle(folder)
    change_table(
        folder,
        "responses",
        lambda rows: [
            {**row, "is_counted": "false"} if _is_vote(row, first) else row
            for row in rows
        ],
    )
    bundle = read_bundle(folder)
    (row,) = response_exclusions(bundle).to_dict("records")
    assert (row["reason"], row["n_left_out"]) == ("not_shown", 1)
    assert reasons(bundle)["n_sessions"].sum() == len(bundle.sessions)
