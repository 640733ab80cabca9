"""MMD-critic against the original code's indices, by hand, and by its properties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from stimuli.selection import Candidates, MmdCritic, Selection
from stimuli.selection._kernels import RbfKernel

# What the authors' released code selects on scikit-learn's digits (pixels in
# [-1, 1], sorted by label, every fourth row held out, gamma 0.026).
PROTOTYPES = (1152, 566, 1322, 306, 951, 902, 521, 188, 85, 169)
LOGDET = (136, 797, 915, 968, 484, 1329, 1203, 670, 97, 195)
PLAIN = (136, 137, 135, 138, 140, 134, 167, 186, 190, 151)


@dataclass(frozen=True)
class Digits:
    train: NDArray[np.float64]
    train_labels: NDArray[np.int64]
    test: NDArray[np.float64]
    test_labels: NDArray[np.int64]


@pytest.fixture(scope="module")
def digits() -> Digits:
    pixels, labels = load_digits(return_X_y=True)
    order = np.argsort(labels, kind="stable")
    pixels, labels = pixels[order] / 16 * 2 - 1, labels[order]
    is_train = np.arange(len(labels)) % 4 != 0
    return Digits(
        pixels[is_train], labels[is_train], pixels[~is_train], labels[~is_train]
    )


def select(features, n_prototypes, n_criticisms=0, *, labels=None, **options):
    candidates = Candidates(n=len(features), features=features, labels=labels)
    return MmdCritic(device="cpu", **options).select(
        candidates,
        n_prototypes=n_prototypes,
        n_criticisms=n_criticisms,
        rng=np.random.default_rng(0),
    )


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize(
    ("regulariser", "expected"), [("logdet", LOGDET), ("none", PLAIN)]
)
def test_digits_give_the_original_codes_indices(
    digits, precision, regulariser, expected
):
    selection = select(
        digits.train, 10, 10, gamma=0.026, regulariser=regulariser, precision=precision
    )
    assert selection.prototypes == PROTOTYPES
    assert selection.criticisms == expected


def test_digits_give_the_original_codes_objective_and_nearest_neighbour_errors(digits):
    selection = select(digits.train, 100, gamma=0.026)
    objective = selection.outcome["objective"]
    assert objective[9] == pytest.approx(0.373061, abs=5e-7)
    assert objective[99] == pytest.approx(0.393766, abs=5e-7)
    prototypes = list(selection.prototypes)
    assert digits.train_labels[prototypes[:10]].tolist() == [
        8,
        4,
        9,
        2,
        7,
        6,
        3,
        1,
        0,
        1,
    ]
    distances = (
        (digits.test**2).sum(1)[:, None]
        - 2 * digits.test @ digits.train[prototypes].T
        + (digits.train[prototypes] ** 2).sum(1)
    )
    errors = []
    for count in (10, 20, 50, 100):
        nearest = distances[:, :count].argmin(1)
        guessed = digits.train_labels[prototypes][nearest]
        errors.append(float((guessed != digits.test_labels).mean()))
    assert errors == pytest.approx([0.3156, 0.2089, 0.1422, 0.0911], abs=5e-5)


def test_a_line_of_four_points_by_hand():
    # gamma 1, points 0, 1, 2, 10. With a = e^-1 = 0.3679 and b = e^-4 = 0.0183
    # column means are (1+a+b)/4 = 0.3466, (1+2a)/4 = 0.4339, 0.3466, 1/4: point 1
    # comes first, J = 2 * 0.4339 - 1 = -0.1321.
    # Second step, 2*mean - (2*k(1,j) + 1)/2: point 0 0.6931 - 0.8679 = -0.1748,
    # point 3 0.5 - 0.5 = 0: point 3. J = (0.4339 + 0.25) - (1 + 1)/4 = 0.1839.
    # Witness of 0 and 2: 0.3466 - 0.3679/2 = 0.1626 both; the lower index wins.
    features = np.array([[0.0], [1.0], [2.0], [10.0]])
    selection = select(features, 2, 1, gamma=1.0)
    a, b = np.exp(-1), np.exp(-4)
    assert selection.prototypes == (1, 3)
    assert selection.criticisms == (0,)
    first = (1 + 2 * a) / 4
    assert selection.outcome["objective"] == pytest.approx(
        [2 * first - 1, first - 0.25]
    )
    assert selection.facts_of(0) == {
        "selected_as": "criticism",
        "selected_rank": 0,
        "witness": pytest.approx((1 + a + b) / 4 - a / 2),
    }


def test_one_over_d_is_the_default_width():
    features = np.random.default_rng(1).normal(size=(40, 8))
    assert select(features, 5, 5) == select(features, 5, 5, gamma=1 / 8)


def brute_force(features, labels, n_prototypes, n_criticisms, *, gamma, regulariser):
    """The definitions, with the whole matrix and no running sums."""
    squares = ((features[:, None] - features[None]) ** 2).sum(-1)
    kernel = np.exp(-gamma * squares) * (labels[:, None] == labels[None])
    means = kernel.mean(0)
    chosen: list[int] = []
    for _ in range(n_prototypes):
        values = np.full(len(features), -np.inf)
        for j in set(range(len(features))) - set(chosen):
            trial = [*chosen, j]
            values[j] = 2 * means[trial].mean() - kernel[np.ix_(trial, trial)].mean()
        chosen.append(int(values.argmax()))
    counted = list(chosen)
    criticisms: list[int] = []
    for _ in range(n_criticisms):
        values = np.full(len(features), -np.inf)
        for j in set(range(len(features))) - set(chosen) - set(criticisms):
            values[j] = abs(means[j] - kernel[counted, j].mean())
            if regulariser == "logdet":
                trial = [*criticisms, j]
                values[j] += np.linalg.slogdet(kernel[np.ix_(trial, trial)]).logabsdet
        if regulariser == "logdet" and criticisms:
            done = kernel[np.ix_(criticisms, criticisms)]
            values -= np.linalg.slogdet(done).logabsdet
        criticisms.append(int(values.argmax()))
        if regulariser == "iterative":
            counted.append(criticisms[-1])
    return tuple(chosen), tuple(criticisms)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    regulariser=st.sampled_from(["logdet", "none", "iterative"]),
    is_local=st.booleans(),
)
def test_running_sums_and_cholesky_equal_the_definitions(seed, regulariser, is_local):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(24, 3))
    labels = rng.integers(0, 3, 24) if is_local else np.zeros(24, dtype=int)
    selection = select(
        features,
        4,
        5,
        labels=labels,
        gamma=0.4,
        regulariser=regulariser,
        kernel="local" if is_local else "global",
    )
    expected = brute_force(features, labels, 4, 5, gamma=0.4, regulariser=regulariser)
    assert (selection.prototypes, selection.criticisms) == expected


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_the_images_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(30, 4))
    labels = rng.integers(0, 3, 30)
    order = rng.permutation(30)
    for kernel in ("global", "local"):
        straight = select(features, 5, 5, labels=labels, kernel=kernel)
        shuffled = select(features[order], 5, 5, labels=labels[order], kernel=kernel)
        assert tuple(order[list(shuffled.chosen)].tolist()) == straight.chosen


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("regulariser", ["logdet", "none", "iterative"])
def test_twins_go_to_the_lowest_index(precision, regulariser):
    once = np.random.default_rng(3).normal(size=(61, 37))
    thrice = np.concatenate([once, once, once])
    selection = select(thrice, 6, 6, precision=precision, regulariser=regulariser)
    seen: dict[int, list[int]] = {}
    for index in selection.chosen:
        seen.setdefault(index % 61, []).append(index)
    for twins in seen.values():
        assert twins == sorted(twins)
        assert twins[0] < 61


def test_images_that_are_all_alike_are_taken_in_order():
    selection = select(np.ones((9, 4)), 3, 3)
    assert selection.chosen == (0, 1, 2, 3, 4, 5)


def test_a_far_centre_does_not_spoil_single_precision():
    features = np.random.default_rng(4).normal(size=(300, 16))
    near = select(features, 10, 10, precision="float64")
    far = select(features + 1000, 10, 10, precision="float32")
    assert far.chosen == near.chosen


def test_half_precision_features_are_computed_with_in_full():
    rough = np.random.default_rng(6).normal(50, 1, (200, 16)).astype(np.float16)
    chosen = select(rough, 8, 8).chosen
    assert chosen == select(rough.astype(np.float64), 8, 8).chosen


def test_threads_are_as_before():
    before = torch.get_num_threads()
    select(np.random.default_rng(7).normal(size=(30, 4)), 3, 3)
    assert torch.get_num_threads() == before


def test_column_means_by_blocks_equal_the_whole_matrix():
    rng = np.random.default_rng(5)
    features, labels = rng.normal(size=(150, 6)), rng.integers(0, 4, 150)
    squares = ((features[:, None] - features[None]) ** 2).sum(-1)
    for classes in (None, labels):
        whole = RbfKernel.over(
            features,
            gamma=0.3,
            labels=classes,
            dtype=torch.float64,
            device=torch.device("cpu"),
        )
        kernel = np.exp(-0.3 * squares)
        if classes is not None:
            kernel *= classes[:, None] == classes[None]
        small = RbfKernel(
            rows=whole.rows, order=whole.order, bounds=whole.bounds, block=16
        )
        for each in (whole, small):
            np.testing.assert_allclose(each.column_means(), kernel.mean(0), atol=1e-12)
            few = [7, 149, 0, 70]
            np.testing.assert_allclose(each.columns(few), kernel[few], atol=1e-12)


def test_a_width_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="gamma must be above 0, got -1"):
        MmdCritic(gamma=-1)


@pytest.mark.gpu
def test_a_gpu_chooses_what_the_cpu_chooses(digits):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    candidates = Candidates(n=len(digits.train), features=digits.train)
    selection: Selection = MmdCritic(gamma=0.026, device="cuda").select(
        candidates, n_prototypes=10, n_criticisms=10, rng=np.random.default_rng(0)
    )
    assert (selection.prototypes, selection.criticisms) == (PROTOTYPES, LOGDET)
