"""Options of methods in a recipe: tables whose keys are the fields of a dataclass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, ClassVar, Final, Literal, Self, TypeVar, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from stimuli.errors import StimuliError
from stimuli.methods.attacks import ATTACKS, Attack
from stimuli.methods.explanations import Lime
from stimuli.methods.segmentation import Quickshift, Segmenter, Slic
from stimuli.methods.selection import SELECTIONS, Selector
from stimuli.plugins import Registry
from stimuli.recipe_file import RecipeSection

T = TypeVar("T")


class OptionsSection(RecipeSection):
    """Options of one method; what is left out takes the method's default."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    hidden: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def kind(cls, raw: Mapping[str, Any]) -> type:
        """The dataclass that the table is about."""
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, raw: Any) -> Any:  # noqa: ANN401 - pydantic's signature
        if not isinstance(raw, dict):
            return raw
        kind = cls.kind(raw)
        known = {f.name: f.default for f in fields(kind) if f.name not in cls.hidden}
        own = set(cls.model_fields)
        hints = get_type_hints(kind)
        filled = {name: value for name, value in known.items() if name not in own}
        for key, value in raw.items():
            if key not in known and key not in own:
                near = get_close_matches(key, [*own, *known], n=1)
                hint = f"did you mean {near[0]}?" if near else ", ".join(known)
                raise ValueError(f"{key} is unknown; {hint}")
            filled[key] = _read(key, value, hints) if key in known else value
        return filled

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        try:
            self.make()
        except (StimuliError, ValueError) as error:
            raise ValueError(str(error)) from error
        return self

    def make(self) -> Any:  # noqa: ANN401 - what `kind` names
        """The method with these options."""
        return self.kind({"method": getattr(self, "method", None)})(**self._options())

    def _options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


def _among(known: Registry[type[T]], key: str, name: object) -> type[T]:
    if not isinstance(name, str) or name not in known:
        raise ValueError(
            f"{key}: expected one of {', '.join(known)}, got {name!r}"
            f"{known.why_not(str(name))}"
        )
    return known[name]


def _read(key: str, value: object, hints: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """A value of the type that the dataclass states."""
    given = tuple(value) if isinstance(value, list) else value
    try:
        return TypeAdapter(hints[key]).validate_python(given, strict=True)
    except ValidationError as error:
        # A key that takes two kinds of values has a message for each.
        said = [d["msg"][0].lower() + d["msg"][1:] for d in error.errors()]
        message = ", or ".join(dict.fromkeys(said))
        raise ValueError(f"{key}: {message}, got {value!r}") from error


class AttackSection(OptionsSection):
    """`[recipe.attack]`: the attack and its options.

    Attributes:
        method: Any attack that is listed, ours or another package's.
    """

    hidden: ClassVar[frozenset[str]] = frozenset(
        {"keeps_first_flip", "checks_eight_bit", "is_targeted", "batch_size"}
    )

    method: str = "ifgsm"

    @classmethod
    def kind(cls, raw: Mapping[str, Any]) -> type:
        """The attack of that name.

        Raises:
            ValueError: If there is none.
        """
        return _among(ATTACKS, "method", raw.get("method", "ifgsm"))

    @property
    def stop(self) -> str:
        """When it stops; one step is taken whole."""
        return str((self.model_extra or {}).get("stop", "never"))

    def attack(self, *, is_targeted: bool = False) -> Attack:
        """The attack."""
        made: Attack = self.kind({"method": self.method})(
            **self._options(), is_targeted=is_targeted
        )
        return made


class SegmentationSection(OptionsSection):
    """`[recipe.explanation.segmentation]`: what the superpixels are."""

    method: Literal["quickshift", "slic"] = "quickshift"

    @classmethod
    def kind(cls, raw: Mapping[str, Any]) -> type:
        """`Quickshift` or `Slic`."""
        return Slic if raw.get("method") == "slic" else Quickshift

    def segmenter(self) -> Segmenter:
        """The segmenter."""
        made: Segmenter = self.make()
        return made


class LimeSection(OptionsSection):
    """`[recipe.explanation]`: LIME's options."""

    hidden: ClassVar[frozenset[str]] = frozenset({"segmenter", "images_at_once"})

    segmentation: SegmentationSection = Field(default_factory=SegmentationSection)

    @classmethod
    def kind(cls, raw: Mapping[str, Any]) -> type:
        """`Lime`."""
        return Lime

    @property
    def dtypes(self) -> tuple[str, ...]:
        """What the classifier computes in, where that is not float32."""
        dtype: str = self.explainer(device="cpu").dtype
        return () if dtype == "float32" else (dtype,)

    def explainer(self, *, device: str) -> Lime:
        """LIME; its batch is fixed, since a measured one changes the rounding."""
        options = self._options()
        options["batch_size"] = options["batch_size"] or _LIME_BATCH[device]
        return Lime(**options, segmenter=self.segmentation.segmenter())


_LIME_BATCH: Final = {"cpu": 32, "cuda": 256}


class MmdCriticSection(OptionsSection):
    """`[recipe.mmd_critic]`."""

    hidden: ClassVar[frozenset[str]] = frozenset({"device"})

    @classmethod
    def kind(cls, raw: Mapping[str, Any]) -> type:
        """`MmdCritic`."""
        return SELECTIONS["mmd_critic"]


class AdversarialSection(OptionsSection):
    """`[recipe.adversarial]`: the selection."""

    @classmethod
    def kind(cls, raw: Mapping[str, Any]) -> type:
        """`AdversarialCritic`."""
        return SELECTIONS["adversarial"]


class ProbabilitySection(OptionsSection):
    """`[recipe.probability]`."""

    @classmethod
    def kind(cls, raw: Mapping[str, Any]) -> type:
        """`ProbabilityCritic`."""
        return SELECTIONS["probability"]


class SelectingSection(RecipeSection):
    """What recipes that choose prototypes and criticisms have in common.

    Attributes:
        attack: Gives the adversarial selection its steps to flip.
        mmd_critic: The options of MMD-critic.
        adversarial: The options of the selection by steps to flip.
        probability: The options of the selection by probability.
        layer: Whose response MMD-critic compares; "penultimate" or a name.
        pooling: What becomes of positions: their mean, or all of them.
    """

    attack: AttackSection = Field(default_factory=AttackSection)
    mmd_critic: MmdCriticSection = Field(default_factory=MmdCriticSection)
    adversarial: AdversarialSection = Field(default_factory=AdversarialSection)
    probability: ProbabilitySection = Field(default_factory=ProbabilitySection)
    layer: str = "penultimate"
    pooling: Literal["mean", "flatten"] = "mean"

    def selectors(self) -> dict[str, Selector]:
        """Selection name to the selector with its options."""
        with_options = {
            "mmd_critic": self.mmd_critic.make(),
            "adversarial": self.adversarial.make(),
            "probability": self.probability.make(),
        }
        rest = {n: kind() for n, kind in SELECTIONS.items() if n not in with_options}
        return {**with_options, **rest}
