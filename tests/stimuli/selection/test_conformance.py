"""What holds for every selection that is registered."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimuli.methods import selection
from stimuli.methods.selection import SELECTIONS, Candidates, SelectionError, Selector

N_STEPS = 10

each_selection = pytest.mark.parametrize("name", sorted(SELECTIONS))


def make_candidates(n: int, seed: int, *, is_coarse: bool = False) -> Candidates:
    """Images with every fact a selection may need; coarse ones tie everywhere."""
    rng = np.random.default_rng(seed)
    features, chances = rng.normal(size=(n, 5)), rng.random(n)
    margins = rng.normal(size=n)
    if is_coarse:
        features, chances = features.round(), chances.round(1)
        margins = margins.round()
    return Candidates(
        n=n,
        name="class tench",
        features=features,
        labels=rng.integers(0, 3, n),
        probabilities=chances,
        steps_to_flip=rng.integers(1, N_STEPS + 2, n),
        n_steps=N_STEPS,
        margins=margins,
    )


def choose(name, candidates, n_prototypes=3, n_criticisms=3, *, seed=0):
    selector: Selector = SELECTIONS[name]()
    return selector.select(
        candidates,
        n_prototypes=n_prototypes,
        n_criticisms=n_criticisms,
        rng=np.random.default_rng(seed),
    )


@each_selection
@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(6, 40),
    seed=st.integers(0, 1000),
    is_coarse=st.booleans(),
    data=st.data(),
)
def test_indices_are_distinct_and_as_many_as_asked(name, n, seed, is_coarse, data):
    n_prototypes = data.draw(st.integers(1, n))
    n_criticisms = data.draw(st.integers(0, n - n_prototypes))
    candidates = make_candidates(n, seed, is_coarse=is_coarse)
    chosen = choose(name, candidates, n_prototypes, n_criticisms)
    assert len(chosen.prototypes) == n_prototypes
    assert len(chosen.criticisms) == n_criticisms
    assert len(set(chosen.chosen)) == n_prototypes + n_criticisms
    assert set(chosen.chosen) <= set(range(n))
    assert set(chosen.fallbacks) <= set(chosen.chosen)


@each_selection
@pytest.mark.parametrize("is_coarse", [False, True])
def test_the_same_input_and_seed_give_the_same_choice(name, is_coarse):
    candidates = make_candidates(40, 7, is_coarse=is_coarse)
    assert choose(name, candidates) == choose(name, candidates)


@each_selection
def test_what_is_not_needed_is_not_read(name):
    full = make_candidates(30, 11)
    needs = SELECTIONS[name]().needs | ({"n_steps"} & SELECTIONS[name]().needs)
    bare = Candidates(n=30, **{key: getattr(full, key) for key in needs})
    assert choose(name, bare) == choose(name, full)


@each_selection
def test_what_is_needed_and_missing_is_named(name):
    for key in SELECTIONS[name]().needs:
        full = make_candidates(30, 11)
        object.__setattr__(full, key, None)
        with pytest.raises(ValueError, match=key):
            choose(name, full)


@each_selection
def test_the_input_is_left_alone(name):
    candidates = make_candidates(30, 13)
    before = make_candidates(30, 13)
    choose(name, candidates)
    for key in ("features", "labels", "probabilities", "steps_to_flip", "margins"):
        assert (getattr(candidates, key) == getattr(before, key)).all()


@each_selection
def test_too_few_images_name_the_class_and_both_counts(name):
    with pytest.raises(
        SelectionError, match=r"class tench: 6 images.* wanted, 5 there"
    ):
        choose(name, make_candidates(5, 1))


@each_selection
def test_counts_and_facts_fit_json(name):
    import json

    chosen = choose(name, make_candidates(20, 2))
    assert chosen.count()["n_prototypes"] == 3
    facts = [chosen.facts_of(index) for index in chosen.chosen]
    assert [f["selected_as"] for f in facts] == ["prototype"] * 3 + ["criticism"] * 3
    assert [f["selected_rank"] for f in facts] == [0, 1, 2, 0, 1, 2]
    json.dumps([facts, dict(chosen.parameters), dict(chosen.outcome)])


@each_selection
def test_the_registered_name_is_its_own(name):
    assert SELECTIONS[name]().name == name
    assert isinstance(SELECTIONS[name](), Selector)


def test_every_module_of_the_folder_is_listed():
    names = {m.name for m in pkgutil.iter_modules(selection.__path__)}
    modules = {name for name in names if not name.startswith("_")}
    listed = {cls.__module__.rpartition(".")[2] for cls in SELECTIONS.own.values()}
    assert listed == modules
    for module in modules:
        import_module(f"stimuli.methods.selection.{module}")


def test_values_that_are_not_finite_name_the_image():
    features = np.zeros((4, 2))
    features[2, 1] = np.nan
    with pytest.raises(SelectionError, match=r"class tench: features of image 2"):
        Candidates(n=4, name="class tench", features=features)


def test_arrays_of_the_wrong_length_are_refused():
    with pytest.raises(ValueError, match="probabilities has 3 entries, expected 4"):
        Candidates(n=4, probabilities=np.zeros(3))


def test_a_part_of_the_candidates_keeps_their_order():
    part = make_candidates(10, 3).take([4, 1])
    whole = make_candidates(10, 3)
    assert part.n == 2
    assert part.probabilities is not None
    assert whole.probabilities is not None
    assert part.probabilities.tolist() == whole.probabilities[[4, 1]].tolist()
