"""Features of a tiny network, worked by hand; hooks leave no trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stimuli.classifiers.features import extract_features, list_layers
from stimuli.errors import ClassifierError


@dataclass
class Fake:
    module: nn.Module
    prepare: Callable[[Tensor], Tensor] = lambda batch: batch.float()
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - immutable
    origin: str = "tiny.py:build"


class Tiny(nn.Module):
    """1x1 convolution to two channels, ReLU, mean over positions, linear head."""

    def __init__(self) -> None:
        super().__init__()
        mix = nn.Conv2d(3, 2, 1, bias=False)
        self.body = nn.Sequential(mix, nn.ReLU())
        self.spare = nn.Linear(2, 2)
        self.head = nn.Linear(2, 3)
        with torch.no_grad():
            # Channel 0 is red + green, channel 1 is blue - red.
            weights = torch.tensor([[1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])
            mix.weight.copy_(weights[:, :, None, None])
            self.head.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
            self.head.bias.copy_(torch.tensor([0.0, 10.0, 0.0]))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(x).mean((2, 3)))
        return logits


# Two images of 1 x 2 pixels.
IMAGES = np.array(
    [
        [[[1, 2, 3], [3, 4, 1]]],
        [[[0, 0, 8], [2, 0, 0]]],
    ],
    dtype=np.uint8,
)
# First image: red + green 3 and 7, blue - red 2 and -2 (0 after ReLU): means 5, 1.
# Second: 0 and 2, 8 and -2: means 1, 4.
HIDDEN = [[5.0, 1.0], [1.0, 4.0]]


def make() -> Fake:
    return Fake(Tiny().eval())


def hooks_of(module: nn.Module) -> int:
    return sum(
        len(m._forward_hooks) + len(m._forward_pre_hooks) for m in module.modules()
    )


def test_the_penultimate_layer_is_what_goes_into_the_head():
    features = extract_features(make(), [IMAGES])
    assert features.dtype == np.float32
    assert features.tolist() == HIDDEN


def test_a_named_layer_gives_its_output():
    features = extract_features(make(), [IMAGES], layer="head")
    assert features.tolist() == [[5, 11, 6], [1, 14, 5]]


def test_maps_are_averaged_over_positions_or_flattened():
    mean = extract_features(make(), [IMAGES], layer="body.1")
    assert mean.tolist() == HIDDEN
    flat = extract_features(make(), [IMAGES], layer="body.1", pooling="flatten")
    assert flat.tolist() == [[3, 7, 2, 0], [0, 2, 8, 0]]


def test_batches_are_joined_in_order():
    features = extract_features(make(), (IMAGES[i : i + 1] for i in (1, 0, 1)))
    assert features.tolist() == [HIDDEN[1], HIDDEN[0], HIDDEN[1]]


def test_a_convolutional_head_counts_as_a_head():
    # As in SqueezeNet: the last weights are a convolution, pooled afterwards.
    module = nn.Sequential(
        Tiny().body, nn.Conv2d(2, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    assert extract_features(Fake(module.eval()), [IMAGES]).tolist() == HIDDEN


def test_an_unknown_layer_lists_the_layers():
    with pytest.raises(
        ClassifierError,
        match=r"tiny.py:build: no layer 'heads'; did you mean 'head'\? Layers are "
        "penultimate, body, body.0, body.1, spare, head",
    ):
        extract_features(make(), [IMAGES], layer="heads")
    assert list_layers(Tiny()) == ("body", "body.0", "body.1", "spare", "head")


def test_a_layer_that_does_not_run_is_said():
    with pytest.raises(ClassifierError, match="'spare' does not run in a forward pass"):
        extract_features(make(), [IMAGES], layer="spare")


def test_a_network_without_weights_has_no_penultimate_layer():
    with pytest.raises(ClassifierError, match="no layer with weights"):
        extract_features(Fake(nn.Sequential(nn.Flatten())), [IMAGES])


def test_values_that_are_not_finite_name_the_image():
    network = make()
    network.prepare = lambda batch: batch.float().log()
    with pytest.raises(
        ClassifierError, match=r"not finite for 1 images, first image 1"
    ):
        extract_features(network, [IMAGES[:1], IMAGES[1:]])


def test_hooks_weights_and_mode_are_as_before():
    network = make()
    before = {k: v.clone() for k, v in network.module.state_dict().items()}
    extract_features(network, [IMAGES])
    for layer in ("head", "nowhere", "spare"):
        try:
            extract_features(network, [IMAGES], layer=layer)
        except ClassifierError:
            continue
    assert hooks_of(network.module) == 0
    assert not network.module.training
    for key, value in network.module.state_dict().items():
        assert torch.equal(value, before[key])


def test_a_crash_in_the_network_leaves_no_hook():
    network = make()
    with pytest.raises(ClassifierError, match="RuntimeError"):
        extract_features(network, [IMAGES.repeat(2, axis=3)])
    assert hooks_of(network.module) == 0


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="at least one batch"):
        extract_features(make(), [])


def test_torchvisions_networks_have_their_known_widths():
    from torchvision.models import VisionTransformer, resnet18, squeezenet1_1

    image = np.zeros((1, 64, 64, 3), dtype=np.uint8)
    small = VisionTransformer(
        image_size=64,
        patch_size=32,
        num_layers=1,
        num_heads=2,
        hidden_dim=24,
        mlp_dim=8,
    )
    for module, width in (
        (resnet18(weights=None), 512),
        (squeezenet1_1(weights=None), 512),
        (small, 24),
    ):
        network = Fake(module.eval(), prepare=lambda b: b.float() / 255)
        assert extract_features(network, [image]).shape == (1, width)
