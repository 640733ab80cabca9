"""Sessions and open forms go on after the key was replaced, and end with the key."""

from __future__ import annotations

from dataclasses import replace

from flask.testing import FlaskClient

from study_server.app import create_app
from tests.study_server.web.dashboard.test_studies import csrf_of, sign_in
from tests.study_server.web.worlds import SECRET, World

NEW = "a key that came later and is long enough"


def carried_over(world: World, client: FlaskClient, *, former_keys: str) -> FlaskClient:
    """The same browser at the same server, started again with another key."""
    settings = replace(world.services.settings, secret_key=NEW, former_keys=former_keys)
    app = create_app(settings, services=replace(world.services, settings=settings))
    again = app.test_client()
    cookie = client.get_cookie("secondlook")
    assert cookie is not None
    again.set_cookie("secondlook", cookie.value)
    return again


def test_whoever_is_signed_in_stays_and_can_send_a_form_that_was_open(world: World):
    client = world.app.test_client()
    sign_in(client)
    token = csrf_of(client, "/dashboard/")
    again = carried_over(world, client, former_keys=SECRET)
    assert again.get("/dashboard/").status_code == 200
    sent = again.post("/sign-out", data={"csrf_token": token})
    assert sent.status_code in (302, 303)


def test_forgetting_the_key_signs_everybody_out(world: World):
    client = world.app.test_client()
    sign_in(client)
    again = carried_over(world, client, former_keys="")
    assert again.get("/dashboard/").status_code in (302, 303)
