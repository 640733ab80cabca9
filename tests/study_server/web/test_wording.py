"""A study can be run wholly in another language: every wording is its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hit_templates.base import find_paradigms, get_paradigm
from study_server.services import utc_now
from study_server.services.studies.life import close_study
from study_server.services.study_files.file import StudyFileError, parse_study_file
from study_server.services.study_files.page_texts import PAGE_TEXTS
from study_server.services.study_files.texts import (
    DEFAULT_CONSENT,
    DEFAULT_DATA_USE,
    DEFAULT_LATER_USE,
    DEFAULT_MACHINE_WRITING,
    DEFAULT_RISKS,
    SERVER_TEXTS,
    all_texts,
    placeholders,
)
from study_server.web.application import EXTENSION
from tests.hit_templates.markup import Markup
from tests.study_server.web.worlds import NAMES, Visitor, World, make_world

KNOWN = {**SERVER_TEXTS, **get_paradigm("relevance").default_texts}
LATE = timedelta(hours=3)
# What the way below does not come by: another question or handoff, refusals that
# need another study, and what is no text.
ELSEWHERE = {
    *("question_any", "question_each", "continue", "feedback_nearly"),
    *("finish_code", "finish_code_again", "copy_code"),
    *("finish_form", "finish_form_button"),
    *("frame_preview", "frame_stop", "frame_return"),
    *("device_desktop", "device_tablet", "device_phone", "excluded_device"),
    *("excluded_title", "excluded_earlier", "excluded_other"),
    *("many_starting", "many_starting_title"),
    *("held", "held_title", "held_next", "held_next_inviter", "held_no_code"),
    *("elsewhere", "elsewhere_title", "elsewhere_ask", "elsewhere_ask_inviter"),
    *("landing_other_before", "not_open", "paused", "rehearsal"),
    *("landing_takes", "landing_takes_measured", "landing_no_practice"),
    *("consent_age_box", "consent_no_age", "finish_stopped"),
    *("frame_stop_return", "frame_stop_paid", "frame_stop_hand_in"),
    *("yes_keys", "no_keys"),
    # Studies in parts, and those that measure screens, have a test of their own.
    *("parts_title", "parts_feedback", "landing_card"),
    *(key for key in PAGE_TEXTS if key.startswith(("break_", "screen_"))),
}


def marker(key: str) -> str:
    """What stands for a translation: the key, and the places it must keep."""
    places = " ".join(f"{{{name}}}" for name in sorted(placeholders(KNOWN[key])))
    return f"«{key}» {places}".strip()


def a_study() -> str:
    own = {**{key: marker(key) for key in KNOWN}, "yes_keys": "j 1", "no_keys": "n 2"}
    texts = "\n".join(f"{key} = {json.dumps(text)}" for key, text in own.items())
    return f"""
[study]
name = "small"
title = "«title»"
language = "de-AT"
paradigm = "relevance"
[design]
responses_per_trial = 4
trials_per_block = 5
n_practice = 2
max_blocks_per_participant = 2
[quality]
min_catch_accuracy = 0.5
[analysis]
agreement = 2
[consent]
version = "«v»"
contact = "«contact»"
text = "«consent»"
[texts]
{texts}
[comprehension]
questions = [{{ question = "«q»", choices = ["«a»", "«b»"], right = 0, explain = "«c»" }}]
[survey]
questions = [{{ name = "age", question = "«age»" }}, {{ name = "sex", question = "«sex»", choices = ["«x»"] }}]
[recruiter.lab]
link = "open"
[recruiter.link]
id_parameter = "WHO"
completion_code = "4242"
redirect = "https://example.org/?c={{code}}"
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[World]:
    world = make_world(tmp_path, toml=a_study())
    yield world
    world.services.store.close()


def spoken(page: str) -> str:
    """Everything on a page that people read or hear."""
    found = Markup(page)
    names = ("alt", "aria-label", "title", "data-copied", "data-copy-by-hand")
    heard = [
        str(given.get(name) or "") for _, given in found.elements for name in names
    ]
    for _, given in found.elements:
        said: dict[str, str] = json.loads(given.get("data-words") or "{}")
        heard += said.values()
    return " ".join([found.text, *heard])


def left_in_english(page: str) -> str:
    """What letters remain without translations, class names and codes."""
    text = re.sub(r"«\w+»", " ", spoken(page))
    for known in (*NAMES, "what is meant", "a bird", "Secondlook"):
        text = text.replace(known, " ")
    return " ".join(re.findall(r"[A-Za-z]{2,}", text))


