"""Every route of the study server by every role: who is answered what."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from study_server.services.accounts.users import add_user
from study_server.web.dashboard.preview_links import preview_url
from tests.study_server.matrix import (
    SIGN_IN,
    Line,
    answer,
    otherwise_answered,
    routes_of,
)
from tests.study_server.web.worlds import PASSWORD, World

ROLES = ("nobody", "participant", "viewer", "editor", "owner")
STUDY = "/dashboard/studies/small"
JSON: dict[str, Any] = {"json": {}}


def open_to_all(status: int) -> tuple[int | str, ...]:
    return (status,) * 5


def of_participants(status: int) -> tuple[int | str, ...]:
    """By an address that only one participant knows; others guess one."""
    return (404, status, 404, 404, 404)


def signed_in(status: int) -> tuple[int | str, ...]:
    return (SIGN_IN, SIGN_IN, status, status, status)


def editors(status: int, *, otherwise: int | str = SIGN_IN) -> tuple[int | str, ...]:
    return (otherwise, otherwise, 403, status, status)


def response_to(trial: str) -> dict[str, Any]:
    payload = {
        "key": "0f0e0d0c-0b0a-4908-8706-050403020100",
        "trial": trial,
        "response": {"relevant": "yes"},
        "rt_ms": 900.0,
        "events": [{"kind": "onset", "at_ms": 12.0}],
        "context": {},
    }
    return {"json": payload}


def owners(status: int) -> tuple[int | str, ...]:
    return (SIGN_IN, SIGN_IN, 403, 403, status)


LINES = (
    Line(route="GET static", path="/static/secondlook.css", gets=open_to_all(200)),
    Line(
        route="GET assets.shared", path="/hit/_shared/runner.js", gets=open_to_all(200)
    ),
    Line(
        route="GET assets.of_paradigm",
        path="/hit/relevance/sheet.css",
        gets=open_to_all(200),
    ),
    Line(route="GET health.healthz", path="/healthz", gets=open_to_all(200)),
    Line(route="GET media.image", path="/media/{image}", gets=of_participants(200)),
    Line(route="POST notify.take", path="/notify/mturk", gets=open_to_all(400)),
    Line(route="GET participant.land", path="{link}", gets=open_to_all(200)),
    Line(route="GET participant.show", path="/p/{home}/", gets=of_participants(200)),
    Line(
        route="GET participant.block",
        path="/p/{home}/block.json",
        gets=of_participants(200),
    ),
    Line(
        route="POST participant.respond",
        path="/p/{home}/responses",
        gets=of_participants(200),
        send=response_to("{trial}"),
    ),
    Line(
        route="POST participant.submit",
        path="/p/{home}/consent",
        gets=of_participants(303),
    ),
    Line(
        route="GET participant.confirm_withdrawal",
        path="/p/{home}/withdraw",
        gets=of_participants(200),
    ),
    Line(
        route="POST participant.another",
        path="/p/{home}/another",
        gets=of_participants(303),
    ),
    Line(
        route="POST participant.withdraw",
        path="/p/{home}/withdraw",
        gets=of_participants(303),
    ),
    Line(route="POST participant.enter", path="{link}", gets=open_to_all(303)),
    Line(
        route="GET preview.show", path="/preview/{preview}/", gets=of_participants(200)
    ),
    Line(
        route="GET preview.block",
        path="/preview/{preview}/block.json",
        gets=of_participants(200),
    ),
    Line(
        route="POST preview.respond",
        path="/preview/{preview}/responses",
        gets=of_participants(200),
        send=response_to("{shown}"),
    ),
    Line(
        route="GET preview.done",
        path="/preview/{preview}/done",
        gets=of_participants(200),
    ),
    Line(route="GET front.show", path="/", gets=open_to_all(200)),
    Line(route="GET dashboard.studies", path="/dashboard/", gets=signed_in(200)),
    Line(route="GET dashboard.study", path=STUDY, gets=signed_in(200)),
    Line(
        route="GET dashboard.imported",
        path="/dashboard/imported/none",
        gets=signed_in(404),
    ),
    Line(route="GET quality.overview", path=f"{STUDY}/quality", gets=signed_in(200)),
    Line(route="GET audit.overview", path=f"{STUDY}/audit", gets=signed_in(200)),
    Line(
        route="POST audit.draw",
        path=f"{STUDY}/audit/draw",
        gets=editors(400),
        send={"data": {"n": "3"}},
    ),
    Line(route="GET audit.trials", path=f"{STUDY}/audit/trials", gets=editors(200)),
    Line(
        route="GET audit.block",
        path=f"{STUDY}/audit/block.json",
        gets=editors(200, otherwise=401),
    ),
    Line(
        route="POST audit.respond",
        path=f"{STUDY}/audit/responses",
        gets=editors(404, otherwise=401),
        send=JSON,
    ),
    Line(route="GET account.overview", path="/dashboard/account", gets=signed_in(200)),
    Line(
        route="POST account.change_password",
        path="/dashboard/account/password",
        gets=signed_in(400),
        send={"data": {"new": "one", "again": "two"}},
    ),
    Line(
        route="POST account.end",
        path="/dashboard/account/sign-ins",
        gets=signed_in(303),
        send={"data": {"sign_in": "others"}},
    ),
    Line(
        route="GET second_factor.show",
        path="/dashboard/account/second-factor",
        gets=signed_in(200),
    ),
    Line(
        route="POST second_factor.set_up",
        path="/dashboard/account/second-factor",
        gets=signed_in(400),
    ),
    Line(
        route="POST second_factor.remove",
        path="/dashboard/account/second-factor/remove",
        gets=signed_in(303),
    ),
    Line(route="GET sign_in.ask_code", path="/sign-in/code", gets=(SIGN_IN,) * 5),
    Line(route="POST sign_in.prove", path="/sign-in/code", gets=(SIGN_IN,) * 5),
    Line(route="GET users.overview", path="/dashboard/users", gets=owners(200)),
    Line(route="GET users.log", path="/dashboard/activity", gets=owners(200)),
    Line(route="POST users.add", path="/dashboard/users/add", gets=owners(400)),
    Line(
        route="POST users.give_role",
        path="/dashboard/users/role",
        gets=owners(400),
        send={"data": {"name": "nobody", "role": "viewer"}},
    ),
    Line(
        route="POST users.sign_out",
        path="/dashboard/users/sign-out",
        gets=owners(400),
        send={"data": {"name": "nobody"}},
    ),
    Line(
        route="POST users.remove",
        path="/dashboard/users/remove",
        gets=owners(400),
        send={"data": {"name": "nobody"}},
    ),
    Line(route="GET sign_in.form", path="/sign-in", gets=open_to_all(200)),
    Line(
        route="POST sign_in.enter",
        path="/sign-in",
        gets=open_to_all(403),
        send={"data": {"name": "ada", "password": "wrong"}},
    ),
    Line(route="POST sign_in.leave", path="/sign-out", gets=(SIGN_IN,) * 5),
)


def client_as(world: World, role: str) -> FlaskClient:
    client = world.app.test_client()
    if role not in ("nobody", "participant"):
        add_user(world.services, role, password=PASSWORD, role=role)
        data = {"name": role, "password": PASSWORD}
        assert client.post("/sign-in", data=data).status_code == 303
    return client


def test_every_route_has_a_line(world: World):
    assert {line.route for line in LINES} == routes_of(world.app)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_gets_what_its_column_says(world: World, role):
    world.app.config["WTF_CSRF_ENABLED"] = False
    guess = "guessed-token-guessed"
    names = dict.fromkeys(("home", "image", "preview", "trial", "shown"), guess)
    names["link"] = world.link()
    client = client_as(world, role)
    if role == "participant":
        visitor = world.visitor().walk_to_trials()
        client = visitor.client
        trial = visitor.block()["trials"][0]
        preview = urlsplit(preview_url(world.services, "small")).path
        shown = client.get(f"{preview}block.json").get_json()["trials"][0]
        names |= {
            "home": visitor.home.split("/")[2],
            "image": trial["images"][0].rsplit("/", 1)[-1],
            "preview": preview.split("/")[2],
            "trial": trial["token"],
            "shown": shown["token"],
        }
    column = ROLES.index(role)
    assert otherwise_answered(client, LINES, column=column, names=names) == []


def test_what_is_posted_while_signed_in_needs_the_pages_token(world: World):
    world.app.config["WTF_CSRF_ENABLED"] = False
    client = client_as(world, "owner")
    world.app.config["WTF_CSRF_ENABLED"] = True
    changing = [
        line
        for line in LINES
        if line.route.startswith("POST ")
        and not line.route.startswith(
            ("POST participant", "POST preview", "POST notify")
        )
    ]
    assert {answer(client, line, names={}) for line in changing} == {400}


def test_a_participant_reaches_nothing_of_another(world: World):
    mine, other = (world.visitor().walk_to_trials() for _ in range(2))
    theirs = other.block()["trials"][0]
    refused = mine.send(mine.payload(theirs["token"]))
    assert refused.status_code in (400, 404, 409), refused.text
    assert "saved" not in refused.text
    assert not any(trial["is_done"] for trial in other.block()["trials"])
    mine.post("withdraw")
    assert other.client.get(f"{other.home}block.json").status_code == 200
