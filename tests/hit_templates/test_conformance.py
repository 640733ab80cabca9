"""What every paradigm must do: every folder here, and those of installed packages."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hit_templates.base import (
    COMPETENCES,
    Paradigm,
    ResponseError,
    TrialView,
    UnknownParadigmError,
    check_trials,
    find_paradigms,
    folder_of,
    get_paradigm,
)
from hit_templates.examples import Example, configured_example, load_examples
from hit_templates.questions import question_from_json
from hit_templates.rendering import (
    declaration,
    render_instructions,
    render_trial,
    texts_of,
)
from hit_templates.sheet import sheet_css
from hit_templates.still import configured, render_still
from stimuli.manifest import ROLES, ClassInfo
from tests.hit_templates.markup import Markup

PARADIGMS = [configured_example(entry) for entry in find_paradigms().values()]
EXAMPLES = [
    pytest.param(
        paradigm,
        example,
        id=f"{paradigm.name}-{example.trial.question}-{example.trial.role}",
    )
    for paradigm in PARADIGMS
    for example in load_examples(paradigm)
]
of_every_paradigm = pytest.mark.parametrize(
    "paradigm", PARADIGMS, ids=[paradigm.name for paradigm in PARADIGMS]
)
of_every_example = pytest.mark.parametrize(("paradigm", "example"), EXAMPLES)

CONTROL_WORDS = ("known_yes", "known_no", "random_foil", "hard_foil")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def rendered(paradigm: Paradigm, view: TrialView) -> Markup:
    return Markup(str(render_trial(paradigm, view)))


def test_relevance_is_among_the_paradigms():
    assert "relevance" in find_paradigms()


def test_an_unknown_paradigm_names_those_there_are():
    with pytest.raises(UnknownParadigmError, match="relevance"):
        get_paradigm("relevanse")


@of_every_paradigm
def test_its_folder_is_complete(paradigm):
    folder = folder_of(paradigm.name)
    files = ("trial.html", "instructions.html", "examples.jsonl", "README.md")
    assert [name for name in files if not (folder / name).is_file()] == []


@of_every_paradigm
def test_a_script_of_its_own_exports_mount(paradigm):
    script = folder_of(paradigm.name) / "trial.js"
    if script.is_file():
        assert re.search(r"^export (async )?function mount\(", script.read_text(), re.M)


@of_every_paradigm
def test_it_satisfies_the_protocol(paradigm):
    assert isinstance(paradigm, Paradigm)
    assert configured_example(get_paradigm(paradigm.name)) == paradigm


@of_every_paradigm
def test_only_a_paradigm_with_settings_needs_any(paradigm):
    path = folder_of(paradigm.name) / "example_settings.json"
    assert path.is_file() == (paradigm.settings_model is not None)
    if paradigm.settings_model is None:
        assert paradigm.configure({}) is paradigm
        assert paradigm.describe() == {}
    assert json.loads(json.dumps(paradigm.describe())) == paradigm.describe()


@of_every_paradigm
def test_its_examples_cover_every_question_and_show_right_and_wrong(paradigm):
    examples = load_examples(paradigm)
    graded = {
        response.is_right for example in examples for response in example.responses
    }
    assert {example.trial.question for example in examples} == set(paradigm.questions)
    assert graded >= {True, False} or graded == {None}, (
        "examples.jsonl: one response is_right true and one false were expected, got "
        f"{sorted(map(str, graded))}"
    )
    assert check_trials(paradigm, [example.trial for example in examples]) == []


@of_every_paradigm
def test_its_declaration_survives_a_bundle(paradigm):
    classes = {"3": "cat", "7": "dog"}
    told = json.loads(json.dumps(declaration(paradigm, {}, classes=classes)))
    texts = texts_of(paradigm, {})
    for name, question in paradigm.questions.items():
        assert question.name == name
        # What a set's trials must hold is no matter of reading responses.
        kept = replace(question.worded(texts).with_classes(classes), needs=())
        assert question_from_json(name, told[name]) == kept
        assert told[name]["wording"]


@of_every_paradigm
def test_every_choice_declared_has_its_words(paradigm):
    for question in paradigm.questions.values():
        for asked in question.fields:
            assert asked.description
            wordless = set(asked.choices) - set(asked.words)
            assert not wordless, f"{asked.name}: no words for {sorted(wordless)}"
            unknown = set(asked.words.values()) - set(paradigm.default_texts)
            assert not unknown, f"default_texts lacks {sorted(unknown)}"


@of_every_example
def test_what_is_declared_is_what_is_read_and_counted(paradigm, example):
    question = paradigm.questions[example.trial.question]
    schema = paradigm.response_schema(example.trial)
    classes = example.trial.classes
    assert schema == question.fields_of(len(classes), classes=classes)
    for entry in example.responses:
        assert question.accepts(entry.response) is entry.accepts
    assert set(example.trial.key or {}) <= set(schema)


@of_every_paradigm
def test_its_comprehension_check_can_be_passed_and_failed(paradigm):
    for question in paradigm.default_comprehension:
        assert len(set(question.choices)) == len(question.choices) >= 2
        assert 0 <= question.right < len(question.choices)
        assert question.explain


@of_every_paradigm
def test_its_instructions_render_and_run_nothing(paradigm):
    page = Markup(str(render_instructions(paradigm, {})))
    assert len(page.text) > 80
    assert page.all("script") == []


@of_every_example
def test_examples_read_back(paradigm, example):
    for entry in example.responses:
        assert paradigm.read_response(example.trial, entry.response) == entry.response
        sent = json.loads(json.dumps(entry.response))
        assert paradigm.read_response(example.trial, sent) == entry.response


@of_every_example
def test_examples_are_graded_and_counted_as_stated(paradigm, example):
    for entry in example.responses:
        assert paradigm.grade(example.trial, entry.response) is entry.is_right
        assert paradigm.accepts(example.trial, entry.response) is entry.accepts


@of_every_example
def test_every_image_stands_in_its_slot_and_has_alt_text(paradigm, example):
    images = rendered(paradigm, example.view()).all("img")
    slots = {image["data-slot"] for image in images if "data-slot" in image}
    assert slots == set(example.trial.slots)
    assert all(image.get("alt") for image in images)


@of_every_example
def test_every_choice_can_be_made_by_keyboard(paradigm, example):
    page = rendered(paradigm, example.view())
    buttons = page.all("button")
    for name, entry in paradigm.response_schema(example.trial).items():
        if entry.type == "choice":
            offered = {b["data-value"] for b in buttons if b.get("data-field") == name}
            assert offered == set(entry.offered)
    assert all(button.get("data-keys") for button in buttons)
    assert all(button.get("type") == "button" for button in buttons)
    own = ("data-field", "data-value", "data-keys")
    assert len({tuple(b.get(key) for key in own) for b in buttons}) == len(buttons)


@of_every_example
def test_controls_wait_for_the_image(paradigm, example):
    buttons = rendered(paradigm, example.view()).all("button")
    assert all("disabled" in button for button in buttons)


@of_every_example
def test_the_page_does_not_reveal_what_it_must_not(paradigm, example):
    html = str(render_trial(paradigm, example.view()))
    trial = example.trial
    secrets = [
        trial.id,
        *trial.slots.values(),
        *trial.sources,
        *CONTROL_WORDS,
        *(use.classifier for use in trial.uses if len(use.classifier) > 4),
    ]
    assert [secret for secret in secrets if secret and secret in html] == []
    words = set(re.findall(r"[a-z]+", html.lower()))
    assert words.isdisjoint({"catch", "control", "truth", "correct", "role"} - {"role"})
    # role="group" is ARIA's word; ours would be one of these values.
    assert not any(f'="{role}"' in html for role in ROLES)


@of_every_example
def test_the_page_has_no_inline_script_or_style(paradigm, example):
    page = rendered(paradigm, example.view())
    assert page.all("script") == []
    attributes = {name for _tag, given in page.elements for name in given}
    assert not {name for name in attributes if name.startswith("on")}
    assert "style" not in attributes


@of_every_example
def test_class_names_are_shown_and_escaped_or_not_shown_at_all(paradigm, example):
    hostile = [
        replace(info, name=f"<b>{info.name}</b> & co") for info in example.classes
    ]
    page = rendered(paradigm, replace(example.view(), classes=tuple(hostile)))
    assert page.all("b") == []
    shown = [f"<b>{info.name}</b> & co" in page.text for info in example.classes]
    # A trial may have no classes, as two pictures side by side.
    assert set(shown) <= {paradigm.names_classes}


@of_every_example
def test_exhibits_are_slots_and_something_is_judged(paradigm, example):
    slots = {slot.rstrip("?") for slot in paradigm.slots}
    assert set(paradigm.exhibits) <= slots
    assert set(example.trial.slots) - set(paradigm.exhibits)


@of_every_paradigm
def test_it_says_on_what_devices_and_how_often(paradigm):
    assert set(paradigm.default_devices) <= {"any", "desktop", "tablet", "phone"}
    assert paradigm.default_devices
    assert paradigm.least_raters >= 1


@of_every_example
def test_the_order_of_a_session_moves_no_field(paradigm, example):
    view = example.view()
    n_classes = len(example.trial.classes)
    turned = replace(view, order=tuple(reversed(range(n_classes))))
    assert _offered(paradigm, view) == _offered(paradigm, turned)


def _offered(paradigm: Paradigm, view: TrialView) -> set[tuple[str | None, ...]]:
    buttons = rendered(paradigm, view).all("button")
    return {(b.get("data-field"), b.get("data-value")) for b in buttons}


@of_every_example
def test_fields_keep_their_class_however_the_page_orders_them(paradigm, example):
    view = example.view()
    turned = replace(view, classes=tuple(reversed(view.classes)))
    assert _fields_by_class(paradigm, view) == _fields_by_class(paradigm, turned)


def _fields_by_class(
    paradigm: Paradigm, view: TrialView
) -> dict[str | None, str | None]:
    page = rendered(paradigm, view)
    rows = [given for _tag, given in page.elements if "data-row" in given]
    return {row.get("aria-label"): row["data-row"] for row in rows}


@of_every_example
def test_the_study_may_change_every_wording(paradigm, example):
    used = {
        name: f"«{name}»" for name in paradigm.default_texts if name != "instructions"
    }
    text = str(render_trial(paradigm, replace(example.view(), texts=used)))
    plain = str(render_trial(paradigm, example.view()))
    shown = [name for name in used if f"«{name}»" in text]
    assert shown
    for name in shown:
        default = paradigm.default_texts[name]
        assert "{class}" in default or default in plain


@of_every_example
@settings(max_examples=60, deadline=None)
@given(raw=JSON)
def test_garbage_is_refused_in_words(paradigm, example, raw):
    schema = paradigm.response_schema(example.trial)
    if isinstance(raw, dict) and set(raw) == set(schema):
        return
    with pytest.raises(ResponseError) as refused:
        paradigm.read_response(example.trial, raw)
    assert 0 < len(str(refused.value)) < 1000


@of_every_example
@settings(max_examples=40, deadline=None)
@given(value=JSON, extra=st.text())
def test_one_bad_field_is_refused_by_name(paradigm, example, value, extra):
    trial = example.trial
    good = dict(example.responses[0].response)
    schema = paradigm.response_schema(trial)
    for name, entry in schema.items():
        if entry.type == "choice" and value not in entry.choices:
            with pytest.raises(ResponseError, match=re.escape(name)):
                paradigm.read_response(trial, {**good, name: value})
        without = {field: good[field] for field in good if field != name}
        with pytest.raises(ResponseError, match=re.escape(name)):
            paradigm.read_response(trial, without)
    if extra not in schema:
        with pytest.raises(ResponseError):
            paradigm.read_response(trial, {**good, extra: value})


@of_every_example
def test_simulated_participants_give_responses_that_are_taken(paradigm, example):
    rng = np.random.default_rng(5)
    for competence in COMPETENCES:
        response = paradigm.simulate(example.trial, competence=competence, rng=rng)
        assert paradigm.read_response(example.trial, response) == response
        assert 0 < paradigm.simulated_rt_ms(competence, rng=rng) < 600_000


@of_every_example
def test_careful_people_do_better_than_chance_on_what_has_a_key(
    paradigm: Paradigm, example: Example
):
    if example.trial.key is None:
        with pytest.raises(ValueError, match="no key"):
            paradigm.guess_rate(example.trial, "random")
        return
    rates: dict[str, Any] = {
        behaviour: paradigm.guess_rate(example.trial, behaviour)
        for behaviour in ("random", "yes-saying", "careful")
    }
    assert all(0 <= rate <= 1 for rate in rates.values())
    assert rates["careful"] > rates["random"]
    with pytest.raises(ValueError, match="yes-saying"):
        paradigm.guess_rate(example.trial, "asleep")


def test_a_class_without_gloss_or_examples_is_fine():
    paradigm = get_paradigm("relevance")
    view = TrialView(
        question="relevant",
        classes=(ClassInfo(id="0", name="tench"),),
        images={"target": "/media/x"},
    )
    page = rendered(paradigm, view)
    assert "Is tench relevant for this image?" in page.text


@of_every_example
def test_a_trial_stands_still_on_a_page_of_its_own(paradigm, example):
    page = render_still(paradigm, example.view(), title="A <trial>", language="de")
    assert '<html lang="de">' in page
    assert "<title>A &lt;trial&gt;</title>" in page
    assert "<script" not in page
    for slot in example.trial.slots:
        assert f'src="/media/{slot}-token"' in page


@of_every_paradigm
def test_a_study_file_configures_its_paradigm(paradigm):
    path = folder_of(paradigm.name) / "example_settings.json"
    section = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    plain = get_paradigm(paradigm.name)
    found = configured(plain, {paradigm.name: section})
    assert found.describe() == paradigm.describe()


@of_every_paradigm
def test_a_self_contained_page_styles_its_own_steps_and_no_section_of_a_trial(paradigm):
    """A bare `section` made each group of an assignment as high as the screen."""
    css = sheet_css(paradigm.name)
    assert "section[data-step]" in css
    assert not re.search(r"\bsection(?!\[data-step\])", css)
