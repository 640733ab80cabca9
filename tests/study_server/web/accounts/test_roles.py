"""Who may do what in the dashboard: owners, editors, viewers."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from study_server.app import create_app
from study_server.services.accounts.users import add_user, change_role
from study_server.webkit.access import who_may
from tests.study_server.web.dashboard.test_studies import csrf_of, sign_in
from tests.study_server.web.worlds import PASSWORD, STUDY_TOML, World, make_world

AUDIT = "/dashboard/studies/small/audit"


def client_as(world: World, role: str) -> FlaskClient:
    add_user(world.services, role, password=PASSWORD, role=role)
    client = world.app.test_client()
    assert sign_in(client, name=role).status_code == 303
    return client


def draw(client: FlaskClient) -> int:
    token = csrf_of(client, "/dashboard/")
    data = {"n": "3", "csrf_token": token}
    return client.post(f"{AUDIT}/draw", data=data).status_code


def test_viewers_read_and_change_nothing(world: World):
    client = client_as(world, "viewer")
    for path in ("/dashboard/", "/dashboard/studies/small", AUDIT):
        assert client.get(path).status_code == 200, path
    assert draw(client) == 403
    refused = client.get(f"{AUDIT}/trials")
    assert refused.status_code == 403
    assert "Only an editor or owner may do this" in refused.text
    script = client.get(f"{AUDIT}/block.json")
    assert (script.status_code, script.get_json()["is_final"]) == (403, False)
    assert "Draw</button>" not in client.get(AUDIT).text


def test_another_role_counts_from_the_next_click_on(world: World):
    client = client_as(world, "viewer")
    assert draw(client) == 403
    change_role(world.services, "viewer", role="editor")
    # Nothing is finished yet, which is what an editor is told.
    assert draw(client) == 400
    change_role(world.services, "viewer", role="viewer")
    assert draw(client) == 403


def test_viewers_see_no_personal_links(tmp_path):
    toml = STUDY_TOML.replace('link = "open"', 'link = "personal"\nn_links = 3')
    world = make_world(tmp_path, toml=toml)
    add_user(world.services, "ada", password=PASSWORD)
    shown = {}
    for role in ("viewer", "editor"):
        html = client_as(world, role).get("/dashboard/studies/small").text
        shown[role] = len(set(re.findall(r"8000/s/[\w-]+/[\w-]+", html)))
    assert shown == {"viewer": 0, "editor": 3}


def test_every_route_says_who_may_use_it(world: World):
    said = who_may(world.app)
    assert all(said.values())
    assert said["audit.draw"] == {"editor", "owner"}
    assert said["dashboard.study"] == {"viewer", "editor", "owner"}
    assert said["participant.respond"] == {"anyone"}


def test_an_application_with_a_silent_route_does_not_start(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    from study_server.web.dashboard.studies import studies

    monkeypatch.delattr(studies, "who_may")
    with pytest.raises(TypeError, match=r"who may use them: dashboard\.studies;"):
        create_app(world.services.settings, services=world.services)


def test_what_says_nothing_later_on_is_open_to_nobody(world: World):
    client = client_as(world, "owner")
    world.app.view_functions["dashboard.studies"] = lambda: "open"
    assert client.get("/dashboard/").status_code == 403
