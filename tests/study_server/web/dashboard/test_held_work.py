"""Work with nothing in it: what its person reads, and whoever decides about it."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from study_server.cli import main
from tests.study_server.web.dashboard.test_studies import sign_in
from tests.study_server.web.worlds import Visitor, World


@pytest.fixture
def idle(world: World) -> Visitor:
    """Somebody whose page says that no image showed."""
    visitor = world.visitor("link", WHO="idle").walk_to_practice()
    visitor.respond_to_all()
    failed = [{"kind": "failed", "at_ms": 90.0, "slot": "target"}]
    for trial in list(visitor.open_trials()):
        nothing: dict[str, Any] = {
            "response": None,
            "rt_ms": None,
            "events": failed,
            "context": {},
        }
        assert visitor.send(visitor.payload(trial["token"], **nothing)).is_json
    visitor.post("survey")
    visitor.post("debriefing")
    return visitor


def test_its_person_is_told_politely_and_shown_no_code(idle):
    page = idle.page()
    assert "a person will look at this" in page
    assert "write to" in page
    assert "DONE-42" not in page
    idle.post("withdraw")
    assert "DONE-42" not in idle.page()


def test_whoever_runs_the_study_sees_it_and_accepts_it(world, idle):
    browser = world.app.test_client()
    sign_in(browser)
    assert "Held for you to decide" in browser.get("/dashboard/studies/small").text

    def call(*arguments: str) -> str:
        settings = world.services.settings
        environ = {
            "SECONDLOOK_DATABASE_URL": settings.database_url,
            "SECONDLOOK_DATA_DIR": str(settings.data_dir),
        }
        done = CliRunner().invoke(main, list(arguments), env=environ)
        assert done.exit_code == 0, done.output
        return done.stdout

    shown = call("study", "show", "small")
    assert "held for you to decide" in shown
    (line,) = [line for line in shown.splitlines() if "hardly any response" in line]
    call("participant", "accept", line.split()[0], "--study", "small")
    assert "DONE-42" in idle.page()
    assert "held for you" not in call("study", "show", "small")
    assert "held" not in call("study", "codes", "small")
