"""What strangers' networks do wrong, found on two images before all others."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from stimuli.classifiers.features import extract_features
from stimuli.classifiers.loading import Classifier, load_classifiers
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.cli import stimuli
from stimuli.engine.classifier_contract import Needs, check_contract
from stimuli.engine.planning import calibrate_batch_size
from stimuli.errors import ClassifierError
from stimuli.recipe_file import read_recipe
from stimuli.recipes import RECIPES
from stimuli.recipes.batches.judging import predict
from tests.stimuli import toy

HEADER = """
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

P = dict(mean=[0.5] * 3, std=[0.2] * 3, crop=16, resize=16,
         classes=["ant", "bee", "cat", "dog"])


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.conv = nn.Conv2d(3, 6, 3)
        self.head = nn.Linear(6, 4)
        with torch.no_grad():
            for tensor in self.parameters():
                tensor.copy_(torch.randn(tensor.shape, generator=generator))

    def between(self, x):
        return x

    def forward(self, x):
        return self.head(self.between(self.conv(x).relu()).mean((2, 3)))
"""

NETWORKS = """
class MeanNorm(Body):
    # Timm's and torchvision's way: statistics of the batch, since none are kept.
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(6, track_running_stats=False)
    def between(self, x):
        return self.norm(x)

class Trained(Body):
    def between(self, x):
        return F.batch_norm(x, torch.zeros(6), torch.ones(6), training=True)

class Dropped(Body):
    def between(self, x):
        return F.dropout(x, 0.2)

class Stubborn(Body):
    def eval(self):
        return self

class Cornered(Body):
    # Parts in a plain list are reached by no eval().
    def __init__(self):
        super().__init__()
        self.parts = [nn.Dropout(0.5)]
    def between(self, x):
        return self.parts[0](x)

class Counting(Body):
    calls = 0
    def between(self, x):
        Counting.calls += 1
        return x * Counting.calls

class InPairs(Body):
    def forward(self, x):
        return super().forward(x.reshape(-1, 2, 3, 14 + 2, 16).flatten(0, 1))

class Softmaxed(Body):
    def forward(self, x):
        return super().forward(x).softmax(1)

class Sigmoid(Body):
    def forward(self, x):
        return super().forward(x).sigmoid()

class Mapped(Body):
    def forward(self, x):
        return {"logits": super().forward(x), "loss": None}

class Output:
    # As the output classes of transformers.
    def __init__(self, logits):
        self.logits, self.hidden_states = logits, None

class Held(Body):
    def forward(self, x):
        return Output(super().forward(x))

class Cramped(Body):
    def forward(self, x):
        if len(x) > 4:
            raise torch.OutOfMemoryError("no more")
        return super().forward(x)

class Detached(Body):
    def forward(self, x):
        return super().forward(x.detach())

class Rounded(Body):
    def forward(self, x):
        return super().forward(x.round())

class Rooted(Body):
    def forward(self, x):
        return super().forward(x) + (x * 0).sqrt().sum()

def predict(pixels):
    means = pixels.reshape(len(pixels), -1, 3).mean(1) / 255
    shares = np.concatenate([means, 1 - means[:, :1]], 1)
    return shares / shares.sum(1, keepdims=True)

