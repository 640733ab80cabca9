"""Which of n is it: categories, times, masks, simulated people."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from hit_templates.base import FOLDER, Competence, TrialView, check_trials, get_paradigm
from hit_templates.categorise.noise import pink_noise
from hit_templates.categorise.people import psychometric
from hit_templates.examples import load_examples
from hit_templates.rendering import render_instructions, render_trial
from stimuli.manifest import ClassInfo
from tests.hit_templates.markup import Markup

PLAIN = get_paradigm("categorise")
(FOUR, SIX) = load_examples(PLAIN)
TIMING = {"exposure_ms": 200.0, "mask": "noise", "response_ms": 1500.0}
WORDS = {"truck": "a truck", "bear": "a bear", "boat": "a boat", "clock": "a clock"}


def with_settings(**settings: Any) -> Any:
    return PLAIN.configure(settings)


def categories(words: dict[str, str] = WORDS) -> list[dict[str, str]]:
    return [{"id": name, "word": word} for name, word in words.items()]


def shown(paradigm: Any, view: TrialView) -> list[str | None]:
    page = Markup(str(render_trial(paradigm, view)))
    return [button["data-value"] for button in page.all("button")]


def test_categories_stand_in_the_study_files_order_or_in_the_persons():
    view = FOUR.view()
    turned = replace(view, classes=tuple(reversed(view.classes)))
    fixed = with_settings(categories=categories())
    assert shown(fixed, view) == shown(fixed, turned) == list(WORDS)
    shuffled = with_settings(categories=categories(), order="shuffled")
    assert shown(shuffled, view) == [info.id for info in view.classes]
    assert shown(shuffled, turned) == [info.id for info in turned.classes]
    assert fixed.questions["category"].shuffled == "nothing"
    assert shuffled.questions["category"].shuffled == "classes-once"


def test_words_symbols_and_pictures_of_categories_are_shown():
    listed = categories()
    listed[0]["symbol"] = "⛟"
    paradigm = with_settings(categories=listed, pictures=True)
    view = replace(FOUR.view(), examples={"bear": ("/media/a-bear",)})
    html = str(render_trial(paradigm, view))
    assert "a truck" in html
    assert "⛟" in html
    assert html.count("/media/a-bear") == 1


def test_forty_categories_have_forty_keys():
    infos = tuple(ClassInfo(id=f"c{n:02}", name=f"thing {n}") for n in range(40))
    view = replace(FOUR.view(), classes=infos)
    buttons = Markup(str(render_trial(PLAIN, view))).all("button")
    assert len({button["data-keys"] for button in buttons}) == 40


def test_observers_fill_the_category():
    assert PLAIN.observed_fields(FOUR.trial) == ("category",)
    fixed = with_settings(categories=categories())
    assert fixed.observed_fields(FOUR.trial) == ("category",)


def test_no_response_is_a_response_that_is_wrong_and_no_guess():
    assert PLAIN.read_response(FOUR.trial, {"category": "none"}) == {"category": "none"}
    assert PLAIN.grade(FOUR.trial, {"category": "none"}) is False
    assert PLAIN.guess_rate(FOUR.trial, "random") == 0.25
    field = PLAIN.response_schema(FOUR.trial)["category"]
    assert field.choices == ("bear", "boat", "clock", "truck", "none")
    assert field.offered == ("bear", "boat", "clock", "truck")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"classes": ("bear",), "key": {"category": "bear"}}, "2 to 40 classes"),
        ({"classes": ("bear", "none")}, "'none', which stands for no response"),
        ({"key": {"category": "none"}}, "key: category is one of bear, boat"),
        ({"key": {"category": "cat"}}, "key: category is one of bear, boat"),
        ({"key": None}, "a main trial needs a key"),
        ({"exposure": {"exposure_ms": 50}}, "no [categorise.timing]"),
    ],
)
def test_a_trial_that_cannot_be_asked_is_refused_in_words(change, words):
    trial = replace(FOUR.trial, **change)
    problems = check_trials(PLAIN, [trial])
    assert [problem for problem in problems if words in problem]


def test_classes_and_categories_must_be_the_same():
    fewer = {name: WORDS[name] for name in ("truck", "bear", "boat")}
    paradigm = with_settings(categories=categories({**fewer, "cat": "a cat"}))
    unknown, missing = check_trials(paradigm, [FOUR.trial])
    assert "classes clock are none of the study file's categories" in unknown
    assert "categories cat are none of its classes" in missing


def test_a_picture_mask_needs_its_slot():
    paradigm = with_settings(timing={**TIMING, "mask": "picture"})
    (problem,) = check_trials(paradigm, [FOUR.trial])
    assert "needs its slot mask filled" in problem
    assert check_trials(paradigm, [SIX.trial]) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"categories": [{"id": "a", "word": "A"}]}, "2 to 40 categories, got 1"),
        ({"categories": categories({"a": "x", "b": "X "})}, "these come again"),
        ({"categories": categories({"a": "x", "none": "y"})}, "stands for no response"),
        ({"timing": {"exposure_ms": 0.0}}, "greater than 0"),
        ({"timing": {"exposure_ms": 2e5}}, "less than or equal to 60000"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, words):
    with pytest.raises(ValidationError, match=words):
        with_settings(**settings)


def test_a_notice_stands_wherever_masks_flash_and_nowhere_else():
    flashing = with_settings(timing=TIMING)
    calm = with_settings(timing={**TIMING, "mask": "none"})
    assert flashing.flashes
    assert not calm.flashes
    assert "photosensitive epilepsy" in flashing.default_texts["flash_notice"]
    assert "flash_notice" not in calm.default_texts
    told = [
        "photosensitive" in str(render_instructions(p, {})) for p in (flashing, calm)
    ]
    assert told == [True, False]


def test_a_psychometric_function_is_at_its_known_values():
    # Halfway from 0.25 to 1; at half the threshold 1 - 2 ** -(1 / 8) = 0.08300 of it.
    at = psychometric(0.1, threshold=0.1, slope=3.0, guess=0.25)
    assert at == pytest.approx(0.625)
    below = psychometric(0.05, threshold=0.1, slope=3.0, guess=0.25)
    assert below == pytest.approx(0.25 + 0.75 * 0.0829960, abs=1e-6)
    assert psychometric(0.0, threshold=0.1, slope=3.0, guess=0.25) == 0.25
    most = psychometric(9.0, threshold=0.1, slope=3.0, guess=0.25, lapse=0.04)
    assert most == pytest.approx(0.96)


@pytest.mark.parametrize(
    ("truth", "careful", "hasty"),
    [
        ({"p_right": 0.6}, 0.6, 0.425),  # halfway to 1/4
        ({"threshold": 0.1, "slope": 2.0, "level": 0.1}, 0.625, 0.4375),
        ({}, 0.92, 0.75),
    ],
)
def test_simulated_people_are_right_as_often_as_the_truth_says(truth, careful, hasty):
    rng = np.random.default_rng(3)
    trial = replace(FOUR.trial, truth={"category": "boat", **truth})
    expected_of: dict[Competence, float] = {"careful": careful, "hasty": hasty}
    for competence, expected in expected_of.items():
        given = [
            PLAIN.simulate(trial, competence=competence, rng=rng)["category"] == "boat"
            for _ in range(4000)
        ]
        # Four standard errors of 4,000 draws.
        assert np.mean(given) == pytest.approx(expected, abs=4 * 0.5 / 4000**0.5)


def test_now_and_then_a_simulated_person_is_too_late_where_time_is_limited():
    rng = np.random.default_rng(4)
    limited = with_settings(timing=TIMING)
    given = [
        limited.simulate(FOUR.trial, competence="careful", rng=rng)["category"]
        for _ in range(4000)
    ]
    assert given.count("none") / 4000 == pytest.approx(0.012, abs=0.007)
    assert limited.simulated_rt_ms("careful", rng=rng) <= 200 + 200 + 1500


def test_the_amplitude_of_the_mask_falls_as_one_over_frequency():
    side = 256
    amplitude = np.zeros((side, side))
    masks = [pink_noise(seed, side) / 255 for seed in range(8)]
    for grey in masks:
        amplitude += np.abs(np.fft.fft2(grey - grey.mean()))
    rank = np.fft.fftfreq(side, d=1 / side)
    frequency = np.hypot(rank[:, None], rank[None, :])
    is_fitted = (frequency >= 2) & (frequency <= 100)
    slope, _ = np.polyfit(
        np.log(frequency[is_fitted]), np.log(amplitude[is_fitted]), deg=1
    )
    # Exactly -1 but for what is clipped to black and white.
    assert slope == pytest.approx(-1.0, abs=0.05)
    assert np.mean(masks) == pytest.approx(0.5, abs=0.03)
    assert np.std(masks) == pytest.approx(0.28, abs=0.02)


def test_masks_of_two_seeds_have_nothing_in_common():
    one, other = (pink_noise(seed, 64).ravel().astype(float) for seed in (1, 2))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.5
    assert np.array_equal(pink_noise(1, 64), pink_noise(1, 64))
    with pytest.raises(ValueError, match="a power of two was expected, got 100"):
        pink_noise(1, 100)


def in_node(script: str) -> Any:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node: the pages' scripts cannot be run by themselves")
    run = subprocess.run(  # noqa: S603 - our own script
        [node, "--input-type=module", "-e", script],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


def shared(name: str) -> str:
    return (Path(FOLDER) / "_shared" / name).as_uri()


def test_the_page_and_the_bundle_make_the_same_mask():
    seen = in_node(
        f'import {{ pinkNoise }} from "{shared("noise.js")}";'
        "console.log(JSON.stringify([...pinkNoise(4026531839, 64)]))"
    )
    made = pink_noise(4026531839, 64).ravel()
    differences = np.abs(np.array(seen, dtype=int) - made.astype(int))
    # Rounding may differ where a grey lies between two.
    assert differences.max() <= 1
    assert (differences > 0).mean() < 0.001


def test_a_measured_rate_is_the_nominal_one_before_frames_are_counted():
    found = in_node(
        f"import {{ nominalRate, wholeFrames }} from '{shared('screen.js')}';"
        "const rates = [60.02, 59.94, 49.9, 143.6, 30.1, 66];"
        "const frames = [[200, 60], [200, 60.02], [200, 144], [16, 60], [0, 60]];"
        "console.log(JSON.stringify([rates.map(nominalRate), "
        "frames.map(([ms, rate]) => wholeFrames(ms, rate))]))"
    )
    # 66 is near no nominal rate; 200 ms at 60.02 would be 12.004, so 13.
    assert found == [[60, 60, 50, 144, 30, 66], [12, 13, 29, 1, 0]]


PLAY = """
import {{ playFrames }} from "{frames}";
let now = 0; let calls = []; const times = {times};
globalThis.requestAnimationFrame = (call) => calls.push(call);
globalThis.cancelAnimationFrame = () => {{ calls = []; }};
const stop = new AbortController();
const shown = [];
const played = playFrames(
  [{{ name: "picture", frames: 12 }}, {{ name: "none", frames: 0 }},
   {{ name: "mask", frames: 3 }}, {{ name: "end", frames: 0 }}],
  (name) => shown.push(name), {{ rate: 60, signal: stop.signal }});
for (const time of times) {{ const due = calls; calls = []; due.forEach((call) => call(time)); }}
console.log(JSON.stringify([await played, shown]));
"""


def played(ticks: list[int]) -> Any:
    times = [1000 + tick * 1000 / 60 for tick in ticks]
    return in_node(PLAY.format(frames=shared("frames.js"), times=times))


def test_phases_follow_each_other_after_whole_frames():
    held, names = played(list(range(30)))
    assert names == ["picture", "mask", "end"]
    assert [(p["frames"], p["dropped"]) for p in held] == [(12, 0), (3, 0), (0, 0)]
    assert held[1]["at"] - held[0]["at"] == pytest.approx(200)


def test_dropped_frames_lengthen_a_picture_by_no_more_than_themselves():
    # Frames 4 and 5 are dropped in the middle, 12 and 13 at the end.
    held, _ = played([t for t in range(40) if t not in (4, 5, 12, 13)])
    assert [(p["frames"], p["dropped"]) for p in held[:2]] == [(14, 4), (3, 0)]
