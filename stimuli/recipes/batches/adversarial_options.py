"""What the recipe for attacked images may say: its options."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from stimuli.errors import StimuliError
from stimuli.recipe_file import RecipeSection
from stimuli.recipes.method_options import AttackSection, LimeSection

Display = Literal["whole", "attention"]

GREY_LEVEL: Final = 1 / 255


def _shows_what_flipped(attack: AttackSection) -> AttackSection:
    if attack.stop == "flip":
        raise ValueError(
            'stop = "flip" serves selection only: in 8 bits such an image is '
            'mostly the clean one; use "never" or "flip-8bit"'
        )
    epsilon = attack.attack().ball.epsilon
    if epsilon is not None and epsilon < GREY_LEVEL:
        raise ValueError(
            f"epsilon = {epsilon:g} is less than one grey level of 8 bits "
            f"({GREY_LEVEL:.4g}): no image that people can be shown lies so near "
            "its source and differs from it"
        )
    return attack


ShownAttack = Annotated[AttackSection, AfterValidator(_shows_what_flipped)]


class AdversarialRecipeSection(RecipeSection):
    """`[recipe] kind = "adversarial"`.

    Attributes:
        displays: "whole" shows the attacked image, "attention" the superpixels
            that speak for its prediction; each is a condition.
        classes: Classes (or groups) whose images are attacked; all by default.
        max_images: Images attacked for main trials, drawn before anything is
            predicted; None takes 70 in 100 and leaves the rest for controls.
        target: None goes away from the truth. "least-likely", "second" (the most
            probable wrong class), "random", or a class: goes there.
        unsurviving: What is done with images whose adversarial prediction does
            not survive 8 bits: "leave-out", or "keep", flagged.
        attack: The attack's options.
        explanation: LIME's options.
        colour: Of what an attention image hides, 0 to 255.
        n_pairs: Images kept aside of which the clean crop, the attacked image and
            the explanations of both are stored, for `stimuli show --pairs`.
        seed: For everything that is drawn.
    """

    displays: list[Display] = Field(["whole", "attention"], min_length=1)
    classes: list[str] | None = Field(None, min_length=1)
    max_images: int | None = Field(None, ge=1)
    target: str | None = None
    unsurviving: Literal["leave-out", "keep"] = "leave-out"
    attack: ShownAttack = Field(default_factory=AttackSection)
    explanation: LimeSection = Field(default_factory=LimeSection)
    colour: list[int] = Field(default_factory=lambda: [0, 0, 0])
    n_pairs: int = Field(8, ge=0)
    seed: int = Field(0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _can_be_targeted(self) -> Self:
        if self.target is not None:
            try:
                self.attack.attack(is_targeted=True)
            except StimuliError as error:
                raise ValueError(f"target: {error}") from error
        return self

    @field_validator("colour")
    @classmethod
    def _is_a_colour(cls, colour: list[int]) -> list[int]:
        if len(colour) != 3 or not all(0 <= part <= 255 for part in colour):
            raise ValueError("expected three whole numbers from 0 to 255")
        return colour
