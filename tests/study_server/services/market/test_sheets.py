"""Self-contained pages: handed in at once, judged like responses of our own pages."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from hit_templates.base import find_paradigms
from hit_templates.sheet import MAX_CSS_BYTES, sheet_css, sheet_script
from study_server.errors import QuestionTooLargeError
from study_server.services import Services
from study_server.services.market import collecting, paying
from tests.marketplace_server import LiveMarketplace, Worker, live_marketplace
from tests.study_server.services.market_world import World, make_world

__all__ = ["live_marketplace"]

HTML = 'delivery = "html"\nimage_base_url = "https://images.example.org/set"'


@pytest.fixture
def world(
    services: Services, live_marketplace: LiveMarketplace, stimuli: Path, tmp_path: Path
) -> World:
    return make_world(
        services, live_marketplace, folder=tmp_path, stimuli=stimuli, section=HTML
    )


def block_of(question: str) -> dict[str, Any]:
    """What the page's script reads."""
    found = re.search(
        r'<script type="application/json" id="sheet-block">(.*?)</script>',
        question,
        re.S,
    )
    assert found is not None
    block: dict[str, Any] = json.loads(found[1])
    return block


def page_answer(
    world: World, hit_id: str, *, n_left_out: int = 0, **changed: Any
) -> dict[str, str]:
    """What the page of a HIT hands in for somebody careful."""
    question = next(h["Question"] for h in world.hits() if h["HITId"] == hit_id)
    block = block_of(question)
    now = int(time.time() * 1000)
    right = right_answers(world)
    trials = block["trials"][: len(block["trials"]) - n_left_out]
    answer = {
        "v": 1,
        "sheet": block["sheet"],
        "consent_at": now - 60_000,
        "tries": [{"at": now - 50_000, "answers": block["right"]}],
        "responses": [
            {
                "at": now - 40_000 + 1000 * place,
                "key": f"key-{hit_id[:8]}-{place:04d}",
                "trial": trial["token"],
                "response": {"relevant": right[trial["token"]]},
                "rt_ms": 900.0,
                "events": [{"kind": "onset", "at_ms": 12.5}],
                "context": {"css_width": 224},
            }
            for place, trial in enumerate(trials)
        ],
        "survey": {"comments": "<fine> & ]]> 🦊 שלום", "nonsense": "x"},
        "sent": now,
        **changed,
    }
    return {"secondlook": json.dumps(answer)}


def right_answers(world: World) -> dict[str, str]:
    """Token of a page's trial to the right choice; yes where there is no key."""
    from study_server.store import trials

    places = [entry for hit in world.rows() for entry in (hit.sheet or {})["trials"]]
    with world.services.store.read() as tx:
        rows = trials.trials_by_key(tx, [entry["trial"] for entry in places])
    return {
        entry["token"]: (rows[entry["trial"]].key or {}).get("relevant", "yes")
        for entry in places
    }


def hand_in(world: World, worker: Worker, hit_id: str, **options: Any) -> str:
    answer = page_answer(world, hit_id, **options)
    return worker.do(hit_id, answer)


@pytest.mark.parametrize("paradigm", find_paradigms())
def test_the_sheet_is_small_and_the_script_is_one_piece(paradigm: str):
    assert len(sheet_css(paradigm).encode()) <= MAX_CSS_BYTES
    script = sheet_script(paradigm)
    assert not re.search(r"^\s*(import|export) ", script, re.M)


def test_a_page_reveals_no_key_and_shows_public_images(world: World):
    world.post()
    question = world.hits()[0]["Question"]
    block = block_of(question)
    kinds = [trial["kind"] for trial in block["trials"]]
    assert (kinds.count("practice"), kinds.count("trials")) == (2, 6)
    for trial in block["trials"]:
        assert ("key" in trial) == (trial["kind"] == "practice")
        assert 'src="https://images.example.org/set/' in trial["html"]
        assert not {"role", "condition", "truth"} & set(trial)
    assert len(question.encode()) < 65_535


