"""MMD-critic on what a real network says of photographs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchvision

from stimuli.classifiers.features import extract_features
from stimuli.classifiers.networks import Normalise
from stimuli.classifiers.torchvision_models import read_state_dict
from stimuli.methods.selection import Candidates, MmdCritic
from stimuli.sources.images import Display, careful_reading, read_picture

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def candidates(real_data) -> Candidates:
    """SqueezeNet's features of 24 photographs, of as many classes."""
    module = torchvision.models.squeezenet1_1(weights=None)
    module.load_state_dict(read_state_dict(real_data / "weights/squeezenet1_1.pth"))
    network = SimpleNamespace(
        module=module.eval(),
        prepare=Normalise(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
        device=torch.device("cpu"),
        origin="squeezenet1_1",
    )
    files = sorted((real_data / "photos").glob("*.jp*g"))[::40][:24]
    with careful_reading():
        pixels = np.stack([read_picture(file, Display()).pixels for file in files])
    return Candidates(n=24, features=extract_features(network, [pixels]))


def choose(candidates: Candidates, **options):
    return MmdCritic(**options).select(
        candidates, n_prototypes=6, n_criticisms=3, rng=np.random.default_rng(0)
    )


def test_one_over_d_sees_nothing_of_photographs_and_says_so(candidates):
    selection = choose(candidates, gamma="1/d")
    assert selection.outcome["off_diagonal"]["median"] < 1e-6
    assert "nearly the identity" in selection.cautions[0].what


@pytest.mark.parametrize("options", [{}, {"gamma": 1e-5}])
def test_the_default_and_the_papers_width_tell_photographs_apart(candidates, options):
    selection = choose(candidates, **options)
    assert selection.cautions == ()
    assert selection.outcome["witness_spread"] > 0.005
