"""Both sites below a path of a host, behind a web server that strips it or does not."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import httpx
import pytest

from study_server.app import create_app
from study_server.errors import SettingsError
from study_server.marketplace.app import create_marketplace
from study_server.marketplace.opening import open_marketplace
from study_server.marketplace.people import add_requester
from study_server.marketplace.settings import MarketplaceSettings
from tests.local_server import served
from tests.study_server.web.worlds import PASSWORD, World

LAB = "/lab"
_NOT_PASSED_ON = {"transfer-encoding", "connection", "content-length", "server", "date"}


@contextmanager
def proxied(*, strips: bool) -> Iterator[tuple[str, list[str]]]:
    """A web server in front of /lab alone: its address, and where it sends (first)."""
    upstream: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            if self.path != LAB and not self.path.startswith(f"{LAB}/"):
                self.send_error(404, "somebody else's site")
                return
            path = self.path.removeprefix(LAB) or "/" if strips else self.path
            length = int(self.headers.get("Content-Length") or 0)
            answer = httpx.request(
                self.command,
                upstream[0] + path,
                headers=self.headers.items(),
                content=self.rfile.read(length),
            )
            self.send_response(answer.status_code)
            for name, value in answer.headers.multi_items():
                if name not in {*_NOT_PASSED_ON, "content-encoding"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = pass_on  # noqa: N815 - names that the library calls

        def log_message(self, *_args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    with running(server):
        yield f"http://127.0.0.1:{server.server_port}", upstream


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Site:
    """A browser at a site that lies below /lab."""

    client: httpx.Client

    def open(self, path: str) -> httpx.Response:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        for link in re.findall(r'(?:href|src|action)="(/[^"]*)"', answer.text):
            assert link.startswith(f"{LAB}/"), (path, link)
            if "static" in link or "/hit/" in link or "/media/" in link:
                assert self.client.get(link).status_code == 200, link
        return answer


@pytest.fixture(params=[True, False], ids=["path taken off", "path passed on"])
def front(request) -> Iterator[tuple[str, list[str]]]:
    with proxied(strips=request.param) as found:
        yield found


@pytest.fixture
def site(front, world: World) -> Iterator[Site]:
    address, upstream = front
    settings = replace(world.services.settings, base_url=f"{address}{LAB}")
    app = create_app(settings, services=replace(world.services, settings=settings))
    with served(app) as there, httpx.Client(base_url=address) as client:
        upstream.append(there)
        yield Site(client)


def test_a_participant_comes_in_and_goes_on_below_a_path(site: Site, world: World):
    visitor = world.visitor()
    link = LAB + visitor.link
    site.open(link)
    came = site.client.post(link, params=visitor.parameters)
    home = came.headers["location"]
    assert home.startswith(f"{LAB}/p/")
    assert f"Path={LAB}/s/" in came.headers["set-cookie"]
    for step, fields in (
        ("consent", {"agree": "yes"}),
        ("warning", {}),
        ("instructions", {}),
        ("comprehension", {"question_0": "0", "question_1": "1"}),
    ):
        site.open(home)
        assert site.client.post(home + step, data=fields).headers["location"] == home
    site.open(home)
    block = site.client.get(f"{home}block.json").json()
    for url in (block["post_url"], block["done_url"], *block["trials"][0]["images"]):
        assert url.startswith(f"{LAB}/"), url
    payload = visitor.payload(block["trials"][0]["token"])
    assert site.client.post(block["post_url"], json=payload).status_code == 200
    assert site.client.get(block["trials"][0]["images"][0]).status_code == 200


def test_a_researcher_is_sent_to_the_form_and_back_below_a_path(site: Site):
    asked = site.client.get(f"{LAB}/dashboard/studies/small")
    form = asked.headers["location"]
    page = site.open(form)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
    wanted = re.findall(r'name="next" value="([^"]+)"', page.text)[0]
    fields = {"csrf_token": token, "name": "ada", "password": PASSWORD, "next": wanted}
    signed_in = site.client.post(form.partition("?")[0], data=fields)
    assert signed_in.headers["location"] == f"{LAB}/dashboard/studies/small"
    assert f"Path={LAB}" in signed_in.headers["set-cookie"]
    site.open(f"{LAB}/dashboard/studies/small")


def test_the_marketplace_works_below_a_path_signatures_included(front, tmp_path: Path):
    address, upstream = front
    market = open_marketplace(
        MarketplaceSettings(
            database_url=f"sqlite:///{tmp_path}/market.sqlite3",
            base_url=f"{address}{LAB}",
            secret_key="s" * 40,
        )
    )
    with market.store.write() as tx:
        made = add_requester(tx, "r", balance_cents=100, at=market.clock())
        keys = made.access_key, made.secret_key
    with ExitStack() as stack:
        stack.callback(market.store.close)
        upstream.append(
            stack.enter_context(served(create_marketplace(market, has_courier=False)))
        )
        site = Site(stack.enter_context(httpx.Client(base_url=address)))
        sent_on = site.client.get(f"{LAB}/worker/", follow_redirects=True)
        site.open(sent_on.url.raw_path.decode())
        client = boto3.client(
            "mturk",
            endpoint_url=f"{address}{LAB}",
            region_name="us-east-1",
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
        )
        assert client.get_account_balance()["AvailableBalance"] == "1.00"
        client.close()


@pytest.mark.parametrize("path", ["/s", "/p/x", "/static", "/a b", "/..", "/caf%C3%A9"])
def test_a_path_that_cannot_be_told_apart_is_refused_at_the_start(world: World, path):
    settings = replace(world.services.settings, base_url=f"https://host.example{path}")
    with pytest.raises(SettingsError, match="base_url"):
        create_app(settings, services=replace(world.services, settings=settings))
