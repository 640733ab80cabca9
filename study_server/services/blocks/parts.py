"""The parts of a session: what each is made of, and in which order they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PartPlan:
    """What one part of a session takes.

    Attributes:
        number: Its place in the study file, from 0.
        conditions: Conditions of its main trials; empty takes any.
        n_main: Main trials, as far as the block has them.
        n_practice: Practice trials before them.
    """

    number: int
    conditions: frozenset[str]
    n_main: int
    n_practice: int = 0

    def takes(self, condition: str) -> bool:
        """Whether trials of a condition belong here; those of none belong anywhere."""
        return not self.conditions or condition in {"", *self.conditions}


def latin_square(n: int) -> list[tuple[int, ...]]:
    """Orders of `n` things, balanced for place and for what comes before.

    Every thing stands at every place equally often, and follows every other one
    equally often: `n` orders where `n` is even, twice as many (each also the other way
    round) where it is odd.

    >>> latin_square(4)
    [(0, 1, 3, 2), (1, 2, 0, 3), (2, 3, 1, 0), (3, 0, 2, 1)]
    >>> latin_square(3)
    [(0, 1, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0), (0, 2, 1), (1, 0, 2)]

    Source: Williams (1949), Experimental designs balanced for the estimation of
    residual effects of treatments, Australian Journal of Scientific Research A 2.
    """
    first = [0]
    for step in range(1, n):
        first.append((step + 1) // 2 if step % 2 else n - step // 2)
    rows = [tuple((place + shift) % n for place in first) for shift in range(n)]
    return rows if n % 2 == 0 else [*rows, *(row[::-1] for row in rows)]


def written_order(numbers: Sequence[int]) -> str:
    """An order as the database keeps it.

    >>> written_order((2, 0, 1))
    '2,0,1'
    """
    return ",".join(map(str, numbers))


def read_order(text: str | None) -> tuple[int, ...]:
    """The order that was written; empty where a session has no parts."""
    return tuple(map(int, text.split(","))) if text else ()
