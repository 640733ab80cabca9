"""What a selection chooses from, what it gives back, and how it says no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from stimuli.errors import StimuliError


class SelectionError(StimuliError):
    """Images that a selection cannot choose from, in words."""


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The images a selection may choose from: of one class, or of all.

    Every array has one entry per image, in the same order; indices in a
    `Selection` refer to that order. A selection says in `needs` what it reads;
    the rest may be None.

    Attributes:
        n: Number of images.
        name: Whose images they are, for messages ("class tench").
        features: `(n, d)`, any floating type: the classifier's hidden
            representation.
        labels: `(n,)` class numbers; the local kernel keeps to a class.
        probabilities: `(n,)` in [0, 1]: what the classifier gives the class
            the image is a candidate for (its label, not its prediction).
        steps_to_flip: `(n,)` whole numbers: 0 wrong before the attack, 1..M
            first step with a wrong prediction, M + 1 survived all M steps.
        n_steps: M, the number of steps of the attack.
        margins: `(n,)` after the last step: logit of the label minus the best
            other. Any score that grows with safety will do, since only its
            order counts.
    """

    n: int
    name: str = "the images"
    features: NDArray[np.floating[Any]] | None = None
    labels: NDArray[np.integer[Any]] | None = None
    probabilities: NDArray[np.floating[Any]] | None = None
    steps_to_flip: NDArray[np.integer[Any]] | None = None
    n_steps: int | None = None
    margins: NDArray[np.floating[Any]] | None = None

    def __post_init__(self) -> None:
        for key in _ARRAYS:
            array = getattr(self, key)
            if array is not None and len(array) != self.n:
                raise ValueError(
                    f"{self.name}: {key} has {len(array)} entries, expected {self.n}, "
                    "one per image"
                )
            if array is not None and not np.isfinite(array).all():
                bad = np.flatnonzero(~np.isfinite(array.reshape(self.n, -1)).all(1))
                raise SelectionError(
                    f"{self.name}: {key} of image {bad[0]} are not finite "
                    f"({len(bad)} of {self.n} images); leave these images out or "
                    "mend what computes them"
                )

    def take(self, indices: Sequence[int] | NDArray[np.integer[Any]]) -> Self:
        """The candidates at `indices`, in that order."""
        chosen = np.asarray(indices, dtype=np.int64)
        arrays = {key: getattr(self, key) for key in _ARRAYS}
        kept: dict[str, Any] = {
            key: None if array is None else array[chosen]
            for key, array in arrays.items()
        }
        return replace(self, n=len(chosen), **kept)


_ARRAYS: Final = tuple(
    f.name for f in fields(Candidates) if f.name not in {"n", "name", "n_steps"}
)


@dataclass(frozen=True, kw_only=True)
class Caution:
    """Why a selection should not be trusted as it is.

    Attributes:
        what: What is wrong and what to do, the same words for every class.
        numbers: What shows it, of these candidates.
    """

    what: str
    numbers: str


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Prototypes and criticisms, as indices into the candidates.

    Attributes:
        prototypes: Distinct, in order of choice (best first).
        criticisms: Distinct, in order of choice, none of them a prototype.
        fallbacks: Index of every chosen image that does not meet the method's
            own rule to why it was taken all the same; empty where all meet it.
        facts: Index of a chosen image to what the method knows of it.
        parameters: The method's options, for the manifest.
        outcome: What the method found out about the selection as a whole.
        cautions: What a researcher must know before people are asked.
    """

    prototypes: tuple[int, ...]
    criticisms: tuple[int, ...]
    fallbacks: Mapping[int, str] = field(default_factory=dict)
    facts: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outcome: Mapping[str, Any] = field(default_factory=dict)
    cautions: tuple[Caution, ...] = ()

    @property
    def chosen(self) -> tuple[int, ...]:
        """Prototypes, then criticisms."""
        return self.prototypes + self.criticisms

    def count(self) -> dict[str, int]:
        """How many were chosen and how many of them by fallback, for summaries."""
        return {
            "n_prototypes": len(self.prototypes),
            "n_prototype_fallbacks": sum(i in self.fallbacks for i in self.prototypes),
            "n_criticisms": len(self.criticisms),
            "n_criticism_fallbacks": sum(i in self.fallbacks for i in self.criticisms),
        }

    def facts_of(self, index: int) -> dict[str, Any]:
        """What belongs into the manifest's `facts` of one chosen image.

        Returns:
            `selected_as` ("prototype" or "criticism"), `selected_rank` (from
            0), `fallback` where there was one, and the method's own facts.
        """
        is_prototype = index in self.prototypes
        order = self.prototypes if is_prototype else self.criticisms
        facts: dict[str, Any] = {
            "selected_as": "prototype" if is_prototype else "criticism",
            "selected_rank": order.index(index),
        }
        if index in self.fallbacks:
            facts["fallback"] = self.fallbacks[index]
        return facts | dict(self.facts.get(index, {}))


@runtime_checkable
class Selector(Protocol):
    """A way of choosing images; a frozen dataclass of its options."""

    @property
    def name(self) -> str:
        """The name in recipes."""

    @property
    def needs(self) -> frozenset[str]:
        """Attributes of `Candidates` that must not be None."""

    def select(
        self,
        candidates: Candidates,
        *,
        n_prototypes: int,
        n_criticisms: int,
        rng: np.random.Generator,
    ) -> Selection:
        """Choose; the same candidates and generator state give the same choice.

        Args:
            candidates: What to choose from.
            n_prototypes: At least 1.
            n_criticisms: 0 or more.
            rng: Read only by selections that draw.

        Raises:
            SelectionError: If there are too few images.
        """


def check_request(
    candidates: Candidates,
    *,
    needs: frozenset[str],
    n_prototypes: int,
    n_criticisms: int,
) -> None:
    """Refuse what no selection can do.

    Raises:
        ValueError: If a needed array is missing or a count makes no sense.
        SelectionError: If there are fewer images than asked for.
    """
    missing = sorted(key for key in needs if getattr(candidates, key) is None)
    if missing:
        raise ValueError(f"{candidates.name}: candidates without {', '.join(missing)}")
    if n_prototypes < 1 or n_criticisms < 0:
        raise ValueError(
            "expected at least 1 prototype and 0 criticisms, got "
            f"{n_prototypes} and {n_criticisms}"
        )
    check_supply(
        candidates,
        n_there=candidates.n,
        n_wanted=n_prototypes + n_criticisms,
        what="images",
    )


def check_supply(
    candidates: Candidates, *, n_there: int, n_wanted: int, what: str
) -> None:
    """Refuse to choose more than there is.

    Raises:
        SelectionError: Naming the class and both counts.
    """
    if n_there < n_wanted:
        raise SelectionError(
            f"{candidates.name}: {n_wanted} {what} wanted, {n_there} there; add "
            "images of it, ask for fewer, or leave it out"
        )


def take_last_known(trajectory: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The last value of each row that was evaluated, for `Candidates.margins`.

    Args:
        trajectory: `(n, M + 1)`, NaN where an attack had stopped; an attack
            that stops at the flip leaves the margin at the flip.

    Returns:
        `(n,)`; NaN only where a whole row is.
    """
    rows = np.asarray(trajectory, dtype=np.float64)
    is_known = ~np.isnan(rows)
    last = rows.shape[1] - 1 - is_known[:, ::-1].argmax(axis=1)
    taken: NDArray[np.float64] = rows[np.arange(len(rows)), last]
    return taken
