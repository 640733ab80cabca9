"""What an answer to a QuestionForm has to be: lengths, numbers, patterns, counts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import regex

_TIMEOUT_S: Final = 0.2
_MOST_REPEATS: Final = 1_000_000
_FLAGS: Final = {"g": 0, "i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL}
_MISFIT: Final = "This is not in the form that is asked for."


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """An AnswerFormatRegex: found anywhere in the text, as JavaScript looks for it.

    Attributes:
        source: The regular expression.
        flags: JavaScript's letters.
        words: What is said where it is not found.
    """

    source: str
    flags: str = ""
    words: str = _MISFIT

    def compiled(self) -> regex.Pattern[str]:
        """The expression.

        Raises:
            ValueError: If it is none, or has a flag that is not known here.
        """
        unknown = set(self.flags) - set(_FLAGS)
        if unknown:
            raise ValueError(f"flags {self.flags!r}: expected {', '.join(_FLAGS)}")
        flags = sum(_FLAGS[letter] for letter in set(self.flags))
        if _n_repeats(self.source) > _MOST_REPEATS:
            raise ValueError(f"regex {self.source[:40]!r}: it repeats too often")
        try:
            return regex.compile(self.source, flags | regex.ASCII | regex.VERSION0)
        except (regex.error, RecursionError) as error:
            raise ValueError(f"regex {self.source!r}: {error}") from error

    def complaint(self, text: str) -> str:
        """What is wrong with a text; "" where nothing is."""
        try:
            found = self.compiled().search(text, timeout=_TIMEOUT_S)
        except (TimeoutError, ValueError):
            # Who wrote such an expression cannot be answered: not the worker's fault.
            return ""
        return "" if found else self.words


def _n_repeats(source: str) -> int:
    """At most so often: repeats inside repeats are written out, which takes memory."""
    bounds = re.findall(r"\{(\d{1,9})(?:,(\d{0,9}))?\}", source)
    return math.prod(max(1, int(low), int(high or 0)) for low, high in bounds)


@dataclass(frozen=True, kw_only=True)
class TextLimits:
    """The Constraints of a free text; None where there is none.

    Attributes:
        is_numeric: Whether it has to be a number.
        min_value: Of the number.
        max_value: Of the number.
        min_length: Characters.
        max_length: Characters.
        patterns: Each has to be found.
    """

    is_numeric: bool = False
    min_value: float | None = None
    max_value: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    patterns: tuple[Pattern, ...] = ()

    def complaint(self, text: str) -> str:
        """What is wrong with a text; "" where nothing is."""
        found = self._of_length(text) or self._of_number(text)
        wrong = (pattern.complaint(text) for pattern in self.patterns)
        return found or next(filter(None, wrong), "")

    def _of_length(self, text: str) -> str:
        n_characters = len(text.replace("\r\n", "\n"))
        if self.min_length is not None and n_characters < self.min_length:
            return f"Please write at least {self.min_length} characters."
        if self.max_length is not None and n_characters > self.max_length:
            return f"Please write at most {self.max_length} characters."
        return ""

    def _of_number(self, text: str) -> str:
        if not self.is_numeric:
            return ""
        try:
            number = float(text) if "_" not in text else math.nan
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            return "Please write a number."
        if self.min_value is not None and number < self.min_value:
            return f"Please write a number of at least {self.min_value:g}."
        if self.max_value is not None and number > self.max_value:
            return f"Please write a number of at most {self.max_value:g}."
        return ""


@dataclass(frozen=True, kw_only=True)
class CountLimits:
    """How many choices make an answer.

    Attributes:
        least: MinSelectionCount.
        most: MaxSelectionCount; None where any number will do.
    """

    least: int = 0
    most: int | None = None

    def complaint(self, chosen: Sequence[str]) -> str:
        """What is wrong with so many; "" where nothing is."""
        if len(chosen) < self.least:
            return f"Please choose at least {self.least}."
        if self.most is not None and len(chosen) > self.most:
            return f"Please choose at most {self.most}."
        return ""
