"""Headers, cookies and policies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from study_server.app import create_app
from study_server.webkit.security_headers import content_security_policy
from tests.hit_templates.markup import Markup
from tests.study_server.web.worlds import World


@pytest.fixture
def paths(world: World) -> list[str]:
    visitor = world.visitor().walk_to_practice()
    practice = f"{visitor.home}?go=practice"
    block = f"{visitor.home}block.json"
    return [
        world.link(),
        visitor.home,
        practice,
        block,
        "/sign-in",
        "/healthz",
        "/nothing-here",
        visitor.block()["trials"][0]["images"][0],
        "/static/secondlook.css",
        "/hit/_shared/runner.js",
    ]


def test_every_answer_is_protected(world: World, paths):
    for path in paths:
        headers = world.app.test_client().get(path, buffered=True).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_where_the_public_address_is_https_browsers_stay_with_it(world: World):
    plain = world.app.test_client().get("/sign-in")
    assert "Strict-Transport-Security" not in plain.headers
    settings = replace(world.services.settings, base_url="https://studies.example.org")
    app = create_app(settings, services=world.services)
    page = app.test_client().get("/sign-in")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "; Secure" in page.headers["Set-Cookie"]


def test_pages_are_never_kept_by_a_cache(world: World):
    visitor = world.visitor()
    visitor.come_in()
    headers = visitor.client.get(visitor.home).headers
    assert headers["Cache-Control"] == "no-store"


def test_pages_hold_no_inline_script_style_or_foreign_address(world: World, paths):
    for path in [*paths[:3], "/sign-in"]:
        page = Markup(world.app.test_client().get(path).text)
        assert all(script.get("src") for script in page.all("script")), path
        attributes = {name for _tag, given in page.elements for name in given}
        assert "style" not in attributes
        assert not {name for name in attributes if name.startswith("on")}
        addresses = [
            given.get("src") or given.get("href") or "" for _tag, given in page.elements
        ]
        assert not [url for url in addresses if url.startswith(("http", "//"))]


def test_what_pages_name_is_there(world: World, paths):
    client = world.app.test_client()
    for path in paths[:3]:
        page = Markup(client.get(path).text)
        wanted = [script["src"] for script in page.all("script")]
        wanted += [link["href"] for link in page.all("link")]
        for url in wanted:
            assert client.get(str(url), buffered=True).status_code == 200, url


def test_a_directive_gives_way_to_what_a_page_needs():
    policy = content_security_policy([{"form-action": "https://market.example"}])
    assert "form-action 'self' https://market.example" in policy
    policy = content_security_policy([{"default-src": "'self'", "worker-src": "blob:"}])
    assert "default-src 'self';" in policy
    assert "worker-src blob:" in policy


def test_the_resume_cookie_is_closed_to_scripts_and_other_sites(world: World):
    answer = world.visitor().come_in()
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    # All links of a study read it, so that the pilot's people are known after.
    assert "Path=/s/;" in cookie


def test_the_server_says_that_it_is_there(world: World):
    answer = world.app.test_client().get("/healthz")
    assert answer.get_json() == {"status": "ok"}


def test_a_host_that_is_none_is_said_so_in_words(world: World):
    client = world.app.test_client()
    answer = client.get("/sign-in", headers={"Host": "a" * 300})
    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    assert client.get("/a%00b", headers={"Host": "a" * 300}).status_code == 404


def test_an_address_that_no_database_keeps_leads_nowhere(world: World):
    assert world.app.test_client().get("/dashboard/studies/a%00b").status_code == 404
