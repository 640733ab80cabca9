import csv
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import ClassVar

import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, select

from analysis.bundles.reading import read_bundle
from hit_templates.base import Field, Question
from stimuli.files.images import open_image
from study_server.errors import StudyDesignError, UnknownStudyError
from study_server.services.bundles.columns import EVENTS, TABLES
from study_server.services.bundles.exporting import ExportError, export_study
from study_server.services.bundles.rows import (
    AskedTrial,
    ResponseRows,
    asked_trial,
    only_numbers,
)
from study_server.services.bundles.tables import write_table
from study_server.services.studies import life
from study_server.store.participation import sessions
from study_server.store.tables import Session, Study, SurveyResponse
from tests.study_server.serving import (
    NAME,
    PLANTED_BROWSER,
    PLANTED_VISIT,
    PLANTED_WORKER,
    STUDY,
    create_tiny_study,
)
from tests.study_server.tiny_set import write_tiny_set


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def every_file(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def bundle(ran, tmp_path):
    return export_study(ran, NAME, out=tmp_path / "bundle", environment="simulated")


def test_the_dictionary_describes_every_column_of_every_file_and_no_other(bundle):
    described = defaultdict(list)
    for row in table(bundle, "data_dictionary"):
        assert row["description"]
        described[row["file"]].append(row["column"])
    found = {}
    for path in bundle.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as handle:
            found[path.name] = next(csv.reader(handle))
    lines = (bundle / "events.jsonl").read_text("utf-8").splitlines()
    (keys,) = {tuple(sorted(json.loads(line))) for line in lines}
    found["events.jsonl"] = list(keys)
    declared = json.loads((bundle / "bundle.json").read_text("utf-8"))["questions"]
    found["responses.csv, value"] = [
        field["name"] for asked in declared.values() for field in asked["fields"]
    ]
    assert {name: sorted(columns) for name, columns in described.items()} == {
        name: sorted(columns) for name, columns in found.items()
    }


def test_nothing_in_a_bundle_names_a_person_their_browser_or_their_address(
    ran, tmp_path
):
    folder = export_study(
        ran, NAME, out=tmp_path / "b", environment="live", images="full"
    )
    assert len(table(folder, "sessions")) == 1
    assert len(table(folder, "responses")) > 5
    planted = (PLANTED_WORKER, PLANTED_VISIT, PLANTED_BROWSER, "127.0.0.1")
    for name, content in every_file(folder).items():
        for word in planted:
            assert word.encode() not in content, (name, word)


def test_what_is_planted_does_lie_in_the_database(ran):
    # Without this the test above could pass because nothing was ever stored.
    stored = b"".join(
        path.read_bytes() for path in ran.settings.data_dir.glob("*.sqlite3*")
    )
    assert PLANTED_WORKER.encode() in stored
    assert PLANTED_VISIT.encode() in stored


def test_the_same_database_gives_the_same_bytes(ran, tmp_path):
    first, second = (
        every_file(
            export_study(ran, NAME, out=tmp_path / name, environment="simulated")
        )
        for name in ("first", "second")
    )
    heads = [json.loads(files.pop("bundle.json")) for files in (first, second)]
    assert first == second
    times = {head.pop("exported_at") for head in heads}
    assert len(times) == 2
    assert heads[0] == heads[1]


def test_the_first_n_valid_responses_of_each_main_trial_count(bundle):
    rows = table(bundle, "responses")
    roles = {row["trial"]: row["role"] for row in table(bundle, "trials")}
    counted = Counter(row["trial"] for row in rows if row["is_counted"] == "true")
    main = [trial for trial, role in roles.items() if role == "main"]
    assert counted == dict.fromkeys(main, 3)
    assert {row["is_valid"] for row in rows if row["is_counted"] == "true"} == {"true"}


def test_validity_of_a_response_is_that_of_its_session(bundle):
    valid = {row["session"]: row["is_valid"] for row in table(bundle, "sessions")}
    assert set(valid.values()) == {"true", "false"}
    assert all(
        row["is_valid"] == valid[row["session"]] for row in table(bundle, "responses")
    )


def test_sessions_count_their_catches_and_responses(bundle):
    per_session = defaultdict(list)
    roles = {row["trial"]: row["role"] for row in table(bundle, "trials")}
    for row in table(bundle, "responses"):
        per_session[row["session"]].append(row)
    for session in table(bundle, "sessions"):
        rows = per_session[session["session"]]
        catches = [row for row in rows if roles[row["trial"]] == "catch"]
        counted = [row for row in rows if roles[row["trial"]] != "practice"]
        right = sum(row["is_right"] == "true" for row in catches)
        assert int(session["n_catch_right"]) == right
        assert int(session["n_responses"]) == len(counted)
        if session["state"] == "completed":
            assert int(session["n_catch"]) == len(catches) == 2
            assert float(session["duration_s"]) > 0


def test_the_head_holds_hashes_of_every_other_file_and_the_flow(bundle):
    head = json.loads((bundle / "bundle.json").read_text("utf-8"))
    files = every_file(bundle)
    assert set(head["files"]) == set(files) - {"bundle.json"}
    sessions = table(bundle, "sessions")
    completed = {s["participant"] for s in sessions if s["state"] == "completed"}
    valid = {s["participant"] for s in sessions if s["is_valid"] == "true"}
    assert head["flow"]["completed"] == len(completed)
    assert head["flow"]["valid"] == len(valid)
    assert head["flow"]["arrived"] >= head["flow"]["consented"] >= len(completed)
    assert head["is_simulated"]
    assert head["design"]["responses_per_trial"] == 3
    assert head["design"]["agreement"] == 2
    assert head["study"]["frozen_sha256"]
    assert head["stimuli"]["classifiers"][0]["n_seen"] == 48


def test_the_truth_that_simulated_participants_know_is_not_exported(bundle):
    assert b'"present"' not in b"".join(every_file(bundle).values())


def test_study_and_recipe_lie_there_verbatim(ran, bundle):
    record = life.get_study(ran, NAME)
    assert (bundle / "study.toml").read_text("utf-8") == record.file.toml
    assert (bundle / "recipe.toml").read_text("utf-8") == record.recipe_toml


def test_live_responses_are_preferred_and_never_mixed_with_simulated_ones(
    ran, tmp_path
):
    folder = export_study(ran, NAME, out=tmp_path / "b", images="none")
    head = json.loads((folder / "bundle.json").read_text("utf-8"))
    assert head["environment"] == "live"
    assert {row["environment"] for row in table(folder, "sessions")} == {"live"}
    assert not (folder / "images").exists()


def test_thumbnails_are_small_and_full_images_are_the_very_bytes(ran, tmp_path):
    record = life.get_study(ran, NAME)
    full = export_study(ran, NAME, out=tmp_path / "full", images="full")
    small = export_study(ran, NAME, out=tmp_path / "small")
    names = sorted(path.name for path in (full / "images").iterdir())
    assert names == sorted(path.name for path in (small / "images").iterdir())
    for name in names:
        assert (full / "images" / name).read_bytes() == (
            record.set_folder / "images" / name
        ).read_bytes()
        with open_image(small / "images" / name) as image:
            assert max(image.size) <= 128


def test_parquet_holds_what_csv_holds(ran, tmp_path, bundle):
    folder = export_study(
        ran,
        NAME,
        out=tmp_path / "parquet",
        environment="simulated",
        file_format="parquet",
    )
    for name, columns in TABLES.items():
        rows = pq.read_table(folder / f"{name}.parquet").to_pylist()
        text = table(bundle, name)
        assert len(rows) == len(text)
        for column in columns:
            if column.type in ("text", "json"):
                found = [
                    "" if row[column.name] is None else row[column.name] for row in rows
                ]
                assert found == [row[column.name] for row in text]
            if column.type == "integer":
                cells = (row[column.name] for row in rows)
                assert ["" if cell is None else str(cell) for cell in cells] == [
                    row[column.name] for row in text
                ]


def test_an_empty_study_gives_a_bundle_of_headers(empty, tmp_path):
    create_tiny_study(empty, tmp_path)
    folder = export_study(empty, NAME, out=tmp_path / "bundle")
    head = json.loads((folder / "bundle.json").read_text("utf-8"))
    assert set(head["flow"].values()) == {0}
    assert head["environment"] == "live"
    assert table(folder, "responses") == table(folder, "sessions") == []
    assert len(table(folder, "trials")) == 36
    assert (folder / "events.jsonl").read_bytes() == b""


def test_an_unknown_study_lists_those_there_are_and_leaves_nothing(empty, tmp_path):
    create_tiny_study(empty, tmp_path)
    with pytest.raises(UnknownStudyError, match=r"no study 'x'.*tiny"):
        export_study(empty, "x", out=tmp_path / "bundle")
    assert not [path for path in tmp_path.iterdir() if "bundle" in path.name]


def test_a_folder_that_is_in_the_way_is_not_touched(ran, tmp_path):
    out = tmp_path / "bundle"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(ExportError, match="something else"):
        export_study(ran, NAME, out=out, replace=True)
    assert (out / "thesis.tex").read_text() == "years of work"


def test_an_older_bundle_is_replaced_only_when_asked(ran, tmp_path):
    out = export_study(ran, NAME, out=tmp_path / "bundle")
    (out / "stale.txt").write_text("old")
    with pytest.raises(ExportError, match="--force replaces it"):
        export_study(ran, NAME, out=out)
    export_study(ran, NAME, out=out, replace=True)
    assert not (out / "stale.txt").exists()
    assert [path.name for path in tmp_path.iterdir() if "bundle" in path.name] == [
        "bundle"
    ]


def test_a_set_that_is_gone_is_named_and_nothing_half_written_stays(empty, tmp_path):
    create_tiny_study(empty, tmp_path)
    next((tmp_path / "set" / "images").iterdir()).unlink()
    with pytest.raises(ExportError, match="the stimulus set lacks"):
        export_study(empty, NAME, out=tmp_path / "bundle")
    assert not [path for path in tmp_path.iterdir() if "bundle" in path.name]
    export_study(empty, NAME, out=tmp_path / "bundle", images="none")


def response(
    number: int, *, validity: str, payload: object, reason: str | None = None
) -> dict[str, object]:
    return {
        "response": number,
        "session": "s",
        "participant": "p",
        "trial_id": 1,
        "position": 0,
        "class_order": [0],
        "part": None,
        "validity": validity,
        "payload": payload,
        "rt_ms": 1.0,
        "received_at": None,
        "is_right": None,
        "accepts": None,
        "n_display_failures": 0 if payload else 1,
        "exclusion_reason": reason,
        "wall_ms": 20.0,
        "visible_ms": 10.0,
        "all_shown_ms": 5.0,
        "exposure_frames": None,
        "missed_frames": None,
        "dropped_frames": None,
    }


def test_display_failures_pending_and_surplus_responses_are_not_counted():
    trials = {1: AskedTrial(id="t", role="main", fields=("relevant",))}
    yes = {"relevant": "yes"}
    found = [
        response(1, validity="valid", payload=None),
        response(2, validity="pending", payload=yes),
        response(3, validity="invalid", payload=yes),
        response(4, validity="valid", payload=yes),
        response(5, validity="valid", payload=yes),
        response(6, validity="valid", payload=yes),
    ]
    rows = list(ResponseRows(trials=trials, responses_per_trial=2).rows(found))
    assert [row["is_counted"] for row in rows] == [False] * 3 + [True] * 2 + [False]
    assert [row["acceptance_order"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row["value"] for row in rows] == [None, *["yes"] * 5]
    assert [row["is_valid"] for row in rows[:3]] == [True, None, False]


def test_a_response_that_breaks_a_rule_of_its_own_gives_its_place_to_the_next():
    trials = {1: AskedTrial(id="t", role="main", fields=("relevant",))}
    yes = {"relevant": "yes"}
    found = [
        response(1, validity="valid", payload=yes, reason="response_too_slow"),
        response(2, validity="invalid", payload=yes, reason="response_too_slow"),
        response(3, validity="valid", payload=yes),
    ]
    rows = list(ResponseRows(trials=trials, responses_per_trial=1).rows(found))
    assert [row["is_counted"] for row in rows] == [False, False, True]
    assert [row["is_valid"] for row in rows] == [False, False, True]
    assert [row["exclusion_reason"] for row in rows] == [
        "response_too_slow",
        "response_too_slow;session",
        None,
    ]


def test_times_are_exported_with_each_response(bundle):
    rows = table(bundle, "responses")
    assert all(float(row["wall_ms"]) > 0 for row in rows)
    # Simulated participants see everything at once and never look away.
    assert {row["all_shown_ms"] for row in rows} == {"0.0"}
    assert all(row["visible_ms"] == row["wall_ms"] for row in rows)


def test_text_of_browsers_is_left_out_of_events():
    details = {"offset": 1.5, "is_late": True, "agent": "Mozilla/5.0", "list": ["x"]}
    assert only_numbers(details) == {"offset": 1.5, "is_late": True}


def test_cells_with_commas_quotes_and_line_breaks_survive(tmp_path):
    text = 'He said "no,\r\nnever"\nend'
    columns = TABLES["survey"]
    row = {"session": "s", "participant": "p", "field": "comments", "value": text}
    write_table(tmp_path / "survey.csv", [row], columns=columns, file_format="csv")
    assert table(tmp_path, "survey") == [row]


def test_rows_with_other_columns_than_described_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected the columns"):
        write_table(
            tmp_path / "survey.csv",
            [{"session": "s"}],
            columns=TABLES["survey"],
            file_format="csv",
        )


def test_events_say_how_each_trial_was_set_out(bundle):
    lines = (bundle / "events.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert {column.name for column in EVENTS} == set(events[0])
    shown = [event for event in events if event["kind"] == "shown"]
    responses = {row["response"] for row in table(bundle, "responses")}
    assert {event["response"] for event in shown} == responses
    assert all(event["details"]["class_order"] == [0] for event in shown)


WRITTEN = '=HYPERLINK("http://x.example","see")'


@pytest.fixture
def commented(ran):
    """The filled study, where one person wrote what a spreadsheet would run."""
    with ran.store.write() as tx:
        session = tx.scalars(select(Session).limit(1)).one()
        at = ran.clock()
        tx.execute(delete(SurveyResponse))
        values = {"comments": WRITTEN, "gender": "woman"}
        sessions.add_survey(tx, session.id, values=values, at=at)
    return ran


def survey_of(folder: Path) -> dict[str, str]:
    return {row["field"]: row["value"] for row in table(folder, "survey")}


def test_no_cell_of_a_bundle_runs_in_a_spreadsheet_and_the_reader_gives_the_text(
    commented, tmp_path
):
    out = export_study(commented, NAME, out=tmp_path / "b", environment="simulated")
    assert survey_of(out)["comments"] == f"'{WRITTEN}"
    assert WRITTEN in set(read_bundle(out).survey["value"])


@pytest.mark.parametrize(
    "how", [{"has_raw_cells": True}, {"file_format": "parquet"}], ids=str
)
def test_raw_cells_and_parquet_keep_the_text_and_read_back_the_same(
    commented, tmp_path, how
):
    out = export_study(
        commented, NAME, out=tmp_path / "b", environment="simulated", **how
    )
    if "has_raw_cells" in how:
        assert survey_of(out)["comments"] == WRITTEN
    assert WRITTEN in set(read_bundle(out).survey["value"])


def test_free_text_is_left_out_where_asked_and_choices_stay(commented, tmp_path):
    out = export_study(
        commented,
        NAME,
        out=tmp_path / "b",
        environment="simulated",
        has_free_text=False,
    )
    assert survey_of(out)["gender"] == "woman"
    assert "comments" not in survey_of(out)
    assert all(b"HYPERLINK" not in content for content in every_file(out).values())
    assert read_bundle(out).head["has_free_text"] is False


def test_a_study_file_says_whether_free_text_goes_along(commented, tmp_path):
    with commented.store.write() as tx:
        study = tx.scalars(select(Study).where(Study.name == NAME)).one()
        study.settings = {**study.settings, "export": {"free_text": False}}
    kept = export_study(commented, NAME, out=tmp_path / "a", environment="simulated")
    assert "comments" not in survey_of(kept)
    asked = export_study(
        commented,
        NAME,
        out=tmp_path / "b",
        environment="simulated",
        has_free_text=True,
    )
    assert survey_of(asked)["comments"] == f"'{WRITTEN}"


class Described:
    """A paradigm where people type what they see."""

    questions: ClassVar[dict[str, Question]] = {}

    def response_schema(self, _trial: object) -> dict[str, Field]:
        return {
            "choice": Field(type="choice", description="", choices=("a",)),
            "words": Field(type="text", description="typed"),
        }


def test_typed_responses_are_left_out_and_their_rows_stay():
    row = {"trial_id": "t", "slots": {}, "question": "q", "classes": []}
    row |= {"role": "main", "sources": []}
    trial = asked_trial(row, Described(), has_free_text=False)  # type: ignore[arg-type] # all it asks
    given = dict.fromkeys(
        (
            *("response", "session", "participant", "rt_ms", "position", "wall_ms"),
            *("is_right", "accepts", "n_display_failures", "exclusion_reason"),
            *("received_at", "visible_ms", "all_shown_ms", "class_order", "part"),
            *("exposure_frames", "missed_frames", "dropped_frames"),
        )
    )
    given |= {"trial_id": 1, "validity": "valid"}
    given |= {"payload": {"choice": "a", "words": "my name is Ann"}}
    found = ResponseRows(trials={1: trial}, responses_per_trial=1).rows([given])
    assert {row["field"]: row["value"] for row in found} == {
        "choice": "a",
        "words": None,
    }


def test_columns_of_the_images_table_reach_the_bundle(services, tmp_path):
    write_tiny_set(tmp_path / "set")
    manifest = tmp_path / "set/manifest.jsonl"
    lines = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    for number, line in enumerate(lines):
        line["facts"] = {"columns": {"scene": f"s{number // 2}"}} if number > 2 else {}
    manifest.write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    text = STUDY.replace("agreement = 2", 'agreement = 2\ncluster = ["Scene"]')
    (tmp_path / "study.toml").write_text(text, "utf-8")
    life.create_study(services, tmp_path / "study.toml", stimuli=tmp_path / "set")
    bundle = read_bundle(export_study(services, NAME, out=tmp_path / "bundle"))
    assert bundle.cluster == ("Scene",)
    said = bundle.image_columns.set_index("source_sha256")["value"].to_dict()
    assert said == {
        line["source_sha256"]: f"s{number // 2}"
        for number, line in enumerate(lines)
        if number > 2
    }


def test_a_cluster_that_the_set_does_not_know_is_refused(services, tmp_path):
    text = STUDY.replace("agreement = 2", 'agreement = 2\ncluster = ["film"]')
    with pytest.raises(StudyDesignError, match=r"'film' is no column .* class, image"):
        create_tiny_study(services, tmp_path, text=text)
