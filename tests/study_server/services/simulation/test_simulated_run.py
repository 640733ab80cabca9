from collections import Counter

import numpy as np
import pytest

from study_server.errors import UnknownStudyError
from study_server.services.simulation.simulated_person import read_page
from study_server.services.simulation.simulated_run import (
    SimulationError,
    run_simulation,
)
from study_server.services.studies import life
from study_server.store import export_rows
from study_server.store.export_rows import ExportScope
from tests.study_server.part_sets import PARTS, in_conditions
from tests.study_server.serving import NAME, STUDY, create_tiny_study, opened, serving
from tests.study_server.tiny_set import write_tiny_set


def simulated(services):
    record = life.get_study(services, NAME)
    with services.store.read() as tx:
        scope = ExportScope(study_id=record.id, environment="simulated")
        return list(export_rows.sessions(tx, scope)), list(
            export_rows.responses(tx, scope)
        )


def test_simulated_participants_fill_the_study_to_n_valid_responses(ran_study, ran):
    progress = life.study_progress(ran, NAME, environment="simulated")
    # 12 main trials, 3 valid responses each, and never more.
    assert progress.responses_per_trial == {3: 12}
    assert ran_study.summary.is_full
    assert ran_study.summary.outcomes["completed"] >= 6


def test_everything_they_touch_is_marked_with_their_competence(ran_study, ran):
    sessions, _ = simulated(ran)
    assert {row["environment"] for row in sessions} == {"simulated"}
    stored = Counter(row["competence"] for row in sessions)
    assert stored == Counter(ran_study.summary.competences)


def test_yes_sayers_fail_the_catches_and_no_duration_rule_is_broken(ran):
    sessions, _ = simulated(ran)
    reasons = {row["reason"] for row in sessions if row["reason"] is not None}
    assert reasons <= {"catch_accuracy", "failed_comprehension"}
    assert all(
        row["n_catch"] == row["n_catch_right"] == 2
        for row in sessions
        if row["validity"] == "valid"
    )


def test_careful_people_tell_what_is_there_from_what_is_not(ran):
    _, responses = simulated(ran)
    with ran.store.read() as tx:
        study_id = life.get_study(ran, NAME).id
        order = {row["id"]: n for n, row in enumerate(export_rows.trials(tx, study_id))}
    # In the tiny set the first 12 trials are main, every second one true.
    votes = [
        (order[row["trial_id"]], row["accepts"])
        for row in responses
        if row["validity"] == "valid" and order[row["trial_id"]] < 12
    ]
    right = [accepts == (place % 2 == 0) for place, accepts in votes]
    assert len(right) == 36
    assert np.mean(right) > 0.8


def test_the_same_generator_gives_the_same_study_whatever_the_timing(tmp_path):
    found = []
    for number in range(2):
        folder = tmp_path / str(number)
        with opened(folder) as services:
            create_tiny_study(services, folder)
            life.freeze_study(services, NAME)
            life.open_study(services, NAME)
            with serving(services) as url:
                run_simulation(
                    url,
                    services,
                    NAME,
                    rng=np.random.default_rng(2),
                    n=4,
                    n_at_once=4,
                )
            sessions, responses = simulated(services)
            found.append(
                (
                    [(s["competence"], s["block"], s["state"]) for s in sessions],
                    sorted(
                        (r["trial_id"], r["position"], str(r["payload"]), r["rt_ms"])
                        for r in responses
                    ),
                )
            )
    assert found[0] == found[1]


def test_a_study_that_is_not_open_is_said_to_be_so_before_anybody_comes(
    empty, tmp_path
):
    create_tiny_study(empty, tmp_path)
    with pytest.raises(SimulationError, match=r"is draft.*study freeze tiny"):
        run_simulation(
            "http://127.0.0.1:9", empty, NAME, rng=np.random.default_rng(0), n=10
        )


