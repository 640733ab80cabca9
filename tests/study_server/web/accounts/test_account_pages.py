"""One's own account, the users and the activity log, as pages."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from study_server.services.accounts.users import add_user, check_password
from tests.hit_templates.markup import Markup
from tests.study_server.web.accounts.test_roles import client_as
from tests.study_server.web.dashboard.test_studies import csrf_of, sign_in
from tests.study_server.web.worlds import PASSWORD, World

ACCOUNT = "/dashboard/account"
NEW = "another long password"


def post(client: FlaskClient, path: str, **data: str) -> TestResponse:
    token = csrf_of(client, ACCOUNT)
    return client.post(path, data={"csrf_token": token, **data}, follow_redirects=True)


def browser(world: World, agent: str) -> FlaskClient:
    client = world.app.test_client()
    client.environ_base["HTTP_USER_AGENT"] = agent
    assert sign_in(client).status_code == 303
    return client


@pytest.fixture
def firefox(world: World) -> FlaskClient:
    return browser(world, "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140")


@pytest.fixture
def phone(world: World) -> FlaskClient:
    return browser(world, "Mozilla/5.0 (iPhone; like Mac OS X) Version/18 Safari/604")


def test_ones_sign_ins_are_listed_and_ended(
    world: World, firefox: FlaskClient, phone: FlaskClient
):
    page = firefox.get(ACCOUNT).text
    assert "Firefox on Linux" in page
    assert "Safari on iPhone" in page
    (button,) = [
        given
        for given in Markup(page).all("button")
        if given.get("name") == "sign_in" and given.get("value") != "others"
    ]
    assert "iPhone" in str(button["aria-label"])
    ended = post(firefox, f"{ACCOUNT}/sign-ins", sign_in=str(button["value"]))
    assert "is ended" in ended.text
    assert phone.get("/dashboard/").status_code == 302
    assert firefox.get("/dashboard/").status_code == 200
    for odd in ("", "x", "9" * 5000, "-1"):
        assert post(firefox, f"{ACCOUNT}/sign-ins", sign_in=odd).status_code == 200


def test_all_others_are_ended_at_once(firefox: FlaskClient, phone: FlaskClient):
    ended = post(phone, f"{ACCOUNT}/sign-ins", sign_in="others")
    assert "1 other sign-ins" in ended.text
    assert firefox.get("/dashboard/").status_code == 302


def test_nobody_ends_what_is_somebody_elses(world: World, firefox: FlaskClient):
    bob = client_as(world, "viewer")
    post(bob, f"{ACCOUNT}/sign-ins", sign_in="1")
    assert firefox.get("/dashboard/").status_code == 200


def test_a_password_is_changed_by_whoever_knows_it(
    world: World, firefox: FlaskClient, phone: FlaskClient
):
    wrong = post(firefox, f"{ACCOUNT}/password", old="guess", new=NEW, again=NEW)
    assert (wrong.status_code, "not your password" in wrong.text) == (400, True)
    other = post(firefox, f"{ACCOUNT}/password", old=PASSWORD, new=NEW, again="x")
    assert (other.status_code, "both times" in other.text) == (400, True)
    done = post(firefox, f"{ACCOUNT}/password", old=PASSWORD, new=NEW, again=NEW)
    assert "Your password is changed, and 1 other" in done.text
    assert phone.get("/dashboard/").status_code == 302
    assert check_password(world.services, "ada", NEW)


def test_an_open_browser_does_not_help_to_guess_a_password(firefox: FlaskClient):
    form = {"old": "guess", "new": NEW, "again": NEW}
    codes = [post(firefox, f"{ACCOUNT}/password", **form).status_code for _ in range(6)]
    assert codes == [400] * 5 + [429]


def test_owners_manage_users(world: World, firefox: FlaskClient):
    data = {"name": "bob", "password": NEW, "role": "editor"}
    assert "bob can sign in." in post(firefox, "/dashboard/users/add", **data).text
    again = post(firefox, "/dashboard/users/add", **data)
    assert (again.status_code, "already" in again.text) == (400, True)
    bob = world.app.test_client()
    assert sign_in(bob, NEW, name="bob").status_code == 303
    assert bob.get("/dashboard/users").status_code == 403
    changed = post(firefox, "/dashboard/users/role", name="bob", role="owner")
    assert "bob is owner now." in changed.text
    assert bob.get("/dashboard/users").status_code == 200
    out = post(firefox, "/dashboard/users/sign-out", name="bob")
    assert "bob is signed out of 1 browsers." in out.text
    assert bob.get("/dashboard/").status_code == 302
    gone = post(firefox, "/dashboard/users/remove", name="bob")
    assert "bob can sign in no more." in gone.text
    assert sign_in(world.app.test_client(), NEW, name="bob").status_code == 403


def test_the_only_owner_of_several_users_stays(world: World, firefox: FlaskClient):
    add_user(world.services, "bob", password=NEW)
    for path, role in (("role", "viewer"), ("remove", ""), ("role", "king")):
        refused = post(firefox, f"/dashboard/users/{path}", name="ada", role=role)
        assert (refused.status_code, "alert-danger" in refused.text) == (400, True)
    gone = post(firefox, "/dashboard/users/sign-out", name="nobody")
    assert "no user &#39;nobody&#39;" in gone.text


def test_owners_read_the_activity_log_and_others_do_not(
    world: World, firefox: FlaskClient
):
    viewer = client_as(world, "viewer")
    text = Markup(firefox.get("/dashboard/activity").text).text
    assert "viewer signed in viewer" in text
    assert "study opened small" in text
    about = Markup(firefox.get("/dashboard/activity?of=small").text).text
    assert "signed in" not in about
    assert firefox.get(f"/dashboard/activity?before={'9' * 5000}").status_code == 200
    assert "Nothing" in firefox.get("/dashboard/activity?before=1").text
    for path in ("activity", "users"):
        assert viewer.get(f"/dashboard/{path}").status_code == 403
        assert f"/dashboard/{path}" not in viewer.get("/dashboard/").text
