import hashlib
import json

import pytest
import torch

from stimuli.scenes.classifier import WEIGHTS_PATH
from stimuli.scenes.evaluation import collect
from stimuli.scenes.training import (
    ACCURACY_TOLERANCE,
    RECORD_PATH,
    environment,
    fit,
    retrain,
    train,
)


@pytest.fixture(scope="module")
def few_scenes():
    return collect(48, seed=4, split="training", size=112)


def same(first, second) -> bool:
    one, other = first.network.state_dict(), second.network.state_dict()
    return all(torch.equal(one[name], other[name]) for name in one)


def test_training_twice_gives_the_same_weights_and_another_seed_others(few_scenes):
    first, again, other = (fit(few_scenes, seed=s, epochs=2) for s in (4, 4, 5))
    assert same(first, again)
    assert first.losses == again.losses
    assert not same(first, other)


def test_training_lowers_the_loss_and_ends_in_evaluation_mode(few_scenes):
    result = fit(few_scenes, seed=4, epochs=5)
    # Guessing among 16 classes costs log(16) = 2.77.
    assert result.losses[0] == pytest.approx(2.77, abs=0.3)
    assert result.losses[-1] < result.losses[0] - 0.1
    assert not result.network.training


def test_training_leaves_the_settings_of_torch_as_they_were(few_scenes):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    before = torch.random.get_rng_state()
    try:
        fit(few_scenes, seed=4, epochs=1)
        assert torch.get_num_threads() == 1
        assert not torch.are_deterministic_algorithms_enabled()
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(before, torch.random.get_rng_state())


def test_train_draws_its_scenes_from_the_seed(few_scenes):
    stages = []
    result = train(
        seed=4,
        epochs=1,
        n_train=48,
        workers=1,
        progress=lambda stage, done, n: stages.append((stage, done, n)),
    )
    assert same(result, fit(few_scenes, seed=4, epochs=1))
    assert stages[47] == ("drawing training scenes", 48, 48)
    assert stages[-1] == ("training", 1, 1)


def test_too_few_scenes_are_refused(few_scenes):
    with pytest.raises(ValueError, match="at least 48 scenes and 1 epoch"):
        fit(few_scenes, seed=4, epochs=0)


def test_the_record_belongs_to_the_shipped_weights():
    record = json.loads(RECORD_PATH.read_text("utf-8"))
    assert record["sha256"] == hashlib.sha256(WEIGHTS_PATH.read_bytes()).hexdigest()
    assert 0.65 <= record["accuracy"] <= 0.8
    assert 0.5 <= record["present_share"] <= 0.85


@pytest.mark.slow
def test_retraining_reproduces_the_shipped_weights(tmp_path):
    record = json.loads(RECORD_PATH.read_text("utf-8"))
    result = retrain(tmp_path / "weights.pt")
    assert abs(result.evaluation.accuracy - record["accuracy"]) <= ACCURACY_TOLERANCE
    if environment() == record["environment"]:
        assert result.sha256 == record["sha256"]
