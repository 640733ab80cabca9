"""A study's life, and what is refused on the way."""

from __future__ import annotations

import pytest

from stimuli.manifest import StimulusSetError
from study_server.errors import (
    StimulusSetChangedError,
    StudyDesignError,
    StudyFrozenError,
    StudyStateError,
    UnknownStudyError,
)
from study_server.services.participation import admission
from study_server.services.studies.life import (
    amend_study,
    close_study,
    create_study,
    freeze_study,
    get_study,
    list_studies,
    open_study,
    pilot_study,
    study_progress,
)
from tests.study_server.conftest import write_study
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.walking import enter, go_all_the_way, recruitment


def test_a_study_keeps_its_file_verbatim_and_its_hashes(
    both_services, stimuli, tmp_path
):
    path = write_study(tmp_path)
    study = create_study(both_services, path, stimuli=stimuli)
    assert study.state == "draft"
    assert study.file.toml == path.read_text()
    assert len(study.set_sha256) == 64
    links = {(entry.recruiter, entry.environment) for entry in study.recruitments}
    assert links == {
        ("lab", "live"),
        ("lab", "pilot"),
        ("link", "live"),
        ("link", "pilot"),
        ("simulated", "simulated"),
    }
    assert all(
        entry.url == f"http://127.0.0.1:8000/s/{entry.token}"
        for entry in study.recruitments
    )
    assert get_study(both_services, "things") == study


def test_freezing_locks_hash_and_time_and_cuts_the_blocks(
    both_services, stimuli, tmp_path, clock
):
    create_study(both_services, write_study(tmp_path), stimuli=stimuli)
    frozen = freeze_study(both_services, "things")
    assert frozen.frozen_at == clock.now
    assert frozen.frozen_sha256 is not None
    assert len(frozen.frozen_sha256) == 64
    progress = study_progress(both_services, "things")
    # 8 main trials, 6 a block of which 2 are catches: 2 blocks, cut twice.
    assert [(b.n_trials, b.n_wanted) for b in progress.blocks] == [(4, 1)] * 4
    assert progress.conditions[0].n_wanted == 4
    assert progress.responses_per_trial == {0: 8}


def test_a_study_goes_through_its_states_in_order_only(services, stimuli, tmp_path):
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    with pytest.raises(StudyStateError, match="is draft"):
        open_study(services, "things")
    pilot_study(services, "things")
    with pytest.raises(StudyStateError, match="is pilot"):
        pilot_study(services, "things")
    freeze_study(services, "things")
    with pytest.raises(StudyStateError, match="is frozen"):
        freeze_study(services, "things")
    with pytest.raises(StudyStateError, match="is frozen"):
        close_study(services, "things")
    open_study(services, "things")
    with pytest.raises(StudyStateError, match="is open"):
        open_study(services, "things")
    close_study(services, "things")
    assert open_study(services, "things").state == "open"


def test_a_draft_is_replaced_by_creating_it_again(services, stimuli, tmp_path):
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    other = write_set(tmp_path / "other", SetSize(n_main=12), tone=9)
    path = write_study(tmp_path)
    path.write_text(path.read_text().replace("Is it there?", "Is it so?"))
    create_study(services, path, stimuli=other)
    assert get_study(services, "things").title == "Is it so?"
    freeze_study(services, "things")
    assert study_progress(services, "things").responses_per_trial == {0: 12}


def test_a_piloted_study_can_change_its_file_but_not_its_stimuli(
    services, stimuli, tmp_path
):
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    pilot_study(services, "things")
    pilot = recruitment(services, environment="pilot").token
    admission.enter(services, pilot, incoming={"PROLIFIC_PID": "anna"})
    path = write_study(tmp_path, design="lease_minutes = 30")
    assert create_study(services, path, stimuli=stimuli).state == "draft"
    assert get_study(services, "things").file.design.lease_minutes == 30
    other = write_set(tmp_path / "other", SetSize(n_main=12), tone=9)
    with pytest.raises(StudyStateError, match="another name"):
        create_study(services, path, stimuli=other)
    assert recruitment(services, environment="pilot").token == pilot
    freeze_study(services, "things")


