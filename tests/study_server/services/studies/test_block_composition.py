"""What is missing is found and cut anew; nothing more."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from study_server.errors import StudyFullError, StudyStateError
from study_server.services.participation import responding
from study_server.services.studies.block_composition import recut_missing
from study_server.services.studies.life import create_study, study_progress
from study_server.store.tables import Block, BlockTrial, SessionTrial, Trial
from tests.study_server.conftest import write_study
from tests.study_server.walking import (
    do_block,
    enter,
    failed_payload,
    go_all_the_way,
    go_to_practice,
)


def fail_one_main(services, token) -> int:
    """Let one main image fail; the trial's key."""
    page = responding.load_block(services, token)
    with services.store.read() as tx:
        found = tx.execute(
            select(SessionTrial.token, Trial.id)
            .join(Trial, Trial.id == SessionTrial.trial_id)
            .where(
                SessionTrial.token.in_([trial.token for trial in page.trials]),
                Trial.role == "main",
            )
            .order_by(Trial.trial_id)
            .limit(1)
        ).one()
    responding.take_response(services, token, failed_payload(found.token))
    return int(found.id)


def go_with_one_failure(services, person: str) -> int:
    token = enter(services, person)
    go_to_practice(services, token)
    do_block(services, token)
    key = fail_one_main(services, token)
    do_block(services, token)
    return key


def test_nothing_is_missing_while_blocks_are_open(opened_on_both):
    go_all_the_way(opened_on_both, "anna", is_careful=False)
    go_all_the_way(opened_on_both, "bob")
    result = recut_missing(opened_on_both, "things")
    assert (result.n_missing, result.n_trials, result.n_blocks) == (0, 0, 0)


def test_what_failed_to_show_is_cut_anew_and_can_be_filled(opened_on_both):
    services = opened_on_both
    failed = [go_with_one_failure(services, "p0"), go_with_one_failure(services, "p1")]
    for number in (2, 3):
        go_all_the_way(services, f"p{number}")
    with pytest.raises(StudyFullError):
        enter(services, "late")
    before = study_progress(services, "things").responses_per_trial
    assert sum(n * count for n, count in before.items()) == 14  # 16 less 2
    result = recut_missing(services, "things")
    assert (result.n_missing, result.n_trials) == (2, len(set(failed)))
    again = recut_missing(services, "things")
    assert again.n_missing == 0
    with services.store.read() as tx:
        recut = tx.scalars(
            select(BlockTrial.trial_id)
            .join(Block, Block.id == BlockTrial.block_id)
            .where(Block.number > 4, Block.environment == "live")
        ).all()
    assert sorted(recut) == sorted(failed)
    for number in range(result.n_blocks):
        go_all_the_way(services, f"late-{number}")
    assert study_progress(services, "things").responses_per_trial == {2: 8}


def test_a_study_without_blocks_is_not_topped_up(services, stimuli, tmp_path):
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    with pytest.raises(StudyStateError, match="secondlook study freeze"):
        recut_missing(services, "things")
