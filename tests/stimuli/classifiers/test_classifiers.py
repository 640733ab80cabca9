from __future__ import annotations

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from stimuli.classifiers.loading import Classifier, load_classifiers
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.errors import ClassifierError
from stimuli.methods.attacks import Ifgsm
from stimuli.recipe_file import RecipeFile, read_recipe
from stimuli.recipes import RECIPES

KINDS = {kind: entry[0] for kind, entry in RECIPES.items()}


def recipe_for(folder: Path, classifier: str) -> RecipeFile:
    (folder / "photos").mkdir(exist_ok=True)
    path = folder / "recipe.toml"
    path.write_text(
        f'[recipe]\nkind = "misclassified"\n[dataset]\npath = "photos"\n{classifier}\n'
    )
    return read_recipe(path, KINDS)


def load(folder: Path, classifier: str) -> Classifier:
    recipe = recipe_for(folder, f"[classifier]\n{classifier}")
    (loaded,) = load_classifiers(recipe, device=torch.device("cpu"))
    return loaded


# `return ...` in the body of `build`, with a transform that people write for files.
TRANSFORM = (
    "from torchvision import transforms as T; "
    "return Net(), {'transform': %s, 'crop': 8}"
)


def load_function(folder: Path, code: str) -> Classifier:
    text = f"import torch\nfrom torch import nn\nP = dict(mean=[0]*3, std=[1]*3, crop=8)\n{code}"
    (folder / "my_model.py").write_text(text)
    return load(folder, 'function = "my_model.py:build"')


def refusal(folder: Path, code: str) -> str:
    with pytest.raises(ClassifierError) as caught:
        load_function(folder, code)
    message = str(caught.value)
    assert "my_model.py" in message
    return message


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch_state = torch.random.get_rng_state()
    network: nn.Module = torchvision.models.squeezenet1_1()
    torch.random.set_rng_state(torch_state)
    return network.eval()


@pytest.mark.parametrize("form", ["plain", "fp16", "state_dict", "module", "both"])
def test_a_state_dict_is_read_in_every_common_form(tmp_path, network, form):
    # Halves first, so that fp16 and fp32 files hold the same numbers.
    state = {k: v.half().float() for k, v in network.state_dict().items()}
    if form == "fp16":
        state = {k: v.half() for k, v in state.items()}
    if form in ("module", "both"):
        state = {f"module.{k}": v for k, v in state.items()}
    wrapped = (
        {"state_dict": state, "epoch": 3} if form in ("state_dict", "both") else state
    )
    torch.save(wrapped, tmp_path / "w.pth")
    loaded = load(tmp_path, 'torchvision = "squeezenet1_1"\nweights = "w.pth"')
    assert loaded.n_classes == 1000
    assert loaded.classes is not None
    assert loaded.classes[1] == ("goldfish", "")
    expected = {k: v.half().float() for k, v in network.state_dict().items()}
    for key, value in loaded.module.state_dict().items():
        assert torch.equal(value, expected[key])


def test_predictions_are_torchvisions_own(tmp_path, network):
    torch.save(network.state_dict(), tmp_path / "w.pth")
    loaded = load(tmp_path, 'torchvision = "squeezenet1_1"\nweights = "w.pth"')
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    preprocess = torchvision.models.SqueezeNet1_1_Weights.IMAGENET1K_V1.transforms()
    with torch.inference_mode():
        batch = torch.from_numpy(pixels).permute(0, 3, 1, 2)
        theirs = network(preprocess.__class__(crop_size=224, resize_size=224)(batch))
    # Another memory layout sums in another order.
    assert np.allclose(loaded.logits(pixels), theirs.numpy(), atol=1e-4)


def test_another_number_of_classes_is_taken_from_the_file(tmp_path):
    state = torchvision.models.squeezenet1_1(num_classes=7).state_dict()
    torch.save(state, tmp_path / "w.pth")
    loaded = load(tmp_path, 'torchvision = "squeezenet1_1"\nweights = "w.pth"')
    assert (loaded.n_classes, loaded.classes) == (7, None)