def test_a_frozen_study_edited_is_refused_with_what_differs(
    services, stimuli, tmp_path
):
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    freeze_study(services, "things")
    path = write_study(tmp_path, design="lease_minutes = 30")
    with pytest.raises(StudyFrozenError, match=r"differs in: design\.lease_minutes\."):
        create_study(services, path, stimuli=stimuli)
    assert get_study(services, "things").file.design.lease_minutes == 60


def test_amendments_are_dated_and_only_for_what_is_frozen(
    services, stimuli, tmp_path, clock
):
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    with pytest.raises(StudyStateError, match="not frozen yet"):
        amend_study(services, "things", text="more people")
    freeze_study(services, "things")
    with pytest.raises(StudyStateError, match="needs words"):
        amend_study(services, "things", text="  ")
    clock.move(days=2)
    (amendment,) = amend_study(services, "things", text="more people").amendments
    assert (amendment.at, amendment.text) == (clock.now, "more people")


@pytest.mark.parametrize("act", [pilot_study, freeze_study, open_study])
@pytest.mark.parametrize("change", ["trials.jsonl", "an image", "gone"])
def test_a_changed_stimulus_set_is_noticed(services, stimuli, tmp_path, act, change):
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    if act is open_study:
        freeze_study(services, "things")
    if change == "trials.jsonl":
        path = stimuli / "trials.jsonl"
        path.write_text(path.read_text().replace('"relevant"', '"any"', 1))
        words = "changed after the study was created"
    elif change == "an image":
        next((stimuli / "images").iterdir()).write_bytes(b"other")
        words = "other bytes"
    else:
        (stimuli / "manifest.jsonl").unlink()
        words = "gone"
    state = get_study(services, "things").state
    with pytest.raises(StimulusSetChangedError, match=words):
        act(services, "things")
    assert get_study(services, "things").state == state


def test_a_set_whose_images_are_not_its_own_is_refused(services, stimuli, tmp_path):
    images = sorted((stimuli / "images").iterdir())
    images[0].write_bytes(b"other")
    images[1].unlink()
    with pytest.raises(StimulusSetChangedError, match="2 of 16") as caught:
        create_study(services, write_study(tmp_path), stimuli=stimuli)
    assert "other bytes" in str(caught.value)
    assert "missing" in str(caught.value)
    with pytest.raises(UnknownStudyError):
        get_study(services, "things")


def test_an_unfinished_set_is_refused(services, stimuli, tmp_path):
    (stimuli / "summary.json").unlink()
    with pytest.raises(StimulusSetError, match=r"summary\.json missing"):
        create_study(services, write_study(tmp_path), stimuli=stimuli)


def test_a_design_that_does_not_fit_the_set_names_every_problem(services, tmp_path):
    size = SetSize(n_catch=2, per_block_yes=3, per_block_no=3)
    stimuli = write_set(tmp_path / "set", size)
    with pytest.raises(StudyDesignError) as caught:
        create_study(services, write_study(tmp_path), stimuli=stimuli)
    message = str(caught.value)
    assert "no room for main trials beside 6" in message
    assert "wants 3 known_no trials per block" in message


def test_unknown_studies_are_named_with_those_there_are(services, stimuli, tmp_path):
    with pytest.raises(UnknownStudyError, match="none yet"):
        get_study(services, "nothing")
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    with pytest.raises(UnknownStudyError, match="there are: things"):
        get_study(services, "nothing")


def test_the_list_shows_the_newest_first_with_what_counts(opened, stimuli, tmp_path):
    go_all_the_way(opened, "anna")
    enter(opened, "bob")
    create_study(opened, write_study(tmp_path, name="later"), stimuli=stimuli)
    later, things = sorted(list_studies(opened), key=lambda entry: entry.name)
    assert (things.environment, things.n_wanted) == ("live", 4)
    assert (things.n_valid, things.n_reserved) == (1, 1)
    assert (later.state, later.n_wanted) == ("draft", 0)


def test_progress_counts_people_and_how_they_ended(opened):
    go_all_the_way(opened, "anna")
    go_all_the_way(opened, "bob", is_careful=False)
    enter(opened, "carla")
    progress = study_progress(opened, "things")
    assert (progress.n_arrived, progress.n_consented) == (3, 2)
    assert [(s.state, s.validity, s.n_sessions) for s in progress.sessions] == [
        ("completed", "invalid", 1),
        ("completed", "valid", 1),
        ("started", "pending", 1),
    ]
