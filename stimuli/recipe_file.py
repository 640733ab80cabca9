"""The recipe a researcher writes: read, checked whole, every default filled in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stimuli.errors import RecipeError, list_problems
from stimuli.files.images import MOST_PIXELS
from stimuli.files.text import TextFileError, TomlFile, parse_toml, read_toml
from stimuli.sources.images import Interpolation

_ENUM: Final = re.compile(r"[A-Z][A-Z0-9_]*\Z")
# Of chance: 1e-4, the bar for a thousand classes, is this share of one in a thousand.
_SHARE_OF_CHANCE: Final = 0.1


class RecipeSection(BaseModel):
    """A table of the recipe file; unknown keys are problems.

    Attributes:
        own_tables: Of a recipe's own section: fields that stand in the file as tables
            of their own, beside `[recipe]`.
    """

    own_tables: ClassVar[tuple[str, ...]] = ()

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ControlsSection(RecipeSection):
    """`[controls]`: catch and control trials, counted per block.

    Attributes:
        known_yes: Catches with a right, confident image and its true class.
        known_no: Catches with a far class.
        random_foil: Controls with a far class.
        hard_foil: Controls with a confusable class known to be absent.
        clean_true: Controls with a clean image and its true class (recipe
            "adversarial").
        random_superpixels: Controls with as many superpixels of the same area,
            drawn at random ("adversarial", display "attention").
        clean_attention: Controls with the clean image's explanation for its true
            class (the same).
        foil_attention: Controls with an explanation for a far class (the same).
        practice: Practice trials, half yes and half no.
        adjudicated: CSV `file,class,relevant` with yes or no, judged by hand.
        min_probability: What makes a right prediction confident.
        max_probability: A class is far below this, under every classifier. Where it is
            not set and too few are, those below a tenth of chance count.
        pool: Pools hold up to this many times what one block needs.
    """

    known_yes: int | None = Field(None, ge=0)
    known_no: int | None = Field(None, ge=0)
    random_foil: int | None = Field(None, ge=0)
    hard_foil: int | None = Field(None, ge=0)
    clean_true: int | None = Field(None, ge=0)
    random_superpixels: int | None = Field(None, ge=0)
    clean_attention: int | None = Field(None, ge=0)
    foil_attention: int | None = Field(None, ge=0)
    practice: int | None = Field(None, ge=0)
    adjudicated: str | None = None
    min_probability: float = Field(0.9, gt=0, le=1)
    max_probability: float = Field(1e-4, gt=0, lt=1)
    pool: int = Field(5, ge=1)

    def eased_limit(self, n_classes: int) -> float | None:
        """Below which a class counts as far where too few are below `max_probability`.

        A tenth of chance; None where the recipe file sets `max_probability` itself, or
        that is no easier.

        Args:
            n_classes: Outputs of the classifier.
        """
        limit = _SHARE_OF_CHANCE / n_classes
        is_set = "max_probability" in self.model_fields_set
        return None if is_set or limit <= self.max_probability else limit


class DatasetSection(RecipeSection):
    """`[dataset]`: where the images are.

    Attributes:
        path: Folder, relative to the recipe file.
        form: How labels are given; "auto" looks.
        groups: CSV `class,group`, fine to coarse.
        max_megapixels: Images of more million pixels are left unread; unset, 89 are
            read. Each takes 3 bytes a pixel of memory, and more while resized.
    """

    path: str
    form: Literal["auto", "folders", "labels", "imagenet", "unlabelled"] = "auto"
    groups: str | None = None
    max_megapixels: Annotated[int, Field(ge=1, le=10_000)] | None = None

    @property
    def most_pixels(self) -> int:
        """Width times height that are read at most."""
        own = self.max_megapixels
        return MOST_PIXELS if own is None else own * 1_000_000


class ClassifierSection(RecipeSection):
    """`[classifier]`: what makes the predictions.

    Attributes:
        torchvision: An architecture of torchvision.
        weights: A weights enum ("IMAGENET1K_V1") or a state dict file.
        function: `file.py:function`, see `docs/stimuli.md`.
        demo: A network of the demo world: true for its standard one, or "robust" or
            "stylised".
        name: What tables call it; defaults to what the others say.
    """

    torchvision: str | None = None
    weights: str | None = None
    function: str | None = Field(None, pattern=r"^.+\.py:[A-Za-z_]\w*$")
    demo: Literal[True, "robust", "stylised"] | None = None
    name: str | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [k for k in ("torchvision", "function", "demo") if getattr(self, k)]
        if len(given) != 1:
            raise ValueError(
                "give exactly one of torchvision, function and demo, "
                f"got {' and '.join(given) or 'none'}"
            )
        if self.torchvision and self.weights is None:
            raise ValueError(
                'torchvision needs weights: a name such as "IMAGENET1K_V1", '
                "or the file of a state dict"
            )
        if self.weights is not None and not self.torchvision:
            raise ValueError(f"weights go with torchvision, not with {given[0]}")
        return self

    @property
    def label(self) -> str:
        """The name under which its numbers appear."""
        if self.function:
            return self.name or self.function.rpartition(":")[0].split("/")[-1][:-3]
        variant = "" if self.demo is True else f"-{self.demo}"
        return self.name or self.torchvision or f"demo{variant}"

    @property
    def weights_is_enum(self) -> bool:
        """Whether `weights` names an enum of torchvision rather than a file."""
        return self.weights is not None and bool(_ENUM.match(self.weights))


class DisplaySection(RecipeSection):
    """`[display]`: the crop shown; defaults to what the classifiers expect.

    Attributes:
        resize: Pixels that the shorter side is scaled to.
        crop: Side in pixels of the square cut from the middle and shown.
        interpolation: How it is scaled: "nearest", "bilinear", "bicubic" or
            "lanczos".
    """

    resize: int | None = Field(None, ge=1, le=4096)
    crop: int | None = Field(None, ge=1, le=4096)
    interpolation: Interpolation | None = None


class ExamplesSection(RecipeSection):
    """`[examples]`: pictures that show what a class means.

    Attributes:
        per_class: Pictures per class asked about, that are right, confident and
            in no trial.
    """

    per_class: int = Field(0, ge=0, le=20)


class ExecutionSection(RecipeSection):
    """`[execution]`: how the work is cut; part of what makes bytes repeatable.

    Attributes:
        device: "cpu", "cuda", or "auto" for CUDA where there is one.
        batch_size: Images per forward pass; None takes 8 on a CPU and 64 on
            CUDA; "calibrate" measures and records.
        shard_size: Images per shard, the unit of resuming.
        threads: Batches at a time; None takes the cores this process may use, and
            one in each worker process or actor.
        workers: Worker processes; None does the work in this process.
        ray: Address of a Ray cluster to do the work on, "local" to start one here.
        actors: Actors on it; None takes one.
        gpus_per_actor: GPUs of each actor, which may share one by fractions.
    """

    device: Literal["auto", "cpu", "cuda"] = "auto"
    batch_size: Annotated[int, Field(ge=1)] | Literal["calibrate"] | None = None
    shard_size: int = Field(64, ge=1)
    threads: int | None = Field(None, ge=1, le=512)
    workers: int | None = Field(None, ge=1, le=512)
    ray: str | None = Field(None, min_length=1)
    actors: int | None = Field(None, ge=1, le=4096)
    gpus_per_actor: float | None = Field(None, ge=0, le=64)

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if self.workers is not None and self.ray is not None:
            raise ValueError("give workers (processes here) or ray (a cluster)")
        for key in ("actors", "gpus_per_actor"):
            if self.ray is None and getattr(self, key) is not None:
                raise ValueError(f'{key} goes with ray = "ADDRESS" or ray = "local"')
        share = self.gpus_per_actor or 0
        if share > 1 and share != int(share):
            raise ValueError(f"gpus_per_actor above 1 must be whole, got {share:g}")
        return self


@dataclass(frozen=True, kw_only=True)
class RecipeFile:
    """A recipe without problems.

    Attributes:
        path: The file.
        text: Its content, verbatim.
        kind: Which recipe.
        parameters: The `[recipe]` table, as that recipe's model.
    """

    path: Path
    text: str
    kind: str
    parameters: RecipeSection
    dataset: DatasetSection
    classifiers: tuple[ClassifierSection, ...]
    controls: ControlsSection
    display: DisplaySection
    examples: ExamplesSection
    execution: ExecutionSection

    @property
    def sha256(self) -> str:
        """Hash of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def seed(self) -> int:
        """The recipe's seed."""
        seed: int = getattr(self.parameters, "seed", 0)
        return seed

    def locate(self, path: str) -> Path:
        """A path of the recipe, relative to its file."""
        return self.path.parent / Path(path).expanduser()

    def settings(self) -> dict[str, Any]:
        """Every setting with its default filled in, ready for JSON."""
        return {
            "recipe": {"kind": self.kind, **self.parameters.model_dump()},
            "dataset": self.dataset.model_dump(),
            "classifier": [c.model_dump() for c in self.classifiers],
            "controls": self.controls.model_dump(),
            "display": self.display.model_dump(),
            "examples": self.examples.model_dump(),
            "execution": self.execution.model_dump(),
        }