class Means(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))


def save_program(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Means()), path)


def save_exported(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(Means(), (torch.zeros(2, 3, 8, 8),))
        with path.open("wb") as handle:
            torch.export.save(program, handle)


def save_cut(path: Path) -> None:
    torch.save({"weight": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])


@pytest.mark.parametrize(
    ("save", "expected"),
    [
        (
            lambda p: torch.save(
                torchvision.models.shufflenet_v2_x0_5().state_dict(), p
            ),
            "does not fit squeezenet1_1: 52 missing (features.0.weight",
        ),
        (
            lambda p: p.write_bytes(b"no weights"),
            "is not a PyTorch checkpoint of tensors alone, or is damaged",
        ),
        (lambda p: p.write_bytes(b""), "is not a PyTorch checkpoint"),
        (lambda p: p.write_bytes(b"h\x0c"), "is damaged (KeyError)"),
        (lambda p: p.write_bytes(b"s" * 200), "torch.save(model.state_dict(), ...)"),
        (save_program, "a TorchScript program (torch.jit)"),
        (save_exported, "a program of torch.export"),
        (save_cut, "is not a PyTorch checkpoint"),
        (lambda p: torch.save([1, 2], p), "expected a state dict, got list"),
        (
            lambda p: torch.save(torchvision.models.squeezenet1_1(), p),
            "is not a PyTorch checkpoint of tensors alone",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused_with_the_reason(tmp_path, save, expected):
    save(tmp_path / "w.pth")
    with pytest.raises(ClassifierError) as caught:
        load(tmp_path, 'torchvision = "squeezenet1_1"\nweights = "w.pth"')
    assert expected in str(caught.value)


def test_unknown_names_are_met_with_those_there_are(tmp_path):
    with pytest.raises(ClassifierError, match=r"no classifier 'resnet17'.*resnet18"):
        load(tmp_path, 'torchvision = "resnet17"\nweights = "DEFAULT"')
    with pytest.raises(ClassifierError, match="knows IMAGENET1K_V1, DEFAULT"):
        load(tmp_path, 'torchvision = "resnet18"\nweights = "IMAGENET1K_V9"')


LINEAR = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(3, 4)
    def forward(self, x):
        return self.last(x.mean((2, 3)))
"""


def test_a_function_gives_module_and_preprocessing(tmp_path):
    code = (
        LINEAR
        + "def build():\n    return Net(), {**P, 'classes': [('a', 'x'), *'bcd']}"
    )
    loaded = load_function(tmp_path, code)
    assert loaded.name == "my_model"
    assert loaded.n_classes == 4
    assert loaded.classes == (("a", "x"), ("b", ""), ("c", ""), ("d", ""))
    assert loaded.display.crop == 8
    # White is 1 in every channel, so the logits are bias + row sums.
    last = loaded.module.last
    assert isinstance(last, nn.Linear)
    expected = (last.bias + last.weight.sum(1)).detach().numpy()
    white = np.full((1, 8, 8, 3), 255, dtype=np.uint8)
    assert np.allclose(loaded.logits(white)[0], expected, atol=1e-6)


def test_a_module_that_views_its_input_works_too(tmp_path):
    code = """
class Net(nn.Module):
    def forward(self, x):
        return x.view(len(x), -1)[:, :5]
def build():
    return Net(), P
"""
    assert load_function(tmp_path, code).n_classes == 5


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("raise OSError('no such weights')", "raised OSError: no such weights"),
        ("return Net()", "expected (module, preprocessing), got Net"),
        ("return 1, 2", "expected a torch.nn.Module or a function first, got int"),
        ("return Net(), {}", "mean is missing"),
        ("return Net(), {**P, 'size': 3}", "unknown size; known are mean, std"),
        ("return Net(), {**P, 'mean': [1]}", "mean must be three numbers, got [1]"),
        ("return Net(), {**P, 'std': [1, 0, 1]}", "std must be above 0"),
        ("return Net(), {**P, 'crop': 300, 'resize': 8}", "crop 300 is larger"),
        (
            "return Net(), {**P, 'classes': ['a']}",
            "names 1 classes, but the module has 4",
        ),
        (
            "return Net(), {**P, 'interpolation': 'best'}",
            "interpolation must be one of",
        ),
        ("return nn.Flatten(0), P", "got shape (384,)"),
        ("return nn.Identity(), P", "got shape (2, 3, 8, 8)"),
        ("return nn.Linear(5, 5), P", "fails on a batch of shape (2, 3, 8, 8)"),
        ("return Tuple(), P", "got tuple; return the logits alone"),
        ("return Nan(), P", "got NaN in 8 of 8 values"),
        ("return Nan('inf'), P", "got infinite values in 8 of 8 values"),
        ("return Whole(), P", "as floating point, got torch.int64"),
        (
            "return Net(), {**P, 'crop': 'big'}",
            "resize and crop must be pixels, got 256, 'big'",
        ),
        ("return Net(), {**P, 'resize': None}", "must be pixels, got None, 8"),
        (
            "return Net(), {**P, 'classes': [1, 2]}",
            "classes must be names, or (name, gloss) pairs, got 1",
        ),
        ("return Net(), {**P, 'classes': [('a', 2)]}", "pairs, got ('a', 2)"),
        ("return Breaks(AttributeError), P", "with AttributeError: no layer4"),
        ("return Breaks(KeyError), P", "with KeyError: 'no layer4'"),
        ("return Breaks(Odd), P", "with Odd: no layer4"),
        ("return Breaks(SystemExit), P", "with SystemExit: no layer4"),
        ("import sys; sys.exit('no GPU here')", "raised SystemExit: no GPU here"),
        (TRANSFORM % "T.ToTensor()", "leave Resize, CenterCrop and ToTensor out"),
        (TRANSFORM % "T.Normalize([0] * 3, [1] * 3)", "(ConvertImageDtype), or"),
        ("import resnets", "raised ModuleNotFoundError: No module named 'resnets'"),
        ("return Frozen(), P", "cannot be put into evaluation mode as float32"),
    ],
)
def test_what_a_function_gets_wrong_is_named(tmp_path, body, expected):
    code = (
        LINEAR
        + """
class Tuple(Net):
    def forward(self, x):
        return super().forward(x), 1
class Nan(Net):
    def __init__(self, value='nan'):
        super().__init__()
        self.value = float(value)
    def forward(self, x):
        return super().forward(x) * 0 + self.value
class Whole(Net):
    def forward(self, x):
        return super().forward(x).long()
class Odd(Exception):
    pass
class Frozen(Net):
    def eval(self):
        raise NotImplementedError('no eval')
class Breaks(Net):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind
    def forward(self, x):
        raise self.kind('no layer4')
"""
        + f"def build():\n    {body}\n"
    )
    message = refusal(tmp_path, code)
    assert expected in message


def test_a_file_without_the_function_says_which_it_has(tmp_path):
    assert "has no function 'build'; it has make" in refusal(
        tmp_path, "def make():\n    pass"
    )
    assert "importing it raised NameError" in refusal(tmp_path, "oops")


def test_code_of_gigabytes_is_not_read(tmp_path):
    (tmp_path / "photos").mkdir()
    with (tmp_path / "my_model.py").open("wb") as handle:
        handle.truncate(2 << 30)
    with pytest.raises(
        ClassifierError, match=r"my_model\.py holds 2,147,483,648 bytes"
    ):
        load(tmp_path, 'function = "my_model.py:build"')


def test_an_exit_on_import_is_no_exit_of_ours(tmp_path):
    said = refusal(tmp_path, "raise SystemExit(3)")
    assert "importing it raised SystemExit: 3" in said


@pytest.mark.parametrize("imports", ["import analysis", "from stimuli.nets import x"])
def test_a_file_with_the_name_of_our_package_is_named(tmp_path, imports):
    name = imports.split()[1].partition(".")[0]
    (tmp_path / f"{name}.py").write_text("x = 1")
    # Imported by way of another file of theirs.
    (tmp_path / "nets.py").write_text(f"def late():\n    {imports}\n")
    (tmp_path / "my_model.py").write_text("import nets\ndef build(): nets.late()")
    with pytest.raises(ClassifierError) as caught:
        load(tmp_path, 'function = "my_model.py:build"')
    said = str(caught.value)
    assert f"{tmp_path / name}.py is meant" in said
    assert "give the file another name" in said


def test_such_a_file_that_is_not_imported_is_in_nobodys_way(tmp_path):
    (tmp_path / "analysis.py").write_text("x = 1")
    code = LINEAR + "def build():\n    return Net(), P"
    assert load_function(tmp_path, code).n_classes == 4


def test_a_module_that_cannot_be_copied_says_so(tmp_path):
    code = """
import threading
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()
    def forward(self, x):
        return x.mean((2, 3))
def build():
    return Net(), P
"""
    loaded = load_function(tmp_path, code)
    with pytest.raises(ClassifierError, match="cannot be copied for each thread"):
        loaded.copy_for_thread()


@pytest.mark.parametrize("forward", ["with torch.no_grad():", "x = x.detach()"])
def test_a_module_without_gradients_says_so_under_an_attack(tmp_path, forward):
    block = forward.endswith(":")
    code = f"""
class Net(nn.Module):
    def forward(self, x):
        {forward}
        {"    " if block else ""}return x.mean((2, 3)) + torch.tensor([9.0, 0.0, 0.0])
def build():
    return Net(), P
"""
    model = PixelModel.of(load_function(tmp_path, code))
    images = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    for attack in (Ifgsm(max_steps=2), Ifgsm(max_steps=2, stop="flip")):
        with pytest.raises(ClassifierError, match=r"my_model\.py:build: gives no grad"):
            attack(model, images, labels=torch.zeros(2, dtype=torch.int64))


def test_nan_that_comes_later_stops_the_build_with_words(tmp_path):
    code = """
class Net(nn.Module):
    def forward(self, x):
        logits = x.mean((2, 3))
        return torch.where(logits > 0.9, torch.nan, logits)
def build():
    return Net(), P
"""
    loaded = load_function(tmp_path, code)
    with pytest.raises(
        ClassifierError, match=r"my_model\.py:build: .*got NaN in 3 of 6"
    ):
        loaded.logits(
            np.stack([np.full((8, 8, 3), v, dtype=np.uint8) for v in (0, 255)])
        )


def test_threads_do_not_share_what_a_module_remembers(tmp_path):
    code = """
import time
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.big = nn.Parameter(torch.ones(3))
    def forward(self, x):
        self.kept = x.mean((2, 3)) * self.big
        time.sleep(0.05)
        return self.kept
def build():
    return Net(), P
"""
    loaded = load_function(tmp_path, code)
    twins = [loaded.copy_for_thread() for _ in range(4)]
    assert {next(t.module.parameters()).data_ptr() for t in twins} == {
        next(loaded.module.parameters()).data_ptr()
    }
    barrier = threading.Barrier(4)

    def run(i: int) -> float:
        barrier.wait()
        pixels = np.full((1, 8, 8, 3), 50 * i, dtype=np.uint8)
        return float(twins[i].logits(pixels)[0, 0])

    with ThreadPoolExecutor(4) as pool:
        values = list(pool.map(run, range(4)))
    assert values == pytest.approx([0, 50 / 255, 100 / 255, 150 / 255])


def test_the_demo_network_loads_with_its_names(tmp_path):
    pytest.importorskip("stimuli.scenes.classifier")
    from stimuli.scenes.classifier import WEIGHTS_PATH

    if not WEIGHTS_PATH.is_file():
        pytest.skip("the demo world's weights are not in this checkout")
    loaded = load(tmp_path, "demo = true")
    assert loaded.classes is not None
    assert loaded.n_classes == len(loaded.classes)
