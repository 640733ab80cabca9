"""What people are told before they come in, as they agree, and when they stop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from study_server.recruiters.base import GiveBack, PostForm, Redirect, ShowCode
from study_server.recruiters.link import link
from study_server.recruiters.link.section import LinkSection
from study_server.recruiters.mturk import mturk
from study_server.recruiters.mturk.section import MTurkSection
from study_server.services.participation.expectations import expected_of
from study_server.services.study_files.sections import StudyFile
from study_server.services.study_files.texts import direction_of, fill_page
from study_server.store import studies
from study_server.store.tables import Enrolment, Session
from tests.hit_templates.markup import Markup
from tests.study_server.web.worlds import STUDY_TOML, World, make_world

ASKING = STUDY_TOML.replace(
    '[texts]\ncontent_warning = "Some pictures show **insects**."\n', ""
).replace(
    'contact = "lab@example.org"', 'contact = "lab@example.org"\nminimum_age = 18'
)


@pytest.fixture
def adults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("adults")
    world = make_world(folder, toml=ASKING.replace("n_practice = 2", "n_practice = 0"))
    yield world
    world.services.store.close()


def test_the_front_page_says_what_the_site_is(world: World):
    page = Markup(world.app.test_client().get("/").text)
    assert "open the whole link you were given" in page.text
    assert page.all("input") == []


def test_practice_is_promised_only_where_there_is_some(world: World, adults: World):
    with_some = world.app.test_client().get(world.link()).text
    without = adults.app.test_client().get(adults.link()).text
    assert "A little practice follows" in with_some
    assert "practice" not in Markup(without).text


def test_how_long_it_takes_is_stated_measured_or_estimated(world: World):
    with world.services.store.write() as tx:
        study = studies.get_study(tx, world.study.id)
        file = StudyFile.model_validate(study.settings)
        # 150 s around, 5 trials and 2 for practice of 2.4 s and one second between
        # them each: 174 s, so 3 minutes; the median drawn is near 2.4 s.
        assert expected_of(tx, study, file).takes == (
            "It takes about 3 min, by our own estimate."
        )
        stated = file.model_copy(
            update={
                "consent": file.consent.model_copy(update={"duration": "ten minutes"})
            }
        )
        assert expected_of(tx, study, stated).takes == "It takes ten minutes."


def test_a_pilots_median_is_what_others_needed(world: World):
    for number in range(3):
        world.visitor("link", WHO=f"p{number}").come_in()
    with world.services.store.write() as tx:
        for enrolment in tx.scalars(select(Enrolment)):
            enrolment.environment = "pilot"
        for number, session in enumerate(tx.scalars(select(Session)).all()):
            # 4, 6 and 8 minutes: the median is 6.
            minutes = timedelta(minutes=4 + 2 * number)
            session.completed_at = session.admitted_at + minutes
        tx.flush()
        study = studies.get_study(tx, world.study.id)
        file = StudyFile.model_validate(study.settings)
        takes = expected_of(tx, study, file).takes
    assert takes == "It takes about 6 min: that is what others needed."


def test_who_agrees_confirms_the_age_the_study_states(adults: World):
    visitor = adults.visitor()
    visitor.come_in()
    page = Markup(visitor.page())
    assert "at least 18 years old" in page.text
    refused = visitor.post("consent", agree="yes")
    assert refused.status_code == 400
    assert "confirm that you are at least 18 years old" in Markup(refused.text).text
    visitor.post("consent", agree="yes", age="yes")
    assert "What to do" in visitor.page()


def test_consent_says_what_becomes_of_partial_work_later_use_and_writing(
    world: World,
):
    visitor = world.visitor()
    visitor.come_in()
    words = Markup(visitor.page()).text
    assert "If you stop early" in words
    assert "Only a finished part is paid for" in words  # by [recruiter.link]
    assert "may also serve later studies" in words
    assert "signs that a program wrote them" in words


LINKED = LinkSection(
    id_parameter="WHO", completion_code="DONE-42", withdrawal_code="PART-42"
)
MARKET = {
    "title": "t",
    "description": "d",
    "reward": "0.50",
    "minutes": 5.0,
    "cap": "10.00",
}
VISIT = {"session": "3ASSIGNMENT", "site": "https://www.mturk.com"}


def test_who_withdraws_after_the_first_image_is_paid_by_the_stated_rule():
    assert link.leave(LINKED, {}) == GiveBack(site=None)
    assert link.leave(LINKED, {}, has_begun=True) == ShowCode(code="PART-42")
    there = LINKED.model_copy(update={"redirect": "https://example.org/?c={code}"})
    assert link.leave(there, {}, has_begun=True) == Redirect(
        url="https://example.org/?c=PART-42", code="PART-42"
    )
    paid = MTurkSection.model_validate(MARKET)
    assert isinstance(mturk.leave(paid, VISIT), GiveBack)
    assert isinstance(mturk.leave(paid, VISIT, has_begun=True), PostForm)
    held = MTurkSection.model_validate({**MARKET, "pay_partial": "hold"})
    assert isinstance(mturk.leave(held, VISIT, has_begun=True), GiveBack)
    assert "paid in full" in paid.pay_of_leavers
    assert "researchers decide" in held.pay_of_leavers


def test_the_code_of_who_stops_is_another_than_that_of_who_finishes(tmp_path: Path):
    code = 'completion_code = "DONE-42"'
    toml = STUDY_TOML.replace(code, f'{code}\nwithdrawal_code = "PART-42"')
    world = make_world(tmp_path, toml=toml)
    early = world.visitor("link", WHO="p1").walk_to_trials()
    early.post("withdraw")
    assert "PART-42" not in early.page()  # nothing was judged but practice
    later = world.visitor("link", WHO="p2").walk_to_trials()
    later.send(later.payload(next(later.open_trials())["token"]))
    later.post("withdraw")
    page = Markup(later.page()).text
    assert "PART-42" in page
    assert "DONE-42" not in page
    assert "return your submission" not in page
    assert "paid by the rule" in page


def test_what_is_filled_in_is_kept_apart_from_the_sentence():
    assert fill_page("a {x} & {y}", x="<b>", y=3) == (
        "a <bdi>&lt;b&gt;</bdi> &amp; <bdi>3</bdi>"
    )


@pytest.mark.parametrize(
    ("language", "direction"),
    [("he", "rtl"), ("ar-EG", "rtl"), ("de-AT", "ltr"), ("ks-Deva", "ltr")],
)
def test_pages_run_the_way_their_language_is_written(language, direction):
    assert direction_of(language) == direction


def test_a_hebrew_study_runs_from_right_to_left(tmp_path: Path):
    toml = STUDY_TOML.replace("[study]", '[study]\nlanguage = "he"')
    world = make_world(tmp_path, toml=toml)
    visitor = world.visitor().walk_to_practice()
    for page in (world.app.test_client().get(world.link()).text, visitor.page()):
        assert re.search(r'<html lang="he" dir="rtl"', page)
    html = next(iter(visitor.open_trials()))["html"]
    assert '<strong class="sl-class notranslate" translate="no"><bdi>' in html