def walk(world: World, visitor: Visitor) -> Iterator[str]:
    """Every page of somebody who does two blocks."""
    yield visitor.client.get(visitor.link, query_string=visitor.parameters).text
    visitor.come_in()
    yield visitor.client.get(visitor.link, query_string=visitor.parameters).text
    yield visitor.page()
    yield visitor.post("consent").text
    visitor.post("consent", agree="yes")
    for step in ("warning", "instructions"):
        yield visitor.page()
        visitor.post(step)
    yield visitor.page()
    yield visitor.post("comprehension").text
    visitor.post("comprehension", question_0="1")
    yield visitor.page()
    visitor.post("comprehension", question_0="0")
    yield from block(visitor, "practice")
    yield from block(visitor, "trials")
    yield visitor.page()
    yield visitor.post("survey", age="x" * 2001).text
    yield visitor.post("survey", sex="other").text
    visitor.post("survey")
    yield visitor.page()
    visitor.post("another")
    yield from block(visitor, "trials")
    yield visitor.page()
    yield visitor.post("another").text
    yield visitor.client.get(f"{visitor.home}withdraw").text
    visitor.post("debriefing")
    yield visitor.page()
    yield visitor.client.get(visitor.link, query_string=visitor.parameters).text


def block(visitor: Visitor, kind: str) -> Iterator[str]:
    yield visitor.page()
    yield visitor.client.get(f"{visitor.home}?go={kind}").text
    for trial in visitor.open_trials():
        yield trial["html"]
        receipt = visitor.send(visitor.payload(trial["token"])).get_json()
        if receipt["feedback"]:
            yield receipt["feedback"]["text"]


def ends(world: World) -> Iterator[str]:
    """Every page of those who do not come to the end."""
    failing = world.visitor("link", WHO="fails")
    failing.come_in()
    failing.post("consent", agree="yes")
    failing.post("warning")
    failing.post("instructions")
    for used in "01":
        failing.post("comprehension", question_0="1", **{"try": used})
    yield failing.page()
    failing.post("withdraw")
    yield failing.page()
    late = world.visitor("link", WHO="late")
    late.come_in()
    late.post("consent", agree="yes")
    later = replace(world.services, clock=lambda: utc_now() + LATE)
    world.app.extensions[EXTENSION] = later
    yield late.page()
    world.app.extensions[EXTENSION] = world.services


def refusals(world: World) -> Iterator[str]:
    """Every page of those who cannot come in."""
    yield world.app.test_client().get(world.link("link")).text
    came = [world.visitor("link", WHO=f"p{number}").come_in() for number in range(5)]
    assert came[-1].status_code == 403
    yield came[-1].text
    yield world.app.test_client().get(world.link()).text
    close_study(world.services, "small")
    yield world.visitor().come_in().text
    yield world.app.test_client().get(world.link()).text


def test_no_english_is_left_where_a_study_brings_its_own_words(foreign: World):
    pages = [
        *ends(foreign),
        *walk(foreign, foreign.visitor("lab")),
        *walk(foreign, foreign.visitor("link", WHO="anna")),
        *refusals(foreign),
    ]
    assert len(pages) > 60
    left = {left_in_english(page) for page in pages}
    assert left == {""}
    whole = [page for page in pages if page.startswith("<!doctype")]
    assert all('<html lang="de-AT"' in page for page in whole)
    shown = set(re.findall(r"«(\w+)»", " ".join(map(spoken, pages))))
    assert set(KNOWN) - shown == ELSEWHERE


def test_a_code_and_a_refused_device_are_worded_too(tmp_path):
    toml = a_study().replace('redirect = "https://example.org/?c={code}"', "")
    toml = toml.replace("[design]", '[design]\ndevices = ["desktop", "tablet"]')
    world = make_world(tmp_path, toml=toml)
    phone = {"Sec-CH-UA-Mobile": "?1", "User-Agent": "iPhone Mobile"}
    client = world.app.test_client()
    pages = [
        client.get(world.link(), headers=phone).text,
        client.post(world.link(), headers=phone).text,
    ]
    visitor = world.visitor("link", WHO="anna").walk_to_practice()
    visitor.post("comprehension", question_0="0")
    visitor.respond_to_all()
    visitor.respond_to_all()
    visitor.post("survey")
    visitor.post("debriefing")
    pages.append(visitor.page())
    assert {left_in_english(page) for page in pages} == {""}
    shown = set(re.findall(r"«(\w+)»", " ".join(map(spoken, pages))))
    assert shown >= {"excluded_device", "excluded_title", "device_desktop"}
    assert shown >= {"finish_code", "finish_code_again", "copy_code", "copied"}
    assert "device_phone" not in shown


