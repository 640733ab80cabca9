"""Pairs of images and what the toy attack makes of them."""

from __future__ import annotations

from pydantic import Field

from stimuli.recipes import RecipeKind
from stimuli.recipes.method_options import AttackSection
from stimuli.recipes.pairs import Pairs, PairsSection


def _nudge() -> AttackSection:
    return AttackSection.model_validate({"method": "nudge"})


class NudgedSection(PairsSection):
    """`[recipe] kind = "nudged"`.

    Attributes:
        attack: The attack's options; the toy attack where left out.
    """

    attack: AttackSection = Field(default_factory=_nudge)


nudged = RecipeKind(section=NudgedSection, make=Pairs)
