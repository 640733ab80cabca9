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

from stimuli.methods.selection import Candidates, MmdCritic, Selection, SelectionError
from stimuli.methods.selection._rbf_kernel import RbfKernel

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


def test_the_default_width_is_one_over_the_median_squared_distance():
    # Points 0, 1, 3 and a second 0: pairs that differ are 0-1, 0-3, 1-3, 0'-1, 0'-3,
    # of squared distances 1, 9, 4, 1, 9; the two at 0 are left out. The median is 4.
    selection = select(np.array([[0.0], [1.0], [3.0], [0.0]]), 2, 1)
    assert selection.parameters["gamma"] == 0.25
    # Kernels are e^-2.25, e^-1, e^-0.25 of distances 9, 4, 1; nearest are 1, 1, 4, 1.
    assert selection.outcome["off_diagonal"]["median"] == pytest.approx(
        np.exp(-1), rel=1e-3
    )
    assert selection.outcome["off_diagonal"]["nearest"] == pytest.approx(
        np.exp(-0.25), rel=1e-3
    )


def test_the_default_does_not_depend_on_the_scale_of_the_features():
    features = np.random.default_rng(1).normal(size=(40, 8))
    chosen = select(features, 5, 5).chosen
    for scale in (1e-3, 70, 1e6):
        assert select(features * scale, 5, 5).chosen == chosen


def test_the_authors_own_width_is_about_the_median(digits):
    # They cross-validated 0.026 on digits of the same range.
    assert select(digits.train, 1).parameters["gamma"] == pytest.approx(0.026, rel=0.1)


def test_the_median_keeps_to_what_the_kernel_compares():
    # Two classes far apart; within each the squared distances are 1, 1 and 4.
    features = np.array([[0.0], [1], [2], [100], [101], [102]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    near = select(features, 2, 1, labels=labels, kernel="local")
    assert near.parameters["gamma"] == 1
    assert select(features, 2, 1).parameters["gamma"] < 0.001


def test_many_images_are_sampled_evenly_over_the_candidates():
    # 3,000 points in a row, of which every third is compared: the median distance of
    # two of m points at random is m (1 - sqrt(1/2)).
    gamma = select(np.arange(3000.0)[:, None], 1).parameters["gamma"]
    assert gamma == pytest.approx(1 / (3000 * (1 - 0.5**0.5)) ** 2, rel=0.01)


def test_one_over_d_and_a_number_are_taken_as_they_are():
    features = np.random.default_rng(1).normal(size=(40, 8))
    assert select(features, 5, gamma="1/d").parameters["gamma"] == 1 / 8
    assert select(features, 5, gamma=1e-5).parameters["gamma"] == 1e-5


@pytest.fixture(scope="module")
def real_scale() -> NDArray[np.float64]:
    """As SqueezeNet's on photographs: 512 features, median squared distance 10,000."""
    spread = (10_000 / 1024) ** 0.5
    return np.random.default_rng(8).normal(0, spread, size=(60, 512))


def test_a_kernel_that_is_nearly_the_identity_is_told_with_its_numbers(real_scale):
    selection = select(real_scale, 6, 3, gamma="1/d")
    (caution,) = selection.cautions
    assert "nearly the identity" in caution.what
    assert 'take gamma = "median"' in caution.what
    # exp(-10000 / 512) is about 3e-9; of these sixty, 4e-9.
    assert "gamma 0.001953 (1/d), median off-diagonal 4e-09, with" in caution.numbers
    assert "spread of the witness" in caution.numbers
    assert selection.outcome["off_diagonal"]["nearest"] < 1e-4


def test_a_kernel_that_is_nearly_constant_is_told(real_scale):
    (caution,) = select(real_scale, 6, 3, gamma=1e-7).cautions
    assert "nearly constant" in caution.what
    assert "gamma 1e-07, median off-diagonal 1" in caution.numbers


def test_a_kernel_that_tells_images_apart_is_no_caution(real_scale, digits):
    assert select(real_scale, 6, 3).cautions == ()
    assert select(digits.train, 6, 3, gamma=0.026).cautions == ()
    # Tight clusters: most pairs are at 0, yet every image has its neighbours.
    centres = np.random.default_rng(9).normal(size=(20, 1, 4)) * 1000
    clusters = centres + np.random.default_rng(10).normal(size=(20, 5, 4))
    assert select(clusters.reshape(100, 4), 6, 3, gamma=0.2).cautions == ()


def test_scores_that_tie_are_told():
    # Corners of a square of gamma 1: as prototypes all four are alike. Of the other
    # three the far corner is alone: the mean of a column is (1 + 2/e + 1/e^2) / 4 =
    # 0.468, its witness 0.468 - 0.135, that of the near ones 0.468 - 0.368.
    square = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    selection = select(square, 1, 1)
    assert selection.chosen == (0, 3)
    (caution,) = selection.cautions
    assert "scores tie to rounding" in caution.what
    assert caution.numbers.startswith("1 of 2 choices, gamma 1 (median), median off")
    assert selection.outcome["n_tied"] == 1
    assert selection.outcome["witness_spread"] == pytest.approx(0.368 - 0.135, abs=1e-3)


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


@pytest.mark.parametrize("gamma", ["median", "1/d", 1.0])
def test_images_that_are_all_alike_are_refused(gamma):
    # Float32 that differs in the last bit is alike, too.
    alike = np.full((9, 4), 0.3, dtype=np.float32)
    alike[4] = np.nextafter(alike[4], np.float32(1))
    with pytest.raises(SelectionError, match="no two of the 9 images have different"):
        select(alike, 3, 3, gamma=gamma)


def test_a_local_kernel_needs_two_images_of_a_class():
    features = np.arange(4.0)[:, None]
    with pytest.raises(SelectionError, match="4 images of one class have different"):
        select(features, 1, labels=np.arange(4), kernel="local")


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


@pytest.mark.parametrize("gamma", [-1, 0, float("nan"), float("inf"), "1 / d", None])
def test_a_width_that_is_none_is_refused(gamma):
    with pytest.raises(
        ValueError, match=r'must be "median", "1/d" or a number above 0'
    ):
        MmdCritic(gamma=gamma)


@pytest.mark.gpu
def test_a_gpu_chooses_what_the_cpu_chooses(digits):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    candidates = Candidates(n=len(digits.train), features=digits.train)
    selection: Selection = MmdCritic(gamma=0.026, device="cuda").select(
        candidates, n_prototypes=10, n_criticisms=10, rng=np.random.default_rng(0)
    )
    assert (selection.prototypes, selection.criticisms) == (PROTOTYPES, LOGDET)
