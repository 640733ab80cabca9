"""`secondlook hit`: prices, questions before money moves, and bad input in words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.marketplace_server import LiveMarketplace, live_marketplace
from tests.study_server.serving import NAME, STUDY

__all__ = ["live_marketplace"]

SECTION = """
[recruiter.mturk]
title = "Look at images"
description = "Say what you see"
reward = "1.20"
minutes = 6.0
cap = "100"
"""


@pytest.fixture
def market(live_marketplace: LiveMarketplace, monkeypatch) -> LiveMarketplace:
    """A marketplace that the environment points at."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_MTURK", live_marketplace.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", live_marketplace.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", live_marketplace.secret_key)
    return live_marketplace


@pytest.fixture
def posted(call, files) -> Path:
    """An open study whose file names the market."""
    return create(call, files)


def create(call, files: Path, section: str = SECTION) -> Path:
    (files / "study.toml").write_text(STUDY + section, "utf-8")
    call("study", "create", "study.toml", "--stimuli", "set")
    call("study", "freeze", NAME)
    return files


def n_entries(folder: Path) -> int:
    """Whether anything was ever written into the ledger."""
    with sqlite3.connect(folder / "secondlook.sqlite3") as connection:
        found: int = connection.execute("SELECT count(*) FROM ledger_entry").fetchone()[
            0
        ]
    connection.close()
    return found


def test_a_quote_is_exact_and_shows_pay_per_hour(call, posted, market, as_json):
    found = as_json("hit", "quote", NAME)
    # 12 main trials, 6 per block, 3 responses: 6 places of 1.20 and 20 % of it.
    assert (found["n_assignments"], found["total_minor"]) == (6, 6 * 144)
    assert (found["reward_total_minor"], found["fee_total_minor"]) == (720, 144)
    # 1.20 for 6 minutes are 12.00 an hour.
    assert found["hourly_minor"] == 1200
    said = call("hit", "quote", NAME).stdout
    assert "total           $8.64" in said
    assert "$12.00 at the estimated 6 minutes" in said


def test_the_way_from_posting_to_paying(call, posted, market, as_json):
    assert as_json("hit", "post", NAME)["n_posted"] == 6
    assert as_json("hit", "post", NAME)["n_posted"] == 0
    assert as_json("hit", "sync", NAME)["n_new"] == 0
    shown = call("hit", "show", NAME).stdout
    assert "HITs: 6 posted; 6 places open, 6 valid sessions lacking" in shown
    worker = market.add_worker()
    hit_id = market.client().list_hits()["HITs"][0]["HITId"]
    assignment = worker.do(hit_id)
    assert as_json("hit", "sync", NAME)["labels"] == {"unknown": 1}
    # Nobody came to our pages: a person decides.
    assert as_json("hit", "approve", NAME)["n_held"] == 1
    paid = as_json("hit", "approve", NAME, "--assignment", assignment)
    assert (paid["n_done"], paid["pay_minor"]) == (1, 120)
    bonus = ("hit", "bonus", NAME, "--amount", "0.50", "--assignment", assignment)
    assert as_json(*bonus, "--reason", "Thanks")["n_done"] == 1
    assert as_json(*bonus, "--reason", "Thanks")["n_before"] == 1
    # The HIT that was done takes nobody any more by itself.
    assert as_json("hit", "expire", NAME)["n_expired"] == 5
    report = as_json("hit", "reconcile", NAME)
    assert (report["n_ours"], report["orphans"], report["missing"]) == (6, [], [])


def test_live_prints_the_price_and_asks(call, posted, market, as_json):
    live = ("--live", "--endpoint", market.url)
    asked = call("hit", "post", NAME, *live, code=1, stdin="n\n")
    assert "LIVE, at http://127.0.0.1" in asked.stderr
    assert "total           $8.64" in asked.stderr
    assert market.client().list_hits()["HITs"] == []
    assert n_entries(posted) == 0
    assert as_json("hit", "post", NAME, *live, "--yes")["n_posted"] == 6


def test_live_never_follows_the_sandboxs_variable(call, posted, market, monkeypatch):
    # Amazon's own address, which this machine cannot reach, closed as it is.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    failed = call("hit", "post", NAME, "--live", "--yes", code=1)
    assert "mturk-requester.us-east-1.amazonaws.com cannot be reached" in failed.output
    assert market.client().list_hits()["HITs"] == []


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("AWS_ACCESS_KEY_ID", "AKIAWRONGWRONGWRONG1", "does not know these keys"),
        ("AWS_SECRET_ACCESS_KEY", "wrong", "does not know these keys"),
        ("AWS_ENDPOINT_URL_MTURK", "http://127.0.0.1:9", "cannot be reached"),
        ("AWS_ENDPOINT_URL_MTURK", "nonsense", "no address of a market"),
        ("AWS_ENDPOINT_URL_MTURK", "", "secondlook marketplace start"),
    ],
)
def test_wrong_keys_and_addresses_spend_nothing(
    call, posted, market, monkeypatch, variable, value, words
):
    monkeypatch.setenv(variable, value)
    assert words in call("hit", "post", NAME, code=1).output
    assert n_entries(posted) == 0
    assert market.client().list_hits()["HITs"] == []