def test_pages_are_taken_in_judged_and_paid(
    both_services: Services,
    live_marketplace: LiveMarketplace,
    stimuli: Path,
    tmp_path: Path,
):
    world = make_world(
        both_services, live_marketplace, folder=tmp_path, stimuli=stimuli, section=HTML
    )
    world.post()
    for hit_id in world.open_hits():
        hand_in(world, world.live.add_worker(), hit_id)
    report = collecting.sync(world.recruitment)
    assert report.labels == {"complete": 4}
    work = world.everything()
    assert [w.validity for w in work] == ["valid"] * 4
    # From accepting to the last response: seconds, never the time of the sync.
    assert all(w.duration_s is not None and w.duration_s < 60 for w in work)
    assert world.post().n_posted == 0
    assert paying.approve(world.recruitment).n_done == 4


def test_work_left_unfinished_is_labelled_and_its_place_posted_again(world: World):
    world.post()
    hit_id = world.open_hits()[0]
    hand_in(world, world.live.add_worker(), hit_id, n_left_out=2)
    collecting.sync(world.recruitment)
    (work,) = world.everything()
    assert (work.assignment.label, work.validity) == ("partial", "invalid")
    assert world.post().n_posted == 1
    assert paying.approve(world.recruitment).n_done == 1


def test_who_does_a_second_page_of_a_study_of_one_is_paid_but_does_not_count(
    world: World,
):
    world.post()
    worker = world.live.add_worker()
    for hit_id in world.open_hits()[:2]:
        hand_in(world, worker, hit_id)
    collecting.sync(world.recruitment)
    assert sorted(w.assignment.label for w in world.everything()) == [
        "complete",
        "repeat",
    ]
    assert paying.approve(world.recruitment).n_done == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"answer": "yes"},
        {"secondlook": "{}"},
        {"secondlook": '{"v": 1, "sheet": "another", "sent": 1}'},
        {"secondlook": "[" * 5000},
    ],
)
def test_what_is_no_page_is_kept_for_a_person_to_decide(world: World, answer):
    world.post()
    world.live.add_worker().do(world.open_hits()[0], answer)
    assert collecting.sync(world.recruitment).labels == {"unknown": 1}
    report = paying.approve(world.recruitment)
    assert (report.n_done, report.n_held) == (0, 1)


def test_an_answer_that_is_a_bomb_is_refused_and_nothing_is_lost(world: World):
    world.post()
    worker = world.live.add_worker()
    assignment = worker.accept(world.open_hits()[0])
    bomb = (
        '<!DOCTYPE a [<!ENTITY b "bb">]><QuestionFormAnswers><Answer>'
        "<QuestionIdentifier>secondlook</QuestionIdentifier><FreeText>&b;</FreeText>"
        "</Answer></QuestionFormAnswers>"
    )
    worker.submit(assignment, answer_xml=bomb)
    assert collecting.sync(world.recruitment).labels == {"unknown": 1}
    (work,) = world.everything()
    assert "document type" in work.assignment.problem
    assert work.assignment.answer == bomb


def test_a_page_that_does_not_agree_counts_nothing(world: World):
    world.post()
    hand_in(world, world.live.add_worker(), world.open_hits()[0], consent_at=None)
    collecting.sync(world.recruitment)
    (work,) = world.everything()
    assert (work.assignment.label, work.validity) == ("unknown", None)
    assert "without agreeing" in work.assignment.problem
    assert paying.approve(world.recruitment).n_held == 1


def test_a_page_over_the_limit_says_its_size_and_offers_external(
    services: Services, live_marketplace: LiveMarketplace, stimuli: Path, tmp_path: Path
):
    world = make_world(
        services,
        live_marketplace,
        folder=tmp_path,
        stimuli=stimuli,
        section=HTML + '\n[texts]\ninstructions = """' + "long " * 13_000 + '"""',
    )
    before = world.balance_minor()
    with pytest.raises(QuestionTooLargeError, match=r"\d\d,\d\d\d bytes.*external"):
        world.post()
    assert world.balance_minor() == before
    assert world.account().committed_minor == 0
