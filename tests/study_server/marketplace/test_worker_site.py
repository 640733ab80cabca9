"""The worker site and the requester's pages over HTTP, without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from werkzeug.security import generate_password_hash

from study_server.marketplace.questions.html_questions import adapt
from study_server.marketplace.store.workers import all_workers as all_of
from tests.marketplace_server import EXTERNAL, HTML, LiveMarketplace
from tests.study_server.marketplace.requests import PROPERTIES, balance, get, post
from tests.study_server.marketplace.work.test_qualifications import KEY, TEST, make_type

PASSWORD = "long-password-1"  # noqa: S105
FORM = (
    '<form action="https://www.mturk.com/mturk/externalSubmit" method="post">'
    '<script src="https://s3.amazonaws.com/mturk-public/externalHIT_v1.js"></script>'
    '<input name="assignmentId"></form>'
)


class Visitor:
    """A browser without scripts."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=20)

    def get(self, path: str, **params: str) -> httpx.Response:
        return self.http.get(path, params=params)

    def post(self, path: str, *, on: str = "/worker/sign-in", **data: str) -> Any:
        """Send a form of the page `on`, with its token."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(on).text)
        assert found, on
        return self.http.post(path, data={"csrf_token": found[1], **data})

    def sign_up(self, name: str = "anna", **profile: str) -> Any:
        data = {"name": name, "password": PASSWORD, "country": "DE", **profile}
        return self.post("/worker/sign-up", on="/worker/sign-up", **data)


@pytest.fixture
def visitor(live: LiveMarketplace) -> Iterator[Visitor]:
    found = Visitor(live.url)
    yield found
    found.http.close()


def frame_of(page: httpx.Response) -> str:
    found = re.search(r'<iframe[^>]* src="([^"]+)"', page.text)
    assert found, page.text
    return found[1].replace("&amp;", "&")


def group_of(hit: dict[str, Any]) -> str:
    return f"/worker/projects/{hit['HITGroupId']}/tasks"


def test_an_external_hit_from_list_to_earnings(live, client, visitor):
    hit = post(client, MaxAssignments=2, AutoApprovalDelayInSeconds=3600)
    assert "Look at pictures" in visitor.get("/").text
    assert "Sign in to accept" in visitor.get(group_of(hit)).text
    assert visitor.sign_up().url.path == "/worker/"

    preview = visitor.get(group_of(hit))
    shown = httpx.URL(frame_of(preview))
    assert dict(shown.params) == {
        "a": "1",
        "b": "2",
        "assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE",
        "hitId": hit["HITId"],
        "turkSubmitTo": live.url,
    }

    page = visitor.post(f"/worker/hits/{hit['HITId']}/accept", on=group_of(hit))
    shown = httpx.URL(frame_of(page))
    assert shown.params["workerId"].startswith("A")
    assignment_id = shown.params["assignmentId"]
    # The form comes from another site, without a cookie.
    sent = httpx.post(
        f"{live.url}/mturk/externalSubmit",
        data={"assignmentId": assignment_id, "choice": ["a", "b"], "ü": "😀"},
    )
    assert sent.status_code == 200
    assert "submitted" in sent.text

    (found,) = client.list_assignments_for_hit(HITId=hit["HITId"])["Assignments"]
    assert found["WorkerId"] == shown.params["workerId"]
    assert "<FreeText>a|b</FreeText>" in found["Answer"]
    assert "Thank you" in visitor.get(f"/worker/assignments/{assignment_id}").text
    assert "$0.50" in visitor.get("/worker/work").text
    live.advance(3601)
    client.send_bonus(
        WorkerId=found["WorkerId"],
        AssignmentId=assignment_id,
        BonusAmount="0.25",
        Reason="very careful",
    )
    earned = visitor.get("/worker/work").text
    assert "$0.75" in earned
    assert "very careful" in visitor.get("/worker/messages").text


def test_the_form_must_send_an_assignment_and_something_else(live, client, visitor):
    hit = post(client)
    assignment_id = live.add_worker().accept(hit["HITId"])
    submit = f"{live.url}/mturk/externalSubmit"

    for data, words in (
        ({}, "no assignmentId"),
        ({"assignmentId": "3NONE", "x": "1"}, "no assignmentId"),
        ({"assignmentId": assignment_id}, "at least one more field"),
        ({"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "x": "1"}, "preview"),
    ):
        refused = httpx.post(submit, data=data)
        assert refused.status_code >= 400
        assert words in refused.text
    assert httpx.post(submit, data={"assignmentId": assignment_id, "x": ""}).is_success
    again = httpx.post(submit, data={"assignmentId": assignment_id, "x": "2"})
    assert (again.status_code, "handed in before" in again.text) == (409, True)


@pytest.mark.parametrize(
    ("method", "in_address", "in_body"),
    [("GET", ["assignmentId", "x"], []), ("POST", ["assignmentId"], ["x"])],
)
def test_the_address_may_carry_fields(live, client, method, in_address, in_body):
    hit = post(client)
    fields = {"assignmentId": live.add_worker().accept(hit["HITId"]), "x": "7"}

    sent = httpx.request(
        method,
        f"{live.url}/mturk/externalSubmit",
        params={name: fields[name] for name in in_address},
        data={name: fields[name] for name in in_body},
    )

    assert sent.status_code == 200
    (found,) = client.list_assignments_for_hit(HITId=hit["HITId"])["Assignments"]
    assert found["Answer"].count("<Answer>") == 1
    assert "x</QuestionIdentifier><FreeText>7</FreeText>" in found["Answer"]


@pytest.mark.parametrize(
    ("posted", "shown"),
    [
        ('"https://workersandbox.mturk.com" + "/mturk/externalSubmit"', '"{site}" + '),
        ("'https://www.mturk.com/' + path", "'{site}/' + path"),
        ("`//www.mturk.com/mturk/externalSubmit?a=1`", "`{site}/mturk/external"),
        ('<a href="https://www.mturk.com/help">', "https://www.mturk.com/help"),
    ],
)
def test_scripts_of_html_hits_find_the_site(posted, shown):
    page = adapt(posted, site="http://here", hit_script="", crowd_script="")

    assert shown.format(site="http://here") in page


def test_an_html_hit_cannot_touch_the_site(live, client, visitor):
    hit = post(client, Question=HTML.format(html=FORM))
    visitor.sign_up()
    page = visitor.post(f"/worker/hits/{hit['HITId']}/accept", on=group_of(hit))
    frame = re.search(r"<iframe[^>]*>", page.text)
    assert frame
    assert "allow-same-origin" not in frame[0]
    assert "allow-top-navigation" not in frame[0]

    shown = visitor.http.get(frame_of(page))

    policy = shown.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-same-origin" not in policy
    assert f'action="{live.url}/mturk/externalSubmit"' in shown.text
    assert f"{live.url}/static/marketplace/external_hit.js" in shown.text
    script = visitor.get("/static/marketplace/external_hit.js")
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    # The API gives it back as it was posted.
    assert get(client, hit["HITId"])["Question"] == HTML.format(html=FORM)


def test_a_frames_address_cannot_be_made_up(visitor):
    assert visitor.get("/task/3SOMETHING").status_code == 404
    assert visitor.get("/test/3SOMETHING").status_code == 404


def test_a_page_of_this_very_site_gets_no_cookies(live, client, visitor):
    hit = post(client, Question=EXTERNAL.format(url=f"{live.url}/worker/work"))
    visitor.sign_up()

    frame = re.search(r"<iframe[^>]*>", visitor.get(group_of(hit)).text)

    assert frame
    assert "allow-same-origin" not in frame[0]


def test_a_question_form_is_shown_and_answered(live, client, visitor):
    hit = post(client, Question=TEST)
    visitor.sign_up()
    page = visitor.post(f"/worker/hits/{hit['HITId']}/accept", on=group_of(hit))
    url = frame_of(page)
    shown = visitor.http.get(url)
    assert "Capital of France?" in shown.text
    assert 'value="p"' in shown.text

    assignment_id = httpx.URL(url).params["assignmentId"]
    data = {"assignmentId": assignment_id, "capital": "p"}
    assert httpx.post(f"{live.url}/mturk/externalSubmit", data=data).is_success

    (found,) = client.list_assignments_for_hit(HITId=hit["HITId"])["Assignments"]
    assert "<SelectionIdentifier>p</SelectionIdentifier>" in found["Answer"]


def test_lists_are_searched_and_filtered(live, client, visitor):
    type_id = make_type(client)
    asks = {"QualificationTypeId": type_id, "Comparator": "Exists"}
    hidden = {**asks, "ActionsGuarded": "DiscoverPreviewAndAccept"}
    post(client, Title="Name 100% of birds", Keywords="nature, wings")
    post(client, Title="Only for some", QualificationRequirements=[asks])
    post(client, Title="Nobody sees this", QualificationRequirements=[hidden])
    visitor.sign_up()

    def titles(**params):
        page = visitor.get("/worker/", **params).text
        return re.findall(r'mk-title"><a[^>]*>([^<]+)', page)

    assert titles() == ["Only for some", "Name 100% of birds"]
    assert titles(qualified="yes") == ["Name 100% of birds"]
    assert titles(words="WINGS nature") == ["Name 100% of birds"]
    assert titles(words="100%") == ["Name 100% of birds"]
    assert titles(words="_") == []


def test_returning_and_the_group_that_is_done(live, client, visitor):
    hit = post(client)
    visitor.sign_up()
    page = visitor.post(f"/worker/hits/{hit['HITId']}/accept", on=group_of(hit))
    here = page.url.path
    assert f'href="{here}">Go on' in visitor.get("/worker/").text
    assert visitor.post(f"{here}/return", on=here).url.path == "/worker/"
    assert get(client, hit["HITId"])["HITStatus"] == "Assignable"
    # What was returned can be taken again.
    assert "Accept</button>" in visitor.get(group_of(hit)).text
    live.add_worker().do(hit["HITId"])

    refused = visitor.post(f"/worker/hits/{hit['HITId']}/accept", on="/worker/")
    assert "There are no more assignments of this HIT" in refused.text


def test_qualifications_are_asked_for_and_tested(live, client, visitor):
    make_type(client, name="Given", AutoGranted=True)
    make_type(client, name="Earned", Test=TEST, TestDurationInSeconds=60, AnswerKey=KEY)
    visitor.sign_up()
    listed = visitor.get("/worker/qualifications").text
    asks = dict(
        zip(
            re.findall(r'<h3 class="mk-title">(\w+)', listed),
            re.findall(r'action="(/worker/qualifications/\w+)"', listed),
            strict=True,
        )
    )
    visitor.post(asks["Given"], on="/worker/qualifications")
    page = visitor.post(asks["Earned"], on="/worker/qualifications")
    test = frame_of(page)
    assert "Capital of France?" in visitor.get(test).text
    assert httpx.post(f"{live.url}{test}", data={"capital": "p"}).is_success

    mine = visitor.get("/worker/qualifications").text
    assert re.search(r"Earned.*?<td class=\"text-end\">100<", mine, re.DOTALL)
    assert "Given" in mine


def test_passwords_are_checked_and_guessing_slows_down(live, visitor):
    visitor.sign_up("anna")
    visitor.post("/worker/sign-out", on="/worker/")
    assert visitor.get("/worker/work").url.path == "/worker/sign-in"

    wrong = [
        visitor.post(
            "/worker/sign-in", name="anna", password="wrong-password"
        ).status_code
        for _ in range(6)
    ]
    assert wrong == [403] * 5 + [429]


def test_signing_out_ends_a_stolen_cookie_and_old_hashes_are_renewed(live, visitor):
    visitor.sign_up("anna")
    stolen = visitor.http.cookies.get("secondlook-marketplace")
    thief = httpx.Client(base_url=live.url, cookies={"secondlook-marketplace": stolen})
    assert thief.get("/worker/work").status_code == 200
    visitor.post("/worker/sign-out", on="/worker/")
    assert thief.get("/worker/work").status_code == 303
    thief.close()

    old = generate_password_hash(PASSWORD, method="scrypt")
    with live.market.store.write() as tx:
        all_of(tx)[0].password_hash = old
    page = visitor.post("/worker/sign-in", name="anna", password=PASSWORD)
    assert page.url.path == "/worker/"
    with live.market.store.read() as tx:
        kept = all_of(tx)[0].password_hash
    assert str(kept).startswith("$argon2id$")
    assert visitor.get("/worker/work").url.path == "/worker/work"


def test_a_password_in_time_lets_in_and_leads_back(live, visitor):
    visitor.sign_up("anna")
    visitor.post("/worker/sign-out", on="/worker/")

    page = visitor.post(
        "/worker/sign-in", name="anna", password=PASSWORD, next="/worker/work"
    )
    assert page.url.path == "/worker/work"
    evil = visitor.post(
        "/worker/sign-in", name="anna", password=PASSWORD, next="//evil.example/"
    )
    assert evil.url.path == "/worker/"


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"name": "no spaces"}, "expected up to 64 letters"),
        ({"password": "short"}, "10 to 1000"),
        ({"country": "Germany"}, "two capitals"),
        ({"name": "taken"}, "is taken"),
    ],
)
def test_signing_up_says_what_is_wrong(live, visitor, profile, words):
    live.add_worker(name="taken")

    refused = visitor.sign_up(**{"name": "anna", **profile})

    assert (refused.status_code, words in refused.text) == (400, True)


def test_forms_without_the_token_of_their_page_do_nothing(live, client, visitor):
    hit = post(client)
    visitor.sign_up()

    assert visitor.http.post(f"/worker/hits/{hit['HITId']}/accept").status_code == 400
    assert get(client, hit["HITId"])["NumberOfAssignmentsPending"] == 0


def test_the_requester_decides_in_the_browser(live: LiveMarketplace, client, visitor):
    hit = post(client, MaxAssignments=2, RequesterAnnotation="block 7")
    good = live.add_worker().do(hit["HITId"], {"label": "<b>cat</b>"})
    bad = live.add_worker().do(hit["HITId"], {"label": ""})
    page = visitor.get("/requester/")
    assert page.url.path == "/requester/sign-in"
    keys = {"access_key": live.access_key, "secret_key": live.secret_key}
    wrong = {**keys, "secret_key": "wrong"}
    sign_in = "/requester/sign-in"
    assert visitor.post(sign_in, on=sign_in, **wrong).status_code == 403

    page = visitor.post(sign_in, on=sign_in, **keys)
    assert hit["HITId"] in page.text
    here = f"/requester/hits/{hit['HITId']}"
    page = visitor.get(here)
    assert "&lt;b&gt;cat&lt;/b&gt;" in page.text
    assert "block 7" in page.text
    visitor.post(f"/requester/assignments/{good}/approve", on=here)
    refused = visitor.post(f"/requester/assignments/{bad}/reject", on=here)
    assert "say why" in refused.text
    visitor.post(f"/requester/assignments/{bad}/reject", on=here, feedback="empty")

    statuses = [
        client.get_assignment(AssignmentId=a)["Assignment"]["AssignmentStatus"]
        for a in (good, bad)
    ]
    assert statuses == ["Approved", "Rejected"]
    assert balance(client)[0] == balance(live.client())[0]
    spent = visitor.get("/requester/").text
    # 0.50 to the worker, 0.10 to the marketplace
    assert "$0.50</b><span>rewards" in spent
    assert "$0.10</b><span>fees" in spent
    assert re.search(r"A\w{13}", visitor.get("/requester/workers").text)


def test_hits_of_one_type_are_one_row_of_the_requesters_list(live, client, visitor):
    cats = [post(client, Title="Cats", MaxAssignments=2) for _ in range(3)]
    for number in range(2):
        post(client, Title="Dogs", RequesterAnnotation=f"dogs {number}")
    live.add_worker().do(cats[0]["HITId"], {"label": "cat"})
    sign_in = "/requester/sign-in"
    keys = {"access_key": live.access_key, "secret_key": live.secret_key}
    page = visitor.post(sign_in, on=sign_in, **keys).text
    rows = re.findall(r"<tr><th.*?</tr>", page, re.S)[1:]
    cells = [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in rows]
    # HITs, reward, done of all, to decide, open.
    assert [row[:5] for row in cells] == [
        ["2", "$0.50", "0 / 2", "0", "2"],
        ["3", "$0.50", "1 / 6", "1", "5"],
    ]
    listed = visitor.get(f"/requester/types/{cats[0]['HITTypeId']}").text
    assert all(hit["HITId"] in listed for hit in cats)
    assert "dogs" not in listed
    assert visitor.get("/requester/types/NOTMINE").status_code == 404


def test_another_requesters_hit_is_not_shown(live: LiveMarketplace, client, visitor):
    other = live.requester_client("other")
    theirs = other.create_hit(
        **PROPERTIES, LifetimeInSeconds=60, Question=HTML.format(html="x")
    )["HIT"]
    sign_in = "/requester/sign-in"
    keys = {"access_key": live.access_key, "secret_key": live.secret_key}
    visitor.post(sign_in, on=sign_in, **keys)

    assert visitor.get(f"/requester/hits/{theirs['HITId']}").status_code == 404


def test_the_old_preview_address_leads_to_the_group(live, client, visitor):
    hit = post(client)
    for group in (hit["HITGroupId"], hit["HITTypeId"]):
        page = visitor.get("/mturk/preview", groupId=group)
        assert page.url.path == group_of(hit)
    assert visitor.get("/mturk/preview", groupId="3NONE").status_code == 404
