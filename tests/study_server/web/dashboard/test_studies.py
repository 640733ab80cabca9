"""The dashboard: who may see it, what it says, and the throttle at its door."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from study_server.app import create_app
from study_server.services.accounts.users import add_user, remove_user
from study_server.web.dashboard.charts import make_bar, make_histogram
from study_server.webkit.sign_in_throttle import Attempt
from tests.hit_templates.markup import Markup
from tests.study_server.web.worlds import PASSWORD, STUDY_TOML, World, make_world


def csrf_of(client: FlaskClient, path: str = "/sign-in") -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    if found is None:
        raise AssertionError(f"{path} has no token")
    return found[1]


def sign_in(client: FlaskClient, password: str = PASSWORD, **fields: str):
    token = csrf_of(client)
    return client.post(
        "/sign-in",
        data={"name": "ada", "password": password, "csrf_token": token, **fields},
    )


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.app.test_client()


@pytest.fixture
def inside(client: FlaskClient) -> FlaskClient:
    assert sign_in(client).status_code == 303
    return client


PAGES = [
    "/dashboard/",
    "/dashboard/studies/small",
    "/dashboard/studies/small/quality",
    "/dashboard/studies/small/audit",
    "/dashboard/studies/small/audit/trials",
]


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_shown_before_signing_in(client: FlaskClient, path):
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in?next=")
    assert "small" not in answer.text.replace(path, "")


def test_a_script_that_is_signed_out_is_told_so_and_keeps_what_it_has(
    client: FlaskClient,
):
    answer = client.get("/dashboard/studies/small/audit/block.json")
    assert answer.status_code == 401
    assert answer.get_json()["is_final"] is False


def test_signing_in_leads_to_where_one_wanted_to_go(client: FlaskClient):
    answer = sign_in(client, next="/dashboard/studies/small?environment=pilot")
    assert answer.headers["Location"] == "/dashboard/studies/small?environment=pilot"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x", ""],
)
def test_signing_in_leads_to_no_other_site(client: FlaskClient, wanted):
    assert sign_in(client, next=wanted).headers["Location"] == "/dashboard/"


def test_a_new_password_ends_old_sign_ins(world: World, inside: FlaskClient):
    assert inside.get("/dashboard/").status_code == 200
    add_user(world.services, "ada", password="another password", replace=True)
    assert inside.get("/dashboard/").status_code == 302
    assert inside.get("/dashboard/studies/small/audit/block.json").status_code == 401
    assert sign_in(inside, "another password").status_code == 303
    assert inside.get("/dashboard/").status_code == 200


def test_a_removed_user_is_out_at_once(world: World, inside: FlaskClient):
    remove_user(world.services, "ada")
    assert inside.get("/dashboard/").status_code == 302
    assert sign_in(inside).status_code == 403


@pytest.mark.parametrize(
    ("n_proxies", "forwarded", "seen"),
    [
        (0, "198.51.100.7", "127.0.0.1"),  # anybody can write the header
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),  # the visitor wrote the first
        (2, "198.51.100.7, 10.0.0.2", "198.51.100.7"),
    ],
)
def test_guesses_count_against_the_visitor_not_the_proxy(
    world: World, n_proxies, forwarded, seen
):
    settings = replace(world.services.settings, trusted_proxies=n_proxies)
    app = create_app(settings, services=world.services)
    client = app.test_client()
    data = {"name": "bob", "password": "wrong", "csrf_token": csrf_of(client)}
    client.post("/sign-in", data=data, headers={"X-Forwarded-For": forwarded})
    throttle = app.extensions["secondlook-door"]
    waits = [
        throttle.count(Attempt(name=f"n{number}", address=seen)) for number in range(50)
    ]
    assert [bool(wait) for wait in waits] == [False] * 49 + [True]


def test_a_wrong_password_says_so_and_opens_nothing(client: FlaskClient):
    answer = sign_in(client, "wrong password")
    assert answer.status_code == 403
    assert "do not belong together" in answer.text
    assert client.get("/dashboard/").status_code == 302


def test_guessing_is_slowed_down_even_for_the_right_password(client: FlaskClient):
    for _ in range(5):
        assert sign_in(client, "wrong password").status_code == 403
    answer = sign_in(client)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert client.get("/dashboard/").status_code == 302


def test_a_stranger_who_guesses_does_not_lock_out_who_was_here_before(
    world: World, client: FlaskClient, inside: FlaskClient
):
    stranger = world.app.test_client()
    wrong = [sign_in(stranger, "wrong password").status_code for _ in range(8)]
    assert wrong == [403] * 5 + [429] * 3
    assert sign_in(world.app.test_client()).status_code == 429
    assert sign_in(inside).status_code == 303


def test_a_known_browser_is_a_cookie_that_cannot_be_written_or_read(
    world: World, client: FlaskClient
):
    cookies = sign_in(client).headers.getlist("Set-Cookie")
    (cookie,) = [entry for entry in cookies if "-browser=" in entry]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/sign-in" in cookie
    assert "ada" not in cookie
    stranger = world.app.test_client()
    value = cookie.partition("=")[2].partition(";")[0]
    stranger.set_cookie("secondlook-browser", f"{value[:-2]}xx", path="/sign-in")
    wrong = [sign_in(stranger, "wrong password").status_code for _ in range(6)]
    assert wrong == [403] * 5 + [429]


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_forms_without_their_token_are_refused(inside: FlaskClient, path):
    assert inside.post(path, data={"name": "ada"}).status_code == 400


def test_an_audit_response_without_the_token_is_refused(inside: FlaskClient):
    answer = inside.post("/dashboard/studies/small/audit/responses", json={})
    assert answer.status_code == 400


def test_signing_out_closes_the_door_for_stolen_cookies_too(
    world: World, inside: FlaskClient
):
    thief = world.app.test_client()
    cookie = inside.get_cookie("secondlook")
    thief.set_cookie("secondlook", cookie.value if cookie else "")
    assert thief.get("/dashboard/").status_code == 200
    token = csrf_of(inside, "/dashboard/")
    inside.post("/sign-out", data={"csrf_token": token})
    assert inside.get("/dashboard/").status_code == 302
    assert thief.get("/dashboard/").status_code == 302


def test_the_list_names_every_study_with_its_state(inside: FlaskClient):
    page = Markup(inside.get("/dashboard/").text)
    assert "small" in page.text
    assert "open" in page.text


def test_a_study_page_counts_people_and_responses(world: World, inside: FlaskClient):
    visitor = world.visitor().walk_to_survey()
    visitor.post("survey")
    visitor.post("debriefing")
    world.visitor().come_in()
    text = Markup(inside.get("/dashboard/studies/small").text).text
    assert "2 came" in text
    assert "1 consented" in text
    assert "1 sessions under way" in text
    assert re.search(r"completed (valid|invalid)", text)


def test_a_study_page_has_links_and_the_next_command(world: World, inside: FlaskClient):
    html = inside.get("/dashboard/studies/small").text
    assert f'data-copy="http://127.0.0.1:8000{world.link()}"' in html
    assert "secondlook study export small --out bundle" in html


def test_personal_links_are_listed(tmp_path):
    toml = STUDY_TOML.replace('link = "open"', 'link = "personal"\nn_links = 3')
    world = make_world(tmp_path, toml=toml)
    add_user(world.services, "ada", password=PASSWORD)
    client = world.app.test_client()
    sign_in(client)
    html = client.get("/dashboard/studies/small").text
    links = set(re.findall(r'data-copy="http://127.0.0.1:8000(/s/[^"]+)"', html))
    personal = [link for link in links if link.count("/") == 3]
    assert len(personal) == 3
    assert client.get(personal[0]).status_code == 200
    assert client.get(f"{personal[0]}x").status_code == 404


def test_each_environment_is_counted_apart(inside: FlaskClient, world: World):
    world.visitor().come_in()
    live = Markup(inside.get("/dashboard/studies/small?environment=live").text).text
    pilot = Markup(inside.get("/dashboard/studies/small?environment=pilot").text).text
    assert "1 came" in live
    assert "0 came" in pilot
    odd = inside.get("/dashboard/studies/small?environment=../x")
    assert odd.status_code == 200


def test_an_unknown_study_is_a_page_in_words(inside: FlaskClient):
    answer = inside.get("/dashboard/studies/nothing")
    assert answer.status_code == 404
    assert "nothing" in answer.text


def test_a_bar_is_never_longer_than_whole():
    bar = make_bar(n_wanted=4, n_valid=1, n_reserved=1)
    assert (bar.valid_width, bar.reserved_width) == (25.0, 25.0)
    over = make_bar(n_wanted=4, n_valid=6, n_reserved=2)
    assert (over.valid_width, over.reserved_width) == (75.0, 25.0)
    assert make_bar(n_wanted=0, n_valid=0, n_reserved=0).valid_width == 0.0


def test_a_histogram_shows_empty_columns_too():
    drawn = make_histogram({0: 2, 3: 4}, n_wanted=2)
    assert [column.n_trials for column in drawn.columns] == [2, 0, 0, 4]
    assert [column.height for column in drawn.columns] == [60.0, 0.0, 0.0, 120.0]