def test_a_duration_rule_reads_the_time_that_simulated_participants_claim(
    empty, tmp_path
):
    # Careful people take 2.4 s per trial in the middle and hasty ones 0.9 s, so 8
    # trials take about 20 s and 7.5 s; the programs are done in under 2 s.
    text = STUDY.replace("[quality]", "[quality]\nmin_session_s = 12")
    create_tiny_study(empty, tmp_path, text=text)
    life.freeze_study(empty, NAME)
    life.open_study(empty, NAME)
    with serving(empty) as url:
        for seed, competence in enumerate(("careful", "hasty")):
            run_simulation(
                url,
                empty,
                NAME,
                rng=np.random.default_rng(seed),
                n=2,
                mix={competence: 1},
                fetches_images=False,
            )
    sessions, _ = simulated(empty)
    is_short = {
        (row["competence"], "session_too_short" in (row["reason"] or ""))
        for row in sessions
    }
    assert is_short == {("careful", False), ("hasty", True)}


def test_an_unknown_study_lists_those_there_are(empty, tmp_path):
    create_tiny_study(empty, tmp_path)
    with pytest.raises(UnknownStudyError, match="tiny"):
        run_simulation(
            "http://127.0.0.1:9", empty, "tinny", rng=np.random.default_rng(0), n=1
        )


def test_a_study_file_without_simulated_section_can_be_simulated_too(empty, tmp_path):
    text = STUDY[: STUDY.index("[recruiter.simulated]")]
    create_tiny_study(empty, tmp_path, text=text)
    life.freeze_study(empty, NAME)
    life.open_study(empty, NAME)
    with serving(empty) as url:
        summary = run_simulation(
            url,
            empty,
            NAME,
            rng=np.random.default_rng(0),
            n=1,
            mix={"careful": 1},
            fetches_images=False,
        )
    assert summary.outcomes == {"completed": 1}
    # 2 practice, 6 main and 2 catch trials.
    assert summary.n_responses == 10


def test_a_server_that_is_not_there_is_said_plainly(empty, tmp_path):
    create_tiny_study(empty, tmp_path)
    life.freeze_study(empty, NAME)
    with pytest.raises(SimulationError, match="server start"):
        run_simulation(
            "http://127.0.0.1:9", empty, NAME, rng=np.random.default_rng(0), n=1
        )


@pytest.mark.parametrize("mix", [{"clever": 1.0}, {"careful": 0.0}, {"careful": -1.0}])
def test_a_mix_that_is_none_is_refused(empty, tmp_path, mix):
    create_tiny_study(empty, tmp_path)
    life.freeze_study(empty, NAME)
    with pytest.raises(SimulationError, match="mix"):
        run_simulation(
            "http://127.0.0.1:9",
            empty,
            NAME,
            rng=np.random.default_rng(0),
            n=1,
            mix=mix,
        )


def test_a_page_is_read_by_its_form():
    page = read_page(
        '<a href="/p/x/?go=practice">Start</a>'
        '<form method="post" action="/p/x/comprehension">'
        '<input type="hidden" name="visit" value="v">'
        '<input type="radio" name="question_0" value="0">'
        '<input type="radio" name="question_0" value="1">'
        "</form><input name='outside'>"
    )
    (form,) = page.forms
    assert form.step == "comprehension"
    assert form.choices == {"question_0": ["0", "1"]}
    assert form.filled(lambda _name, values: values[1]) == {
        "visit": "v",
        "question_0": "1",
    }
    assert page.links == ["/p/x/?go=practice"]
    assert page.block_url is None


def test_simulated_participants_go_through_parts_without_waiting(tmp_path):
    design = PARTS.replace("{order}", 'part_order = "counterbalanced"')
    text = STUDY.replace("n_practice = 2\n", design).replace(
        "trials_per_block = 8", "trials_per_block = 6"
    )
    text += "[screen]\nrequired = true\n"
    with opened(tmp_path) as services:
        in_conditions(write_tiny_set(tmp_path / "set"))
        (tmp_path / "study.toml").write_text(text, "utf-8")
        life.create_study(services, tmp_path / "study.toml", stimuli=tmp_path / "set")
        life.freeze_study(services, NAME)
        with serving(services) as url:
            rng = np.random.default_rng(2)
            summary = run_simulation(
                url, services, NAME, rng=rng, n=4, mix={"careful": 1}
            )
        assert summary.outcomes == {"completed": 4}
        people, responses = simulated(services)
    assert all(300 < row["screen_distance_mm"] < 900 for row in people)
    # 2 practice trials, 4 main ones and 2 catches each.
    assert len(responses) == 4 * 8
    assert Counter(row["part_order"] for row in responses) == {"0,1": 16, "1,0": 16}
