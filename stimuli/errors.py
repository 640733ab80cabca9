"""What a user can mend, in words; the command line prints it without a traceback."""

from __future__ import annotations

from collections.abc import Sequence


class StimuliError(Exception):
    """Base of everything in `stimuli` that its user can mend."""


class RecipeError(StimuliError):
    """A recipe file that cannot be followed."""


class DatasetError(StimuliError):
    """Images, labels or lists that cannot be used."""


class ClassifierError(StimuliError):
    """A classifier that cannot be loaded, or whose output makes no sense."""


class BuildError(StimuliError):
    """A build that cannot start, go on or finish."""


class UnreadableImageError(StimuliError):
    """One image that cannot be read; listed in the summary, never fatal."""


def list_problems(where: str, problems: Sequence[str]) -> str:
    """One message out of all problems of one file.

    Args:
        where: The file or folder they were found in.
        problems: One sentence each.
    """
    shown = [f"  - {problem}" for problem in problems[:_N_SHOWN]]
    if len(problems) > _N_SHOWN:
        shown.append(f"  ... and {len(problems) - _N_SHOWN} more")
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return f"{where}: {count}\n" + "\n".join(shown)


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, or its class."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


_N_SHOWN = 40
