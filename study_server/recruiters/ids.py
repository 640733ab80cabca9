"""How ids of people are read: one person is one id, however it was typed or copied.

Ids come by many doors (addresses, files, commands, a market's answers). Characters
without width, full-width digits and, where an id is a hexadecimal number, its case
make no second person. What is none of a recruiter's ids is refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from study_server.errors import IdentityError

MAX_ID_LENGTH: Final = 200
_HEXADECIMAL: Final = re.compile(
    r"[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I
)


@dataclass(frozen=True, kw_only=True)
class IdRule:
    """What a recruiter's ids of people look like.

    Attributes:
        pattern: What an id is, after `normal`.
        expected: The same in words.
        max_length: Characters at most.
        folds_hexadecimal: Whether ids that are long hexadecimal numbers (24 or 32
            digits, or a UUID) are the same in capital letters.
    """

    pattern: re.Pattern[str]
    expected: str
    max_length: int = MAX_ID_LENGTH
    folds_hexadecimal: bool = False

    def normal(self, text: str) -> str:
        """The one way an id is written."""
        plain = unicodedata.normalize("NFKC", text)
        seen = "".join(c for c in plain if unicodedata.category(c) != "Cf").strip()
        is_number = self.folds_hexadecimal and _HEXADECIMAL.fullmatch(seen)
        return seen.lower() if is_number else seen

    def read(self, text: str, *, name: str) -> str | None:
        """The id in a text; None where there is none.

        Args:
            text: As it came.
            name: Of the parameter, for the message.

        Raises:
            IdentityError: If it is no id of this recruiter.
        """
        found = self.normal(text)
        if not found:
            return None
        if len(found) > self.max_length or not self.pattern.fullmatch(found):
            raise IdentityError(
                f"{name} in the address is not an id: expected {self.expected}, at "
                f"most {self.max_length} characters, got {len(found)}; if a "
                "placeholder is still in it, the link was set up wrongly"
            )
        return found

    def require(self, text: str, *, name: str) -> str:
        """The id in a text, for recruiters that let nobody in without one.

        Args:
            text: As it came; empty where the parameter did not.
            name: Of the parameter, for the message.

        Raises:
            IdentityError: If there is none, or it is no id of this recruiter.
        """
        found = self.read(text, name=name)
        if found is None:
            raise IdentityError(
                f"{name} in the address is missing: expected {self.expected}, got "
                "nothing; please come by the whole link you were given"
            )
        return found

    @property
    def words(self) -> str:
        """The rule in a sentence, for the docs."""
        case = "capital and small letters differ"
        if self.folds_hexadecimal:
            case += (
                ", but not in hexadecimal numbers of 24 or 32 digits and in UUIDs, "
                "which are written small"
            )
        return (
            f"{self.expected}, at most {self.max_length} characters; characters without "
            f"width are left out and wide ones made narrow (NFKC); {case}"
        )


PLAIN: Final = IdRule(
    pattern=re.compile(r"[^\x00-\x20\x7f{}%<>\"'`]+"),
    expected="no spaces, quotes, braces, angle brackets or '%'",
    folds_hexadecimal=True,
)
