"""Previews store nothing; the researcher's check is blinded and kept apart."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer

from study_server.errors import UnknownTokenError
from study_server.services import Services
from study_server.services.quality import previews
from study_server.services.studies.progress import study_progress
from study_server.web.dashboard.preview_links import preview_url, read_preview
from tests.study_server.web.dashboard.test_studies import csrf_of, sign_in
from tests.study_server.web.worlds import SECRET, World


def preview_path(world: World) -> str:
    url = preview_url(world.services, "small")
    return url.removeprefix(world.services.settings.base_url)


def test_a_preview_shows_three_trials_and_stores_nothing(world: World):
    client, path = world.app.test_client(), preview_path(world)
    assert client.get(path).status_code == 200
    block = client.get(f"{path}block.json").get_json()
    assert len(block["trials"]) == 3
    for trial in block["trials"]:
        payload = {"key": "k" * 20, "trial": trial["token"], "rt_ms": 900, "events": []}
        sent = {**payload, "response": {"relevant": "no"}, "context": {}}
        assert client.post(block["post_url"], json=sent).status_code == 200
    progress = study_progress(world.services, "small")
    assert (progress.n_arrived, set(progress.responses_per_trial)) == (0, {0})
    assert client.get(f"{path}done").status_code == 200


def test_example_images_are_fetched_ahead_in_previews_as_for_participants(world: World):
    client, path = world.app.test_client(), preview_path(world)
    trials = client.get(f"{path}block.json").get_json()["trials"]
    trials += world.visitor().walk_to_trials().block()["trials"]
    listed = [
        (re.findall(r'src="(/media/[^"]+)"', trial["html"]), trial["images"])
        for trial in trials
    ]
    assert any(len(shown) == 2 for shown, _ in listed)
    assert all(shown == ahead for shown, ahead in listed)


def test_a_preview_reads_responses_as_the_study_would(world: World):
    client, path = world.app.test_client(), preview_path(world)
    block = client.get(f"{path}block.json").get_json()
    payload = {"trial": block["trials"][0]["token"], "response": {"relevant": "hm"}}
    assert client.post(block["post_url"], json=payload).status_code == 400
    payload = {"trial": "preview-99", "response": {"relevant": "yes"}}
    assert client.post(block["post_url"], json=payload).status_code == 404
    assert client.post(block["post_url"], data=b"[").status_code == 400


def test_a_forged_preview_link_leads_nowhere(world: World):
    client, path = world.app.test_client(), preview_path(world)
    token = path.split("/")[2]
    for forged in (token[:-2] + "xx", "WyJzbWFsbCIsM10", "x"):
        assert client.get(f"/preview/{forged}/").status_code == 404
    others = with_settings(world, secret_key="another secret " * 3)
    with pytest.raises(UnknownTokenError, match="study preview"):
        read_preview(others, token)
    assert read_preview(world.services, token).study == "small"


def with_settings(world: World, **values: Any) -> Services:
    """The same services with other settings."""
    return replace(world.services, settings=replace(world.services.settings, **values))


def itself(value: datetime) -> datetime:
    return value


def test_a_preview_link_ends_by_itself(world: World):
    client = world.app.test_client()
    for ago, status in ((timedelta(days=13, hours=23), 200), (timedelta(days=14), 404)):
        then = datetime.now(UTC) - ago
        made_then = replace(world.services, clock=partial(itself, then))
        url = preview_url(made_then, "small")
        path = url.removeprefix(made_then.settings.base_url)
        assert client.get(path).status_code == status
        for rest in ("block.json", "done"):
            assert client.get(f"{path}{rest}").status_code == status


def test_preview_links_of_a_study_are_ended_together_and_new_ones_hold(world: World):
    client, old = world.app.test_client(), preview_path(world)
    previews.end_previews(world.services, "small")
    assert client.get(old).status_code == 404
    assert client.get(preview_path(world)).status_code == 200


def test_a_preview_link_made_with_a_former_key_holds_until_the_key_is_forgotten(
    world: World,
):
    token = preview_path(world).split("/")[2]
    new = "a new key, long enough to be one " * 2
    rotated = with_settings(world, secret_key=new, former_keys=SECRET)
    assert read_preview(rotated, token).study == "small"
    with pytest.raises(UnknownTokenError):
        read_preview(with_settings(world, secret_key=new), token)


def test_a_link_of_earlier_versions_which_never_ended_has_ended(world: World):
    token = URLSafeSerializer(SECRET, salt="preview").dumps(["small", 3])
    assert world.app.test_client().get(f"/preview/{token}/").status_code == 404


@pytest.fixture
def researcher(world: World) -> FlaskClient:
    client = world.app.test_client()
    sign_in(client)
    return client


def fill(world: World) -> None:
    """Every trial gets its two valid responses, all of them "yes"."""
    for number in range(4):
        world.visitor("link", WHO=f"p{number}").walk_to_survey()


def draw(client: FlaskClient, n: str):
    path = "/dashboard/studies/small/audit"
    token = csrf_of(client, path)
    return client.post(f"{path}/draw", data={"n": n, "csrf_token": token})


def test_without_finished_trials_there_is_nothing_to_check(researcher: FlaskClient):
    answer = draw(researcher, "10")
    assert answer.status_code == 400
    assert "valid responses yet" in answer.text


@pytest.mark.parametrize("n", ["", "0", "-3", "many", "1e9", "٣"])
def test_a_sample_size_is_a_number(researcher: FlaskClient, n):
    answer = draw(researcher, n)
    assert answer.status_code == 400
    assert "number of trials" in answer.text


def test_the_check_is_blinded_and_kept(world: World, researcher: FlaskClient):
    fill(world)
    path = "/dashboard/studies/small/audit"
    token = csrf_of(researcher, path)
    assert draw(researcher, "4").status_code == 303
    block = researcher.get(f"{path}/block.json").get_json()
    assert len(block["trials"]) == 4
    assert "stratum" not in json.dumps(block)
    for n_done, trial in enumerate(block["trials"], start=1):
        assert "Accepting votes" not in researcher.get(path).text
        payload = {
            "key": f"audit-key-{n_done}",
            "trial": trial["token"],
            "response": {"relevant": "yes" if n_done == 1 else "no"},
            "rt_ms": 800,
            "events": [],
            "context": {},
        }
        answer = researcher.post(
            block["post_url"], json=payload, headers={"X-CSRFToken": token}
        )
        assert answer.get_json()["n_done"] == n_done
    # All four have two accepting votes; the researcher accepted one of them.
    cells = re.findall(r"<t[dh][^>]*>(\d+)</t[dh]>", researcher.get(path).text)
    assert cells == ["2", "4", "1", "3"]
    assert researcher.get(f"{path}/block.json").get_json()["trials"] == []
    progress = study_progress(world.services, "small")
    assert sum(n * k for k, n in progress.responses_per_trial.items()) == 12