_SECTIONS: Final[dict[str, type[RecipeSection]]] = {
    "dataset": DatasetSection,
    "controls": ControlsSection,
    "display": DisplaySection,
    "examples": ExamplesSection,
    "execution": ExecutionSection,
}


def read_recipe(
    path: Path,
    kinds: Mapping[str, type[RecipeSection]],
    *,
    text: str | None = None,
    why_not: Callable[[str], str] = lambda _kind: "",
) -> RecipeFile:
    """The recipe in `path`.

    Args:
        path: A TOML file; the recipe's paths start in its folder.
        kinds: The `[recipe]` model of every kind of recipe.
        text: Taken for what the file says, whatever it says by now.
        why_not: What to add of a kind that is not among `kinds`.

    Raises:
        RecipeError: Every problem of the file in one message.
    """
    read = _read_toml(path, text)
    raw = read.tables
    problems: list[str] = []
    parsed = {
        name: _parse(model, raw.get(name, {}), where=name, problems=problems)
        for name, model in _SECTIONS.items()
    }
    parameters = _parse_parameters(raw, kinds, problems=problems, why_not=why_not)
    classifiers = _parse_classifiers(raw.get("classifier"), problems)
    known = ["recipe", "classifier", *_SECTIONS, *_own_tables(raw, kinds)]
    for name in sorted(set(raw) - set(known)):
        problems.append(_unknown(name, known))
    if problems:
        raise RecipeError(list_problems(str(path), problems))
    recipe = RecipeFile(
        path=path.absolute(),
        text=read.text,
        kind=raw["recipe"]["kind"],
        parameters=parameters,
        classifiers=classifiers,
        **parsed,
    )
    _check_paths(recipe)
    return recipe


