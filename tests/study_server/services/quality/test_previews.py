import sqlite3

import pytest
from sqlalchemy import select

from study_server.errors import (
    MalformedResponseError,
    UnknownStudyError,
    UnknownTrialError,
)
from study_server.services.quality.previews import check_preview_response, preview_block
from study_server.store.tables import Stimulus, Trial
from tests.study_server.part_sets import create_in_parts
from tests.study_server.serving import NAME, create_tiny_study


def answer(services, trial, response):
    return check_preview_response(
        services, NAME, {"trial": trial, "response": response}
    )


def test_a_preview_shows_three_main_trials_and_the_same_ones_again(empty, tmp_path):
    create_tiny_study(empty, tmp_path)
    block = preview_block(empty, NAME)
    assert len(block.trials) == 3
    assert len({page.images for page in block.trials}) == 3
    again = preview_block(empty, NAME)
    assert [page.images for page in again.trials] == [
        page.images for page in block.trials
    ]
    assert block.trials[0].view.classes[0].name == "green thing"


def test_a_preview_shows_something_of_every_part(services, tmp_path):
    create_in_parts(services, tmp_path)
    block = preview_block(services, "things")
    with services.store.read() as tx:
        conditions = {
            tx.scalar(
                select(Trial.condition)
                .join(Stimulus, Stimulus.study_id == Trial.study_id)
                .where(Trial.slots["target"].as_string() == Stimulus.stimulus_id)
                .where(Stimulus.media_token == page.images[0].rpartition("/")[2])
            )
            for page in block.trials
        }
    assert conditions == {"a", "b"}


def test_a_preview_stores_nothing(empty, tmp_path):
    create_tiny_study(empty, tmp_path)

    def content() -> list[str]:
        path = empty.settings.data_dir / "secondlook.sqlite3"
        with sqlite3.connect(path) as connection:
            dump = list(connection.iterdump())
        connection.close()
        return dump

    before = content()
    block = preview_block(empty, NAME)
    receipt = answer(empty, block.trials[1].token, {"relevant": "yes"})
    assert (receipt.n_done, receipt.n_trials) == (2, 3)
    answer(empty, block.trials[2].token, None)
    assert content() == before


@pytest.mark.parametrize("token", ["preview-3", "preview-", "preview-²", "x", None, 7])
def test_a_trial_that_is_not_in_the_preview_is_refused(empty, tmp_path, token):
    create_tiny_study(empty, tmp_path)
    with pytest.raises(UnknownTrialError):
        answer(empty, token, {"relevant": "yes"})


def test_a_response_that_does_not_fit_is_refused_as_in_the_study(empty, tmp_path):
    create_tiny_study(empty, tmp_path)
    with pytest.raises(MalformedResponseError, match="field relevant is missing"):
        answer(empty, "preview-0", {})


def test_an_unknown_study_lists_those_there_are(empty, tmp_path):
    create_tiny_study(empty, tmp_path)
    with pytest.raises(UnknownStudyError, match="tiny"):
        preview_block(empty, "x")