def test_keys_of_another_language_are_pressed_and_shown(foreign: World):
    visitor = foreign.visitor().walk_to_practice()
    visitor.post("comprehension", question_0="0")
    page = Markup(next(iter(visitor.open_trials()))["html"])
    keys = [button["data-keys"] for button in page.all("button")]
    assert keys == ["j 1", "n 2"]


def test_a_text_that_no_page_has_is_refused_with_the_one_that_was_meant(tmp_path):
    path = tmp_path / "study.toml"
    text = a_study().replace("withdraw_title =", "withdraw_tittle =", 1)
    path.write_text(text.replace("{n_trials}", "", 1).replace('"de-AT"', '"German!"'))
    with pytest.raises(StudyFileError) as caught:
        parse_study_file(path)
    message = str(caught.value)
    assert "withdraw_tittle: unknown (did you mean 'withdraw_title'?)" in message
    assert "trials_intro: expected the places {n_trials}" in message
    assert "[study] language" in message


def test_a_text_left_empty_counts_as_unset_unless_that_leaves_out_a_page():
    texts = all_texts({"start": " ", "debriefing": ""})
    assert texts["start"] == PAGE_TEXTS["start"]
    assert texts["debriefing"] == ""


MORE = """
[screen]
required = {required}
[[design.parts]]
name = "one"
n_trials = 2
[[design.parts]]
name = "two"
n_trials = 1
break_seconds = 1
"""


@pytest.mark.parametrize("required", ["true", "false"])
def test_breaks_and_measuring_speak_the_language_of_the_study(tmp_path, required: str):
    toml = a_study().replace("n_practice = 2\n", "")
    world = make_world(tmp_path, toml=toml + MORE.format(required=required))
    visitor = world.visitor()
    pages = [visitor.client.get(visitor.link).text]
    visitor.come_in()
    visitor.post("consent", agree="yes")
    visitor.post("warning")
    pages += [visitor.page(), visitor.post("screen", card_px="1").text]
    spots = ",".join(["480"] * 5)
    visitor.post("screen", card_px="342.4", device_pixel_ratio="1", spots=spots)
    visitor.post("instructions")
    visitor.post("comprehension", question_0="0")
    pages.append(visitor.page())
    visitor.respond_to_all()
    pages.append(visitor.page())
    world.services.store.close()
    seen = set(re.findall(r"«(\w+)»", " ".join(pages)))
    assert {"landing_card", "screen_title", "screen_wrong", "parts_title"} <= seen
    assert {"break_title", "break_wait"} <= seen
    assert ("screen_cannot" in seen) is (required == "true")
    assert [left_in_english(page) for page in pages] == [""] * len(pages)


def test_pages_are_in_english_where_nothing_else_is_said(world: World):
    page = world.app.test_client().get(world.link()).text
    assert '<html lang="en"' in page
    assert PAGE_TEXTS["landing_intro"] in page


NOT_FOR_PARTICIPANTS = re.compile(
    r"`|--\w|\bsecondlook\b|\b[a-z]+_[a-z_]+\b|\[[a-z]+\]|\.toml"
)


def test_no_text_of_a_participant_names_a_command_or_a_setting():
    texts = {
        **SERVER_TEXTS,
        **{
            f"{name}.{key}": text
            for name, paradigm in find_paradigms().items()
            for key, text in paradigm.default_texts.items()
        },
        "consent": " ".join(DEFAULT_CONSENT),
        "risks": DEFAULT_RISKS + DEFAULT_DATA_USE + DEFAULT_LATER_USE,
        "writing": DEFAULT_MACHINE_WRITING,
    }
    shown = {key: re.sub(r"\{\w+\}", "", text) for key, text in texts.items()}
    found = {k: t for k, t in shown.items() if NOT_FOR_PARTICIPANTS.search(t)}
    assert found == {}


def test_refusals_name_the_contact_and_no_setting(world: World):
    client = world.app.test_client()
    pages = [client.get(world.link("link")).text]  # without the id it needs
    pages.append(client.get(world.link("link"), query_string={"WHO": "{{x}} y"}).text)
    for number in range(2):
        world.visitor("link", WHO=f"p{number}").walk_to_survey()
    close_study(world.services, "small")
    pages += [client.get(world.link()).text, world.visitor().come_in().text]
    for page in pages:
        words = Markup(page).text
        assert "lab@example.org" in words
        assert "WHO" not in words
        assert not NOT_FOR_PARTICIPANTS.search(words.replace("secondlook", ""))
