"""What the marketplace's pages promise browsers, and what no address can do to them."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.marketplace_server import EXTERNAL, LiveMarketplace, serving_marketplace
from tests.study_server.marketplace.requests import post
from tests.study_server.marketplace.test_worker_site import Visitor, frame_of, group_of

PUBLIC = "https://market.example/crowd"
HSTS = "Strict-Transport-Security"


@pytest.fixture
def public(tmp_path) -> Iterator[LiveMarketplace]:
    (tmp_path / "public").mkdir()
    with serving_marketplace(tmp_path / "public", base_url=PUBLIC) as found:
        yield found


def test_behind_https_cookies_and_browsers_stay_with_it(live, public):
    answer = httpx.get(f"{public.url}/worker/sign-in")
    assert answer.headers[HSTS] == "max-age=31536000"
    assert "; Secure;" in answer.headers["Set-Cookie"] + ";"
    plain = httpx.get(f"{live.url}/worker/sign-in")
    assert HSTS not in plain.headers
    assert "Secure" not in plain.headers["Set-Cookie"]


def test_forms_of_hits_are_sent_to_the_public_address_whatever_the_host_says(public):
    hit = post(public.client(endpoint_url=f"{public.url}/crowd"))
    page = httpx.get(public.url + group_of(hit), headers={"Host": "evil.example"})
    assert "turkSubmitTo=https%3A%2F%2Fmarket.example%2Fcrowd" in page.text
    assert "evil.example" not in page.text


@pytest.mark.parametrize(
    "written", ["http://127.0.0.1:{port}", "http://x@127.0.0.1:{port}", "{upper}"]
)
def test_a_page_of_ours_in_a_frame_gets_no_access_to_this_site(live, client, written):
    port = live.url.rpartition(":")[2]
    url = written.format(port=port, upper=live.url.upper()) + "/worker/work"
    hit = post(client, Question=EXTERNAL.format(url=url))
    page = httpx.get(live.url + group_of(hit))
    assert "/worker/work" in frame_of(page)
    assert "allow-same-origin" not in page.text
    question = EXTERNAL.format(url="https://example.org/")
    other = post(client, Question=question, Title="Elsewhere")
    assert "allow-same-origin" in httpx.get(live.url + group_of(other)).text


def test_no_link_puts_words_on_a_page(live, client):
    hit = post(client)
    visitor = Visitor(live.url)
    visitor.sign_up()
    for path in (group_of(hit), "/worker/qualifications"):
        assert "Call 555" not in visitor.get(path, problem="Call 555").text
    keys = {"access_key": live.access_key, "secret_key": live.secret_key}
    visitor.post("/requester/sign-in", on="/requester/sign-in", **keys)
    page = visitor.get(f"/requester/hits/{hit['HITId']}", problem="Call 555")
    assert hit["HITId"] in page.text
    assert "Call 555" not in page.text
    visitor.http.close()


def test_why_a_hit_was_not_accepted_is_said_once(live, client):
    hit = post(client, MaxAssignments=1)
    first, second = Visitor(live.url), Visitor(live.url)
    first.sign_up("anna")
    second.sign_up("ben")
    on = group_of(hit)
    visitors_page = second.get(on)
    assert visitors_page.status_code == 200
    first.post(f"/worker/hits/{hit['HITId']}/accept", on="/worker/sign-in")
    told = second.post(f"/worker/hits/{hit['HITId']}/accept", on="/worker/sign-in")
    assert 'role="alert"' in told.text
    assert 'role="alert"' not in second.get(on).text
    first.http.close()
    second.http.close()
