"""Sizes on screen: what is computed, kept, shown and refused."""

from __future__ import annotations

import csv
import math

import pytest
from sqlalchemy import select

from study_server.errors import FormError
from study_server.services.bundles.exporting import export_study
from study_server.services.participation import responding, taking_steps
from study_server.services.participation.screens import read_screen
from study_server.services.studies.life import study_progress
from study_server.services.studies.preregistration import preregistration
from study_server.services.study_files.file import StudyFileError, parse_study_file
from study_server.services.study_files.screen import ScreenSection
from study_server.store.tables import Block, Enrolment, Session
from tests.study_server.conftest import open_things, write_study
from tests.study_server.walking import enter

SCREEN = "[screen]\nsize_degrees = 10.0\nn_repeats = 3\n"
# 342.4 / 85.6 = 4 px per mm; 500 mm away the blind spot lies 500 tan 13.5° = 120.04 mm
# from the mark, 480.16 px.
CARD = {"card_px": "342.4", "device_pixel_ratio": "2", "spots": "480.16,300,600"}


def go_to_screen(services, more: str, stimuli, folder) -> str:
    open_things(services, stimuli, folder=folder, more=more)
    token = enter(services)
    taking_steps.take_step(services, token, "consent", {"agree": "yes"})
    taking_steps.take_step(services, token, "warning")
    return token


def step(services, token) -> str:
    return taking_steps.current_step(services, token).name


def test_a_card_and_the_blind_spot_give_pixels_and_distance():
    found = read_screen(CARD, ScreenSection(n_repeats=3))
    assert found is not None
    assert found.px_per_mm == pytest.approx(4.0)
    assert found.distance_mm == pytest.approx(500.0, abs=0.01)
    # 2 x 500 x tan 0.5° x 4 = 34.91; ten degrees are 349.95, not ten times as much.
    assert found.px_per_degree == pytest.approx(34.908, abs=0.01)
    assert found.px_of(10) == pytest.approx(349.95, abs=0.01)


def test_another_blind_spot_gives_another_distance():
    found = read_screen(CARD, ScreenSection(n_repeats=3, blind_spot_degrees=15.0))
    assert found is not None
    expected = 120.04 / math.tan(math.radians(15))
    assert found.distance_mm == pytest.approx(expected, abs=0.01)


def test_without_a_distance_nothing_is_known_in_degrees():
    found = read_screen({**CARD, "spots": ""}, ScreenSection(distance=False))
    assert found is not None
    assert found.px_per_mm == pytest.approx(4.0)
    assert found.distance_mm is None
    assert found.px_per_degree is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"card_px": ""},
        {"card_px": "nan"},
        {"card_px": "20"},
        {"card_px": "1e9"},
        {"device_pixel_ratio": "-1"},
        {"spots": "480"},
        {"spots": "480,480,x"},
        {"spots": "4,4,4"},
        {"spots": "9e9,9e9,9e9"},
    ],
)
def test_what_no_screen_measures_is_none(wrong):
    assert read_screen({**CARD, **wrong}, ScreenSection(n_repeats=3)) is None


def test_a_measured_screen_is_kept_shown_and_exported(both_services, stimuli, tmp_path):
    services = both_services
    token = go_to_screen(services, SCREEN, stimuli, tmp_path)
    assert step(services, token) == "screen"
    with pytest.raises(FormError, match="measure once more"):
        taking_steps.take_step(services, token, "screen", {**CARD, "card_px": "3"})
    taking_steps.take_step(services, token, "screen", CARD)
    assert step(services, token) == "instructions"
    taking_steps.take_step(services, token, "instructions")
    taking_steps.take_step(
        services, token, "comprehension", {"question_0": "0", "question_1": "1"}
    )
    page = responding.load_block(services, token)
    assert page.image_px == pytest.approx(349.95, abs=0.01)
    assert page.pixel_ratio == 2.0
    record = study_progress(services, "things").study
    assert "Images have 10 degrees of visual angle" in preregistration(record)
    out = export_study(services, "things", out=tmp_path / "bundle", environment="live")
    with (out / "sessions.csv").open(encoding="utf-8", newline="") as handle:
        (row,) = csv.DictReader(handle)
    assert row["screen"] == "measured"
    assert float(row["px_per_mm"]) == pytest.approx(4.0)
    assert float(row["distance_mm"]) == pytest.approx(500.0, abs=0.01)
    assert float(row["px_per_degree"]) == pytest.approx(34.908, abs=0.01)
    assert float(row["device_pixel_ratio"]) == 2.0


def test_whoever_leaves_it_out_sees_images_as_usual(services, stimuli, tmp_path):
    token = go_to_screen(services, SCREEN, stimuli, tmp_path)
    taking_steps.take_step(services, token, "screen", {"skip": "yes"})
    assert step(services, token) == "instructions"
    with services.store.read() as tx:
        assert tx.scalars(select(Enrolment.screen)).one() == "skipped"


def test_where_it_is_required_leaving_it_out_ends_it_and_frees_the_place(
    services, stimuli, tmp_path
):
    token = go_to_screen(services, SCREEN + "required = true\n", stimuli, tmp_path)
    taking_steps.take_step(services, token, "screen", {"skip": "yes"})
    ended = taking_steps.current_step(services, token)
    assert (ended.name, getattr(ended, "why", "")) == ("failed", "screen_failed")
    with services.store.read() as tx:
        session = tx.scalars(select(Session)).one()
        assert (session.state, session.reason) == ("returned", "screen_not_measured")
        assert sum(tx.scalars(select(Block.n_reserved))) == 0
    taking_steps.take_step(services, token, "screen", CARD)
    assert step(services, token) == "failed"


def test_a_study_that_does_not_ask_measures_nothing(services, stimuli, tmp_path):
    token = go_to_screen(services, "", stimuli, tmp_path)
    assert step(services, token) == "instructions"
    taking_steps.take_step(services, token, "screen", CARD)
    with services.store.read() as tx:
        assert tx.scalars(select(Enrolment.screen)).one() is None


def test_degrees_without_a_distance_and_pages_that_measure_nothing_are_refused(
    tmp_path,
):
    more = (
        "[screen]\nsize_degrees = 3\ndistance = false\nblind_spot_degrees = 90\n"
        '[recruiter.mturk]\ntitle = "Look"\ndescription = "Look"\nreward = 0.5\n'
        'delivery = "html"\nimage_base_url = "https://images.example.org"\n'
    )
    with pytest.raises(StudyFileError) as caught:
        parse_study_file(write_study(tmp_path, more=more))
    said = str(caught.value)
    assert "[screen] blind_spot_degrees" in said
    assert "('html') measures no screen" in said
    fixed = more.replace("blind_spot_degrees = 90\n", "").replace("html", "external")
    with pytest.raises(StudyFileError, match="size_degrees needs the distance"):
        parse_study_file(write_study(tmp_path, more=fixed))
