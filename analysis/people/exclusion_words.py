"""Rules of quality and what became of sessions, in the words of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from analysis.people.exclusion_rules import SEPARATOR

# By the name of the rule, then by the state of a session that has no verdict.
OUTCOMES: Final[Mapping[str, str]] = {
    "valid": "valid",
    "not judged yet": "not judged yet",
    "no reason given": "left out, no reason given",
    "incomplete": "trials without a response",
    "hardly_any_response": "hardly any usable response",
    "session_too_short": "done too quickly",
    "session_too_long": "took too long",
    "median_rt": "responded too quickly (median)",
    "display_failures": "too many images failed to show",
    "same_response": "one response almost throughout",
    "same_place": "one place on the page almost throughout",
    "long_run": "one response too many times in a row",
    "lost_attention": "page out of sight too long",
    "no_valid_response": "no response passed the rules",
    "catch_accuracy": "too few catch trials right",
    "catch_yes_accuracy": "too few yes catches right",
    "catch_no_accuracy": "too few no catches right",
    "not_shown": "an image failed to show",
    "duplicate_response": "had responded to the trial before",
    "response_too_quick": "response too quick",
    "response_too_slow": "response too slow",
    "response_out_of_sight": "page out of sight during the response",
    "exposure_missed": "picture shown too long or too short",
    "failed_comprehension": "failed the comprehension check",
    "screen_not_measured": "left out measuring the screen, which the study requires",
    "started": "not finished",
    "withdrawn": "withdrew",
    "expired": "left, and the time ran out",
    "returned": "handed back",
}


def outcome_in_words(reason: str) -> str:
    """What became of a session or response; unknown reasons as they are written.

    >>> outcome_in_words("median_rt;long_run")
    'responded too quickly (median), one response too many times in a row'
    >>> outcome_in_words("asked us by mail")
    'asked us by mail'
    """
    parts = reason.split(SEPARATOR)
    return ", ".join(OUTCOMES.get(part, part.replace("_", " ")) for part in parts)


def _share(words: str) -> Callable[[Any], str]:
    return lambda value: words.format(f"{100 * float(value):.0f} %")


def _number(words: str) -> Callable[[Any], str]:
    return lambda value: words.format(f"{value:g}")


def _pair(words: str) -> Callable[[Any], str]:
    return lambda value: words.format(*(f"{bound:g}" for bound in value))


# By the key of `[quality]`.
RULES_SAID: Final[Mapping[str, Callable[[Any], str]]] = {
    "min_given_share": _share("a usable response to at least {} of the main trials"),
    "min_catch_accuracy": _share("at least {} of the catch trials right"),
    "min_catch_yes_accuracy": _share("at least {} of the yes catches right"),
    "min_catch_no_accuracy": _share("at least {} of the no catches right"),
    "min_session_s": _number("a session takes at least {} s"),
    "max_session_s": _number("a session takes at most {} s"),
    "session_minutes": _pair("a session takes {} to {} min"),
    "response_seconds": _pair("a response takes {} to {} s"),
    "min_median_rt_ms": _number("median response time at least {} ms"),
    "max_display_failures": _number("at most {} images failed to show"),
    "max_same_response_share": _share("no response makes up more than {}"),
    "max_same_place_share": _share("no place on the page gets more than {}"),
    "max_run_length": _number("no response more than {} times in a row"),
    "max_hidden_share": _share("page out of sight for at most {} of the time"),
    "max_response_hidden_share": _share(
        "page out of sight for at most {} of a response"
    ),
    "max_missed_frames": _number("a picture is shown within {} frames of its time"),
    "flag_agreement_below": _share(
        "agreement with others below {} is flagged and leaves nobody out"
    ),
}


def rules_in_words(quality: Mapping[str, Any] | None) -> str:
    """The rules that are set, as one phrase; "none" where none is.

    >>> rules_in_words({"min_catch_accuracy": 0.8, "response_seconds": [0.2, 60]})
    'at least 80 % of the catch trials right; a response takes 0.2 to 60 s'
    >>> rules_in_words({"min_catch_accuracy": None})
    'none'
    """
    said = [
        RULES_SAID[name](value) if name in RULES_SAID else f"{name}: {value}"
        for name, value in (quality or {}).items()
        if value is not None
    ]
    return "; ".join(said) or "none"