def test_a_frame_that_browsers_would_refuse_is_not_posted(
    call, posted, market, monkeypatch
):
    monkeypatch.setenv("SECONDLOOK_BASE_URL", "http://lab.example.org")
    said = call("hit", "quote", NAME, code=1).output
    assert "browsers refuse plain http in a frame" in said
    assert "SECONDLOOK_BASE_URL" in said


def test_too_little_money_posts_nothing(call, posted, market, monkeypatch):
    with market.market.store.write() as tx:
        from study_server.marketplace.people import add_requester

        poor = add_requester(tx, "poor", balance_cents=863, at=market.market.clock())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", poor.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", poor.secret_key)
    failed = call("hit", "post", NAME, code=1)
    assert "holds $8.63, and this needs $8.64" in failed.output
    assert n_entries(posted) == 0


def test_a_study_posted_elsewhere_is_not_posted_again(call, posted, market):
    call("hit", "post", NAME)
    other = call("hit", "sync", NAME, "--endpoint", "http://127.0.0.1:9", code=1)
    assert "counts of two markets are never mixed" in other.output
    live = call("hit", "post", NAME, "--live", "--endpoint", market.url, code=1)
    assert "mix people who count with people who do not" in live.output


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('reward = "1.20"', "reward = 1.2", "expected dollars as text"),
        ('reward = "1.20"', 'reward = "1.205"', "expected dollars as text"),
        ('reward = "1.20"', 'reward = "much"', "expected dollars as text"),
        ("minutes = 6.0\n", "", "minutes: missing"),
        ('cap = "100"\n', "", "cap: missing"),
        (
            'cap = "100"',
            'cap = "100"\ndelivery = "html"\nimage_base_url = "http://x.org/i"',
            "expected an https:// address",
        ),
        ('cap = "100"', 'cap = "100"\ndelivery = "html"', "needs image_base_url"),
    ],
)
def test_a_section_that_is_wrong_is_refused_in_words(call, files, old, new, words):
    (files / "study.toml").write_text(STUDY + SECTION.replace(old, new), "utf-8")
    failed = call("study", "create", "study.toml", "--stimuli", "set", code=1)
    assert words in failed.output


def test_a_study_without_a_market_says_what_is_missing(call, files, market):
    create(call, files, section="")
    said = call("hit", "quote", NAME, code=1).output
    assert "add one ([recruiter.mturk]) to its file" in said


def test_a_cap_is_never_passed(call, files, market):
    folder = create(call, files, SECTION.replace('"100"', '"8.63"'))
    failed = call("hit", "post", NAME, code=1)
    assert "of the cap of $8.63 $8.63 are left" in failed.output
    assert n_entries(folder) == 0


def test_pay_below_the_floor_needs_a_reason_that_is_kept(call, files, market, as_json):
    create(call, files, SECTION + 'floor_per_hour = "12.01"\n')
    failed = call("hit", "post", NAME, code=1)
    assert "$12.00 an hour at the estimated 6 minutes" in failed.output
    why = "A pilot of one minute"
    assert as_json("hit", "post", NAME, "--low-pay-reason", why)["n_posted"] == 6
    assert why in call("hit", "show", NAME).stdout


@pytest.mark.parametrize("amount", ["0", "-1", "1.234", "lots"])
def test_a_bonus_that_is_no_money_is_refused(call, posted, market, amount):
    call("hit", "post", NAME)
    failed = call("hit", "bonus", NAME, "--amount", amount, code=1)
    assert "bonus needs an amount" in failed.output or "--amount" in failed.output


def test_nothing_is_rejected_without_a_name_and_a_reason(call, posted, market):
    call("hit", "post", NAME)
    call("hit", "reject", NAME, code=2)
    call("hit", "reject", NAME, "--feedback", "No", code=2)
    named = ("--assignment", "3X")
    unknown = call("hit", "reject", NAME, "--feedback", "No", *named, code=1)
    assert "no work is known under: 3X" in unknown.output
    hit_id = market.client().list_hits()["HITs"][0]["HITId"]
    assignment = market.add_worker().do(hit_id)
    call("hit", "sync", NAME)
    call("hit", "reject", NAME, "--feedback", "Empty", "--assignment", assignment)
    status = market.client().get_assignment(AssignmentId=assignment)["Assignment"]
    assert status["AssignmentStatus"] == "Rejected"
    back = ("--assignment", assignment, "--take-back-rejection")
    assert "1 approved" in call("hit", "approve", NAME, *back).stdout


def test_a_study_that_lets_nobody_in_is_not_posted(call, posted, market):
    call("study", "close", NAME)
    assert "study open tiny" in call("hit", "post", NAME, code=1).output


def test_more_places_are_posted_once_per_purpose(call, posted, market, as_json):
    call("hit", "post", NAME)
    hit_id = market.client().list_hits()["HITs"][0]["HITId"]
    more = ("hit", "extend", NAME, "--hit", hit_id, "--assignments", "2")
    assert as_json(*more)["n_extended"] == 1
    assert as_json(*more)["n_extended"] == 0
    found = market.client().get_hit(HITId=hit_id)["HIT"]
    assert found["MaxAssignments"] == 3
    assert as_json("hit", "extend", NAME, "--hours", "5")["n_extended"] == 6
    call("hit", "extend", NAME, code=2)
