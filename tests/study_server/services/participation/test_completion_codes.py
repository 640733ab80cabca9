"""Every session has a completion code that is nobody else's."""

from __future__ import annotations

from study_server.recruiters.base import ShowCode
from study_server.services.participation import (
    completion_codes,
    held_work,
    responding,
    taking_steps,
)
from study_server.services.participation.steps import FinishStep
from study_server.services.studies.life import create_study, freeze_study, open_study
from tests.study_server.conftest import write_study
from tests.study_server.walking import (
    do_block,
    enter,
    failed_payload,
    go_all_the_way,
    go_to_practice,
)


def finish(services, token: str) -> str:
    taking_steps.take_step(services, token, "survey", {})
    taking_steps.take_step(services, token, "debriefing")
    step = taking_steps.current_step(services, token)
    assert isinstance(step, FinishStep)
    assert isinstance(step.handoff, ShowCode)
    return step.handoff.code


def test_codes_differ_between_people_and_are_listed(services, stimuli, tmp_path):
    path = write_study(tmp_path)
    shared = 'profile = "prolific"\ncompletion_code = "C1ABCDEF"'
    own = 'id_parameter = "PROLIFIC_PID"\ncodes = "personal"'
    path.write_text(path.read_text().replace(shared, own))
    create_study(services, path, stimuli=stimuli)
    freeze_study(services, "things")
    open_study(services, "things")
    given = [
        finish(services, go_all_the_way(services, person)) for person in ("anna", "bob")
    ]
    assert len(set(given)) == 2
    assert all(len(code) == 10 and code.isalnum() for code in given)
    lines = completion_codes.list_codes(services, "things")
    assert [line.code for line in lines] == given


def test_the_code_of_held_work_is_shown_once_it_is_accepted(opened):
    token = enter(opened)
    go_to_practice(opened, token)
    do_block(opened, token)
    for trial in responding.load_block(opened, token).trials:
        responding.take_response(opened, token, failed_payload(trial.token))
    (line,) = completion_codes.list_codes(opened, "things")
    assert line.is_held
    assert taking_steps.current_step(opened, token).name == "survey"
    held_work.accept(opened, "things", participant=line.participant)
    (line,) = completion_codes.list_codes(opened, "things")
    assert not line.is_held