def _read_toml(path: Path, given: str | None) -> TomlFile:
    try:
        if given is None:
            return read_toml(path)
        return TomlFile(text=given, tables=parse_toml(given, path))
    except TextFileError as error:
        raise RecipeError(f"the recipe {error}") from error


def _own_tables(
    raw: Mapping[str, Any], kinds: Mapping[str, type[RecipeSection]]
) -> tuple[str, ...]:
    """Tables beside `[recipe]` that belong to its kind."""
    table = raw.get("recipe")
    kind = table.get("kind") if isinstance(table, dict) else None
    model = kinds.get(kind) if isinstance(kind, str) else None
    return () if model is None else model.own_tables


def _parse_parameters(
    tables: Mapping[str, Any],
    kinds: Mapping[str, type[RecipeSection]],
    *,
    problems: list[str],
    why_not: Callable[[str], str],
) -> Any:  # noqa: ANN401 - a model of the kind, checked by pydantic
    known = ", ".join(f'"{kind}"' for kind in kinds)
    raw = tables.get("recipe")
    if not isinstance(raw, dict):
        problems.append(f"recipe: the table is missing; it says kind = one of {known}")
        return None
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        problems.append(
            f"recipe.kind: expected one of {known}, got {kind!r}{why_not(str(kind))}"
        )
        return None
    own = _own_tables(tables, kinds)
    rest = {key: value for key, value in raw.items() if key not in ("kind", *own)}
    problems += [
        f"recipe.{key}: is a table of its own, [{key}]" for key in own if key in raw
    ]
    rest |= {key: tables[key] for key in own if key in tables}
    return _parse(kinds[kind], rest, where="recipe", problems=problems)


