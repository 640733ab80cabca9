from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stimuli.manifest import (
    ROLES,
    Prediction,
    Stimulus,
    Trial,
    Use,
    stimulus_from_json,
    stimulus_to_json,
    trial_from_json,
    trial_id,
    trial_to_json,
)

TEXT = st.text(max_size=8)
ID = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
TEXTS = st.lists(TEXT, max_size=5).map(tuple)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)

PREDICTIONS = st.builds(
    Prediction,
    classifier=TEXT,
    weights_sha256=TEXT,
    classes=TEXTS,
    probabilities=st.lists(NUMBER, max_size=5).map(tuple),
    margin=NUMBER,
)
STIMULI = st.builds(
    Stimulus,
    id=ID,
    file=ID.map(lambda name: f"images/{name}.png"),
    width=st.integers(1),
    height=st.integers(1),
    source=TEXT,
    source_sha256=TEXT,
    label=st.none() | TEXT,
    predictions=st.lists(PREDICTIONS, max_size=3).map(tuple),
    method=TEXT,
    parameters=st.dictionaries(TEXT, st.integers() | TEXT),
    versions=st.dictionaries(TEXT, TEXT),
    facts=st.dictionaries(TEXT, st.lists(TEXT)),
)
USES = st.builds(
    Use,
    classifier=TEXT,
    shows=TEXT,
    source_sha256=TEXT,
    label=st.none() | TEXT,
    predicted=TEXTS,
)
TRIALS = st.builds(
    Trial,
    id=TEXT,
    slots=st.dictionaries(TEXT, ID),
    question=TEXT,
    classes=TEXTS,
    role=st.sampled_from(ROLES),
    sources=TEXTS,
    key=st.none() | st.dictionaries(TEXT, TEXT),
    uses=st.lists(USES, max_size=3).map(tuple),
    exposure=st.dictionaries(TEXT, NUMBER),
    truth=st.none() | st.dictionaries(TEXT, st.lists(TEXT)),
)


@given(STIMULI)
def test_a_stimulus_survives_its_line(stimulus):
    line = stimulus_to_json(stimulus)
    assert "\n" not in line
    assert stimulus_from_json(line) == stimulus


@given(TRIALS)
def test_a_trial_survives_its_line(trial):
    assert trial_from_json(trial_to_json(trial)) == trial


@given(st.lists(TEXT, min_size=1, unique=True), st.randoms(use_true_random=False))
def test_a_trial_is_known_by_its_classes_in_any_order(classes, shuffler):
    slots = {"target": "a", "mask": "b"}
    shuffled = list(classes)
    shuffler.shuffle(shuffled)
    swapped = dict(reversed(slots.items()))
    assert trial_id(slots, "any", classes=classes) == trial_id(
        swapped, "any", classes=shuffled
    )
    assert trial_id(slots, "any", classes=classes) != trial_id(
        slots, "each", classes=classes
    )
