"""A study that pauses: nobody comes in, and who comes is told to come back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from study_server.errors import StudyStateError
from study_server.services.studies.life import (
    close_study,
    open_study,
    pause_study,
    resume_study,
)
from tests.hit_templates.markup import Markup
from tests.study_server.web.worlds import STUDY_TOML, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = make_world(tmp_path, toml=STUDY_TOML)
    yield world
    world.services.store.close()


def test_a_paused_study_lets_nobody_in_and_says_so_in_words_of_its_own(world: World):
    begun = world.visitor().walk_to_practice()
    assert pause_study(world.services, "small").paused_at is not None
    landing = Markup(world.app.test_client().get(world.link()).text).text
    refused = world.visitor().come_in()
    for words in (landing, Markup(refused.text).text):
        assert "This study is paused. Please come back later" in words
        assert "lab@example.org" in words
    assert refused.status_code == 403
    begun.respond_to_all()  # who is at it goes on
    resume_study(world.services, "small")
    assert world.visitor().come_in().status_code == 303


def test_pausing_and_resuming_twice_change_nothing_more(world: World):
    first = pause_study(world.services, "small").paused_at
    assert pause_study(world.services, "small").paused_at == first
    for _ in range(2):
        assert resume_study(world.services, "small").paused_at is None


def test_closing_ends_a_pause_and_only_an_open_study_pauses(world: World):
    pause_study(world.services, "small")
    close_study(world.services, "small")
    assert "closed" in world.app.test_client().get(world.link()).text
    with pytest.raises(StudyStateError, match="nobody is let in"):
        pause_study(world.services, "small")
    with pytest.raises(StudyStateError, match="secondlook study open small"):
        resume_study(world.services, "small")
    assert open_study(world.services, "small").paused_at is None