Q = {k: v for k, v in P.items() if k not in ("mean", "std")}
"""


def write(folder: Path, returned: str, *, kind: str = 'kind = "misclassified"') -> Path:
    """Forty pictures of two colours, and a recipe for a network."""
    (folder / "mine.py").write_text(
        f"{HEADER}{NETWORKS}\ndef build():\n    return {returned}\n"
    )
    for i in range(4):
        toy.paint(folder / f"photos/bee/{i}.png", i, 9 + i, confidence=40 * i)
    return toy.write_recipe(
        folder, recipe=kind, classifier='[classifier]\nfunction = "mine.py:build"'
    )


def load(folder: Path, returned: str) -> Classifier:
    kinds = {kind: entry[0] for kind, entry in RECIPES.items()}
    recipe = read_recipe(write(folder, returned), kinds)
    (loaded,) = load_classifiers(recipe, device=torch.device("cpu"))
    return loaded


def check(folder: Path, returned: str, **needs: object) -> list[str]:
    classifier = load(folder, returned)
    images = sorted((folder / "photos/bee").iterdir())
    wanted = Needs(kind="adversarial", **needs)  # type: ignore[arg-type]
    return check_contract(
        [classifier], images, display=classifier.display, needs=wanted
    )


def refusal(folder: Path, returned: str, **needs: object) -> str:
    with pytest.raises(ClassifierError) as caught:
        check(folder, returned, **needs)
    assert "mine.py:build" in str(caught.value)
    return str(caught.value)


def some_pixels(n: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (n, 16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (
            "MeanNorm()",
            "in a batch rather than alone.*mixes the images of a batch: norm",
        ),
        ("Trained()", "in a batch rather than alone.*runs batch norm with training=Tr"),
        ("Dropped()", "same image comes again.*draws random numbers .bernoulli_.*drop"),
        ("Cornered()", "same image comes again.*draws random numbers .bernoulli_"),
        ("Counting()", "same image comes again.*What does it keep from call to call"),
        ("InPairs()", "two images at a time, not one"),
        ("Stubborn()", "stays in training mode after eval.*: itself, conv, head"),
    ],
)
def test_what_makes_answers_vary_is_found_and_named(tmp_path, network, expected):
    with pytest.raises(ClassifierError, match=f"(?s)mine.py:build.*{expected}"):
        check(tmp_path, f"{network}, P")


def test_a_sound_network_has_nothing_to_tell(tmp_path):
    assert check(tmp_path, "Body(), P", has_gradients=True, dtypes=("bfloat16",)) == []


def test_a_mistake_of_set_up_ends_the_command_with_one_line_and_no_set(tmp_path):
    recipe = write(tmp_path, "Dropped(), P")
    out = tmp_path / "set"
    done = CliRunner().invoke(stimuli, ["build", str(recipe), "--out", str(out)])
    assert done.exit_code == 1
    assert done.stderr.count("draws random numbers") == 1
    assert not list((out / ".build").iterdir())


def test_a_probe_refuses_a_network_that_changes_its_mind_by_itself(tmp_path):
    write(tmp_path, "Dropped(), P")
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("pair,first,second\na,photos/bee/0.png,photos/bee/1.png\n")
    mine = f"{tmp_path / 'mine.py'}:build"
    options = ["--classifier", mine, "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(stimuli, ["probe", "--pairs", str(pairs), *options])
    assert done.exit_code == 1
    assert "draws random numbers" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_batch_is_measured_until_the_memory_is_full(tmp_path):
    loaded = load(tmp_path, "Cramped(), P")
    assert calibrate_batch_size([loaded], loaded.display) in (1, 2, 4)


@pytest.mark.parametrize("network", ["Mapped()", "Held()"])
def test_logits_are_taken_out_of_mappings_and_objects(tmp_path, network):
    plain = load(tmp_path, "Body(), P")
    wrapped = load(tmp_path, f"{network}, P")
    pixels = some_pixels()
    assert np.array_equal(wrapped.logits(pixels), plain.logits(pixels))
    assert wrapped.weights_sha256 == plain.weights_sha256
    # Layers keep the names their author gave them.
    features = extract_features(wrapped, [pixels], layer="conv")
    assert np.array_equal(features, extract_features(plain, [pixels], layer="conv"))
    penultimate = extract_features(wrapped, [pixels])
    assert penultimate.shape == (3, 6)


def test_probabilities_are_used_as_they_are(tmp_path):
    plain = load(tmp_path, "Body(), P")
    squashed = load(tmp_path, "Softmaxed(), P")
    assert (plain.gives, squashed.gives) == ("logits", "probabilities")
    pixels = some_pixels()
    # The same network, so the same probabilities; a second softmax would level them.
    one, other = (predict(each, pixels) for each in (plain, squashed))
    assert np.allclose(one.probabilities, other.probabilities, atol=1e-6)
    assert [p.classes for p in one.predictions] == [
        p.classes for p in other.predictions
    ]
    # Differences of logarithms of probabilities are differences of logits.
    assert [p.margin for p in other.predictions] == pytest.approx(
        [p.margin for p in one.predictions], rel=1e-3
    )
    (note,) = check(tmp_path, "Softmaxed(), P", has_gradients=True)
    assert "answers with probabilities" in note


def test_probabilities_that_are_none_are_refused_and_logits_may_be_insisted_on(
    tmp_path,
):
    with pytest.raises(ClassifierError, match="says that it gives probabilities, but"):
        load(tmp_path, '(Body()), {**P, "gives": "probabilities"}')
    insisted = load(tmp_path, 'Softmaxed(), {**P, "gives": "logits"}')
    assert insisted.logits(some_pixels()).min() >= 0
    with pytest.raises(ClassifierError, match=r"gives must be .* got 'scores'"):
        load(tmp_path, 'Body(), {**P, "gives": "scores"}')


def test_scores_of_a_sigmoid_are_pointed_out(tmp_path):
    (note,) = check(tmp_path, "Sigmoid(), P")
    assert "values in [0, 1] that do not sum to 1" in note


def test_a_function_that_only_predicts_is_declared_so(tmp_path):
    loaded = load(tmp_path, "predict, Q")
    assert (loaded.form, loaded.gives) == ("function", "probabilities")
    assert not loaded.has_gradients
    pixels = some_pixels()
    means = pixels.reshape(3, -1, 3).mean(1) / 255
    shares = np.concatenate([means, 1 - means[:, :1]], 1)
    expected = shares / shares.sum(1, keepdims=True)
    assert np.allclose(predict(loaded, pixels).probabilities, expected, atol=1e-6)
    # Explanations hide parts of floats; the function is given the nearest bytes.
    model = PixelModel.of(loaded.copy_for_thread(), needs_gradients=False)
    floats = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255
    assert np.allclose(model(floats).softmax(1).numpy(), expected, atol=1e-6)
    assert any("only predicts" in note for note in check(tmp_path, "predict, Q"))


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ("predict, P", "mean and std beside a function: it is given the bytes shown"),
        ("lambda pixels: pixels[:, 0, 0], Q", "as floating point, got torch.uint8"),
        ("lambda pixels: None, Q", "got NoneType; return the logits alone, or an"),
        ("lambda pixels: 1 / 0, Q", "fails on a batch of .* ZeroDivisionError"),
        ("np.zeros(3), P", "expected a torch.nn.Module or a function first, got nda"),
        ("type('Forest', (), {'predict_proba': 1})(), Q", "wrap it in a function of"),
        ("lambda pixels: pixels.mean((1, 2))[:, :1], Q", "one score for two classes"),
        ("Body(), {**P, 'has_gradients': 'no'}", "has_gradients must be True or Fal"),
    ],
)
def test_what_a_function_gives_instead_of_scores_is_named(tmp_path, returned, expected):
    with pytest.raises(ClassifierError, match=f"(?s){expected}"):
        load(tmp_path, returned)


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ("predict, Q", "is a function that only predicts; kind = .adversarial. attac"),
        ("Body(), {**P, 'has_gradients': False}", "says has_gradients = False"),
        ("Detached(), P", "attacks the classifier, which needs gradients: .*gives no"),
        ("Rounded(), P", "its gradient is zero everywhere on 2 images"),
        ("Rooted(), P", "its gradient is not finite on any of 2 images"),
    ],
)
def test_who_needs_gradients_says_so_before_the_first_image(
    tmp_path, returned, expected
):
    with pytest.raises(ClassifierError, match=f"(?s){expected}"):
        check(tmp_path, returned, has_gradients=True)
    assert isinstance(check(tmp_path, returned), list)


@pytest.mark.parametrize(
    ("kind", "is_refused"),
    [
        ('kind = "adversarial"', True),
        ('kind = "portrait"\nclasses = ["bee"]\nn_prototypes = 1', True),
        ('kind = "misclassified"', False),
    ],
)
def test_kinds_that_attack_refuse_a_function_before_predicting(
    tmp_path, kind, is_refused
):
    more = "\nn_criticisms = 1" if "portrait" in kind else ""
    recipe = write(tmp_path, "predict, Q", kind=kind + more)
    if not is_refused:
        built = toy.build(recipe, tmp_path / "set")
        (said,) = built.summary["classifiers"]
        assert (said["form"], said["has_gradients"]) == ("function", False)
        return
    with pytest.raises(ClassifierError, match="needs gradients"):
        toy.build(recipe, tmp_path / "set")
    assert not list((tmp_path / "set/.build").iterdir())


def save_programs(folder: Path) -> None:
    """One network, scripted, exported, and exported for two images alone."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6)
            self.head = nn.Linear(6, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            kept = self.norm(self.conv(x)).relu().mean((2, 3))
            return self.head(kept)  # type: ignore[no-any-return]

    net = Net().eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in net.parameters():
            tensor.copy_(torch.randn(tensor.shape, generator=generator))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(net), folder / "net.pt")
        example = (torch.zeros(2, 3, 16, 16),)
        free = ({0: torch.export.Dim("batch")},)
        for name, shapes in (("free", free), ("two", None)):
            program = torch.export.export(net, example, dynamic_shapes=shapes)
            with (folder / f"{name}.pt2").open("wb") as handle:
                torch.export.save(program, handle)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    save_programs(folder)
    return folder


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("opened", "form"),
    [
        ("torch.jit.load({folder!r} + '/net.pt')", "scripted"),
        ("torch.export.load({folder!r} + '/free.pt2')", "exported"),
        ("torch.export.load({folder!r} + '/free.pt2').module()", "exported"),
    ],
)
def test_scripted_and_exported_programs_are_taken(tmp_path, programs, opened, form):
    returned = f"{opened.format(folder=str(programs))}, P"
    loaded = load(tmp_path, returned)
    assert loaded.form == form
    assert check(tmp_path, returned, has_gradients=True) == []
    pixels = some_pixels(1)
    twin = loaded.copy_for_thread()
    assert np.array_equal(twin.logits(pixels), loaded.logits(pixels))


@pytest.mark.filterwarnings("ignore")
def test_a_program_exported_for_two_images_says_what_to_do(tmp_path, programs):
    returned = f"torch.export.load({str(programs)!r} + '/two.pt2'), P"
    assert "batch dimension that may vary" in refusal(tmp_path, returned)