def _parse_classifiers(
    raw: object, problems: list[str]
) -> tuple[ClassifierSection, ...]:
    if raw is None or raw == []:
        problems.append(
            "classifier: the table is missing; it names the classifier, for example "
            'torchvision = "resnet18" and weights = "IMAGENET1K_V1"'
        )
        return ()
    tables = raw if isinstance(raw, list) else [raw]
    parsed = [
        _parse(
            ClassifierSection,
            table,
            where=f"classifier[{number}]" if len(tables) > 1 else "classifier",
            problems=problems,
        )
        for number, table in enumerate(tables, start=1)
    ]
    names = [section.label for section in parsed if section]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(f"classifier.name: two are called {name!r}; give each a name")
    return tuple(parsed)


def _parse(
    model: type[RecipeSection], raw: object, *, where: str, problems: list[str]
) -> Any:  # noqa: ANN401 - an instance of `model`, or None after a problem
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors():
            problems.append(_in_words(*_located(detail, where, model)))
        return None


def _located(
    detail: Any,  # noqa: ANN401 - pydantic's details
    where: str,
    model: type[RecipeSection],
) -> tuple[Any, str, list[str]]:
    """A problem, the table it is in, and the keys that the table may have."""
    first = str(detail["loc"][0]) if detail["loc"] else ""
    if first not in model.own_tables:
        return detail, where, list(model.model_fields)
    inside = {**detail, "loc": detail["loc"][1:]}
    parts = get_args(model.model_fields[first].annotation)
    tables = [each for each in parts if hasattr(each, "model_fields")]
    known = list(tables[0].model_fields) if tables else []
    return inside, first, known or [str(key) for key in inside["loc"][:1]]


def _in_words(detail: Any, where: str, known: list[str]) -> str:  # noqa: ANN401
    keys = [str(k) for k in detail["loc"] if isinstance(k, int) or k in known]
    place = ".".join([where, *keys[:1]])
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(f"{where}.{detail['loc'][-1]}", known)
        case "missing":
            return f"{place}: missing"
        case "value_error":
            return f"{place}: {detail['ctx']['error']}"
        case "model_type" | "dict_type":
            return f"{place}: expected a table, got {detail['input']!r}"
    message = detail["msg"][0].lower() + detail["msg"][1:]
    return f"{place}: {message}, got {detail['input']!r}"


def _unknown(key: str, known: list[str]) -> str:
    near = get_close_matches(key.rpartition(".")[2], known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"{key}: unknown; {hint}"


def _check_paths(recipe: RecipeFile) -> None:
    """Every path must exist before any work begins."""
    wanted: list[tuple[str, str | None]] = [
        ("dataset.groups", recipe.dataset.groups),
        ("controls.adjudicated", recipe.controls.adjudicated),
    ]
    for section in recipe.classifiers:
        if section.function:
            file = section.function.rpartition(":")[0]
            wanted.append(("classifier.function", file))
        if section.weights and not section.weights_is_enum:
            wanted.append(("classifier.weights", section.weights))
    problems = [
        f"{key}: no file {recipe.locate(path)}"
        for key, path in wanted
        if path is not None and not recipe.locate(path).is_file()
    ]
    if not recipe.locate(recipe.dataset.path).is_dir():
        folder = recipe.locate(recipe.dataset.path)
        problems.insert(0, f"dataset.path: no folder {folder}")
    if problems:
        raise RecipeError(list_problems(str(recipe.path), problems))
