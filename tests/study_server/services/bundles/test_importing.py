"""Studies that were collected elsewhere are kept apart, once, and come out alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from analysis.bundles.clusters import trial_clusters
from analysis.bundles.reading import read_bundle
from analysis.importing import ImportOptions, ImportRefusedError, import_bundle
from analysis.statistics.k_of_n import tally
from study_server.errors import StudyStateError, UnknownStudyError
from study_server.services import Services
from study_server.services.bundles.exporting import ExportError
from study_server.services.bundles.imported_bundles import (
    export_imported,
    imported_bundle,
)
from study_server.services.bundles.imported_records import (
    imported_record,
    list_imported,
)
from study_server.services.bundles.importing import ImportingError, import_study
from study_server.services.participation.erasure import (
    erase_participant,
    find_participant,
)
from study_server.services.studies.life import create_study, list_studies, open_study
from study_server.store.tables import (
    Hit,
    ImportedFileRow,
    ImportedResponse,
    MarketAccount,
    Participant,
    Recruitment,
    Worker,
)
from tests.analysis.importing.files import form
from tests.study_server.conftest import write_study

MAP = {"worker": "who", "stimulus": "what", "response": "said"}
FIRST = "who,what,said\nann,a,yes\nbob,a,no\ncyd,a,yes\nann,b,no\nbob,b,no\n"
SECOND = "who,what,said\ncyd,b,yes\ndan,a,yes\n"


def options(**more: object) -> ImportOptions:
    given = {"columns": MAP, "name": "old-votes", **more}
    return ImportOptions(**given)  # type: ignore[arg-type] # any option


def written(folder: Path, text: str, name: str = "first.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def count(services: Services, table: type) -> int:
    with services.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(table)) or 0


def votes(bundle):
    """(shown, n votes, n yes) per trial."""
    shown = {
        row.trial: json.loads(row.slots)["target"] for row in bundle.trials.itertuples()
    }
    counted = tally(bundle.votes, n=bundle.n)
    return {
        (shown[trial], row.n_votes, row.n_yes)
        for trial, row in zip(counted.index, counted.itertuples(), strict=True)
    }


def test_what_went_in_comes_out_on_both_engines(opened_on_both: Services, tmp_path):
    path = written(tmp_path, FIRST)
    receipt = import_study(opened_on_both, [path], options(), format_name="long")
    folder = export_imported(opened_on_both, "old-votes", out=tmp_path / "bundle")

    assert (receipt.n_added, receipt.study.n_participants) == (5, 3)
    direct = import_bundle([path], options(), format_name="long")
    stored, exported = imported_bundle(opened_on_both, "old-votes"), read_bundle(folder)
    assert votes(stored) == votes(direct) == {("a", 3, 2), ("b", 2, 0)}
    assert votes(exported) == votes(direct)
    assert exported.head["imported"]["files"] == [{"name": "first.csv", "n_rows": 5}]
    assert exported.head["environment"] == "imported"


def test_every_column_survives_the_database(opened: Services, tmp_path):
    text = (
        "subj,session,trial,rt,object_response,category,condition,imagename\n"
        "s1,1,3,0.5,dog,dog,cr,i1\ns1,2,1,NaN,na,cat,cr,i2\ns2,1,1,2,cat,dog,cr,i1\n"
    )
    path = written(tmp_path, text)
    given = ImportOptions(name="mvh")
    import_study(opened, [path], given, format_name="model-vs-human")
    stored = imported_bundle(opened, "mvh")
    direct = import_bundle([path], given, format_name="model-vs-human")

    for name in ("trials", "classes"):
        assert getattr(stored, name).equals(getattr(direct, name)), name
    same = ["trial", "value", "rt_ms", "position", "is_right", "accepts", "is_counted"]
    assert stored.responses[same].equals(direct.responses[same])
    same = ["block_number", "condition", "n_responses", "state", "is_valid"]
    assert stored.sessions[same].equals(direct.sessions[same])


def test_times_and_durations_survive_the_database(opened: Services, tmp_path):
    text = (
        "HITId,AssignmentId,WorkerId,SubmitTime,WorkTimeInSeconds,Input.i,Answer.r\n"
        "H,A1,W1,Tue Nov 22 07:49:30 PST 2016,61,a.png,yes\n"
        "H,A2,W2,Tue Nov 22 07:49:29 PST 2016,8,a.png,no\n"
    )
    path = written(tmp_path, text)
    import_study(opened, [path], ImportOptions(name="batch"), format_name="mturk-csv")
    bundle = imported_bundle(opened, "batch")
    assert [str(time) for time in bundle.responses["received_at"]] == [
        "2016-11-22 15:49:29+00:00",
        "2016-11-22 15:49:30+00:00",
    ]
    assert sorted(bundle.sessions["duration_s"]) == [8, 61]


def test_worker_ids_lie_in_one_table_only(opened: Services, tmp_path):
    path = written(tmp_path, FIRST)
    import_study(opened, [path], options(), format_name="long")
    folder = export_imported(opened, "old-votes", out=tmp_path / "bundle")

    for file in folder.rglob("*"):
        if file.is_file():
            text = file.read_text("utf-8")
            assert not any(f"{mark}ann{mark}" in text for mark in (",", '"', "|"))
    with opened.store.read() as tx:
        assert sorted(tx.scalars(select(Worker.external_id))) == ["ann", "bob", "cyd"]
        assert set(tx.scalars(select(Worker.recruiter))) == {"import:old-votes"}
        for table in ("imported_response", "imported_session", "imported_trial"):
            found = tx.connection().exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608
            assert not any("ann" in map(str, row) for row in found)


def test_the_same_file_twice_adds_nothing(opened: Services, tmp_path):
    path = written(tmp_path, FIRST)
    import_study(opened, [path], options(), format_name="long")
    copy = written(tmp_path, FIRST, "copy.csv")
    receipt = import_study(opened, [copy], options(), format_name="long")

    assert (receipt.n_added, receipt.known) == (0, ("copy.csv",))
    assert count(opened, ImportedResponse) == 5
    assert count(opened, ImportedFileRow) == 1


def test_further_files_add_to_the_study_and_know_its_people(opened, tmp_path):
    import_study(opened, [written(tmp_path, FIRST)], options(), format_name="long")
    second = written(tmp_path, SECOND, "second.csv")
    # What the first import said need not be said again.
    receipt = import_study(
        opened, [second], ImportOptions(name="old-votes"), format_name="long"
    )
    assert receipt.n_added == 2
    assert receipt.study.n_participants == 4  # dan is new, cyd is not
    assert count(opened, Participant) == 4
    assert votes(imported_bundle(opened, "old-votes")) == {("a", 4, 3), ("b", 3, 1)}


def test_a_response_that_came_in_an_earlier_file_is_refused(opened, tmp_path):
    import_study(opened, [written(tmp_path, FIRST)], options(), format_name="long")
    again = written(tmp_path, SECOND + "ann,a,no\n", "again.csv")
    with pytest.raises(ImportRefusedError, match=r"again.csv row 3: this worker"):
        import_study(opened, [again], options(), format_name="long")
    assert count(opened, ImportedResponse) == 5
    assert count(opened, Participant) == 3  # dan was not kept either


def test_files_of_another_study_are_refused(opened: Services, tmp_path):
    first = written(tmp_path, FIRST)
    import_study(opened, [first], options(), format_name="long")

    with pytest.raises(ImportingError, match=r"first.csv \(in old-votes\)"):
        import_study(opened, [first], options(name="other"), format_name="long")
    with pytest.raises(ImportingError, match="was imported as long, got crowd-kit"):
        import_study(opened, [first], options(), format_name="crowd-kit")
    second = written(tmp_path, SECOND, "second.csv")
    said = options(yes=("x",), no=("maybe",))
    with pytest.raises(ImportingError, match=r"no was \('no',\), got \('maybe',\)"):
        import_study(opened, [second], said, format_name="long")


def test_a_batch_of_another_title_is_refused(opened: Services, tmp_path):
    head = "HITId,Title,AssignmentId,WorkerId,Input.i,Answer.r\n"
    one = written(tmp_path, head + "H,Cats,A1,W1,a,yes\n", "one.csv")
    two = written(tmp_path, head + "H,Dogs,A2,W2,a,yes\n", "two.csv")
    given = ImportOptions(name="cats")
    import_study(opened, [one], given, format_name="mturk-csv")
    with pytest.raises(
        ImportingError, match=r"title \['Cats'\] before, \['Dogs'\] now"
    ):
        import_study(opened, [two], given, format_name="mturk-csv")


def test_workers_of_one_market_are_one_person_in_every_study(opened, tmp_path):
    head = "HITId,AssignmentId,WorkerId,Input.i,Answer.r\n"
    for name in ("one", "two"):
        path = written(tmp_path, f"{head}H,A{name},W1,{name},yes\n", f"{name}.csv")
        import_study(opened, [path], ImportOptions(name=name), format_name="mturk-csv")
    assert count(opened, Participant) == 1


def test_beginning_anew_replaces_what_was_there(opened: Services, tmp_path):
    path = written(tmp_path, FIRST)
    import_study(opened, [path], options(), format_name="long")
    import_study(opened, [path], options(k=1), format_name="long", is_replaced=True)
    assert imported_bundle(opened, "old-votes").k == 1
    assert count(opened, ImportedResponse) == 5
    assert [record.name for record in list_imported(opened)] == ["old-votes"]


def test_a_study_of_ours_is_never_mixed_with_others(opened: Services, tmp_path):
    name = next(iter_names(opened))
    path = written(tmp_path, FIRST)
    with pytest.raises(StudyStateError, match="never mixed"):
        import_study(opened, [path], options(name=name), format_name="long")


def iter_names(services: Services):
    return (study.name for study in list_studies(services))


def test_what_is_not_there_or_in_the_way_is_said(opened: Services, tmp_path):
    with pytest.raises(UnknownStudyError, match="there are: none yet"):
        imported_record(opened, "gone")
    with pytest.raises(ImportingError, match="cannot name a study"):
        import_study(opened, [], options(name="Old Votes"), format_name="long")
    import_study(opened, [written(tmp_path, FIRST)], options(), format_name="long")
    with pytest.raises(ExportError, match="already holds something else"):
        export_imported(opened, "old-votes", out=tmp_path)


def test_an_imported_study_is_never_opened_or_created_over(opened, tmp_path, stimuli):
    import_study(opened, [written(tmp_path, FIRST)], options(), format_name="long")
    with pytest.raises(StudyStateError, match="was collected elsewhere"):
        open_study(opened, "old-votes")
    with pytest.raises(StudyStateError, match="names a study that was imported"):
        create_study(opened, write_study(tmp_path, name="old-votes"), stimuli=stimuli)
    assert "old-votes" not in iter_names(opened)


def test_an_imported_person_can_be_erased_with_their_responses(opened, tmp_path):
    import_study(opened, [written(tmp_path, FIRST)], options(), format_name="long")
    person = find_participant(opened, "import:old-votes", external_id="bob")
    receipt = erase_participant(opened, person, responses="delete")

    assert (receipt.n_responses_deleted, receipt.n_identities_deleted) == (2, 1)
    assert imported_record(opened, "old-votes").n_responses == 3
    assert votes(imported_bundle(opened, "old-votes")) == {("a", 2, 2), ("b", 1, 0)}
    # The file is still known: importing it again does not bring bob back.
    import_study(opened, [written(tmp_path, FIRST)], options(), format_name="long")
    assert count(opened, ImportedResponse) == 3


def test_results_of_hits_posted_from_here_are_refused(opened, tmp_path, clock):
    with opened.store.write() as tx:
        recruitment = tx.scalars(select(Recruitment)).first()
        tx.add(
            MarketAccount(
                recruitment_id=recruitment.id,
                endpoint="sandbox",
                currency="USD",
                cap_minor=1000,
                opened_at=clock(),
            )
        )
        tx.flush()
        tx.add(
            Hit(
                account_id=recruitment.id,
                number=1,
                external_id="H-POSTED",
                state="posted",
                n_assignments=1,
                cost_minor=12,
                created_at=clock(),
            )
        )
    head = "HITId,AssignmentId,WorkerId,Input.i,Answer.r\n"
    path = written(tmp_path, f"{head}H-POSTED,A1,W1,a,yes\n", "ours.csv")
    with pytest.raises(ImportingError, match="whose HITs were posted from here"):
        import_study(opened, [path], ImportOptions(name="old"), format_name="mturk-csv")
    assert list_imported(opened) == []


def test_a_worker_is_the_same_in_every_file_however_written(opened: Services, tmp_path):
    pid = "5f1aabcdefabcdefabcdef01"
    head = "who,what,said\n"
    first = written(tmp_path, f"{head}{pid},a,yes\nbob,a,no\n")
    second = written(tmp_path, f"{head}{pid.upper()},b,yes\n", "second.csv")
    for path in (first, second):
        import_study(opened, [path], options(), format_name="long")
    assert count(opened, Worker) == 2
    twice = written(tmp_path, f"{head}{pid},c,yes\n{pid}\u200b,c,no\n", "third.csv")
    with pytest.raises(ImportRefusedError, match="1 workers are there more than once"):
        import_study(opened, [twice], options(), format_name="long")


def test_many_files_of_one_name_are_one_study_in_the_database(opened, tmp_path):
    for folder, text in (("h1", FIRST), ("h2", SECOND), ("h3", FIRST)):
        written(tmp_path / folder, text, "votes.csv")
    paths = [tmp_path / each / "votes.csv" for each in ("h1", "h2", "h3")]
    receipt = import_study(opened, paths, options(), format_name="long")
    assert [file.name for file in receipt.study.files] == [
        "h1/votes.csv",
        "h2/votes.csv",
    ]
    assert receipt.n_added == 7  # five and two; h3 is h1 once more
    assert any("h3/votes.csv holds the same bytes" in note for note in receipt.notes)
    again = import_study(opened, paths, options(), format_name="long")
    assert (again.n_added, again.known) == (0, ("h1/votes.csv", "h2/votes.csv"))


def test_rows_left_out_are_told_of_a_study_and_its_bundle(opened, tmp_path):
    text = "who,what,said,round,ms\nann,a,yes,1,5\nbob,a,no,1,-7\ncyd,a,no,0,5\n"
    path = written(tmp_path, text)
    given = options(columns={**MAP, "rt": "ms"}, where=("round=1",), bad_rows="report")
    receipt = import_study(opened, [path], given, format_name="long")
    (file,) = receipt.study.files
    assert (file.n_rows, [each.n for each in file.left_out]) == (1, [1, 1])
    head = imported_bundle(opened, "old-votes").head["imported"]
    assert head["where"] == ["round=1"]
    assert [each["why"] for each in head["left_out"]] == [
        "--where round=1",
        "rt_ms: expected a number of at least 0, got '-7'",
    ]
    # Rows of later files are chosen alike, without saying so again.
    more = written(tmp_path, text.replace("a,", "b,").replace("ms\n", "MS\n"), "b.csv")
    later = ImportOptions(name="old-votes", bad_rows="report")
    assert import_study(opened, [more], later, format_name="long").n_added == 1


def test_files_that_are_there_and_an_empty_one_add_nothing_again(opened, tmp_path):
    reply = {"HITId": "H1", "AssignmentId": "A1", "WorkerId": "w"}
    reply["Answer"] = form(seen="yes")
    (tmp_path / "h1").mkdir()
    paths = [
        written(tmp_path / "h1", json.dumps(reply), "assignments.jsonl"),
        written(tmp_path / "h2", "", "assignments.jsonl"),
    ]
    given = ImportOptions(name="batch")
    first = import_study(opened, paths, given, format_name="mturk-json")
    again = import_study(opened, paths, given, format_name="mturk-json")
    assert (first.n_added, again.n_added) == (1, 0)
    assert again.known == ("h1/assignments.jsonl",)
    assert any("h2/assignments.jsonl is empty" in note for note in again.notes)


def test_clusters_of_images_come_out_as_they_went_in(
    opened_on_both: Services, tmp_path: Path
):
    lines = [
        f"{line},{scene}"
        for line, scene in zip(
            FIRST.splitlines(), ("scene", "sea", "sea", "sea", "", ""), strict=True
        )
    ]
    path = written(tmp_path, "\n".join(lines) + "\n")
    given = options(cluster=("scene",))
    import_study(opened_on_both, [path], given, format_name="long")
    folder = export_imported(opened_on_both, "old-votes", out=tmp_path / "bundle")
    bundle = read_bundle(folder)
    assert bundle.cluster == ("scene",)
    shown = bundle.trials["slots"].map(lambda text: json.loads(text)["target"])
    clusters = trial_clusters(bundle)
    assert clusters is not None
    by_image = dict(zip(shown, clusters["scene"], strict=True))
    assert by_image["a"] == "sea"
    assert by_image["b"].startswith("only ")
