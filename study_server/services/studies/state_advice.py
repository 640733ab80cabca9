"""What to do where a study's state is in the way of what was asked.

Every command named here works as it stands in the state it is named for, and what
was asked works after it, or is done by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Asked = Literal[
    "piloted", "frozen", "opened", "closed", "paused", "resumed", "simulated"
]

_FREEZE: Final = "`secondlook study freeze {name}` locks it and lets people in"
_OPEN: Final = "`secondlook study open {name}` lets people in"
_NOBODY: Final = "nobody is let in, so there is nothing to do"
_FOR_GOOD: Final = (
    "what is frozen is never piloted again; give the study another name in its file, "
    "then `secondlook study create STUDY.toml --stimuli SET` and pilot that"
)
_END_PILOT: Final = (
    "`secondlook study create STUDY.toml --stimuli SET` ends the pilot and makes it a "
    "draft again; `secondlook study freeze {name} --no-open` ends it for good"
)
_ADVICE: Final[Mapping[Asked, Mapping[str, str]]] = {
    "piloted": {
        "pilot": "it is piloted now; `secondlook study show {name}` prints the links",
        "frozen": _FOR_GOOD,
        "open": _FOR_GOOD,
        "closed": _FOR_GOOD,
    },
    "frozen": {
        "frozen": f"that is done; {_OPEN}",
        "open": "that is done and people are let in, so there is nothing to do",
        "closed": f"that is done; {_OPEN} again",
    },
    "opened": {
        "draft": _FREEZE,
        "pilot": _FREEZE,
        "open": "people are let in already, so there is nothing to do",
    },
    "closed": {
        "draft": _NOBODY,
        "pilot": _END_PILOT,
        "frozen": _NOBODY,
        "closed": _NOBODY,
    },
    "paused": dict.fromkeys(("draft", "frozen", "closed"), _NOBODY)
    | {"pilot": "a pilot is not paused, only a study that counts; " + _END_PILOT},
    "resumed": {
        "draft": _FREEZE,
        "pilot": _FREEZE,
        "frozen": _OPEN,
        "closed": f"{_OPEN} again",
    },
    "simulated": {
        "draft": f"simulated people come once it is frozen: {_FREEZE}",
        "pilot": f"simulated people come once it is frozen: {_FREEZE}",
        "closed": f"{_OPEN} again",
    },
}


def advice(asked: Asked, *, state: str, name: str) -> str:
    """What to do in place of what was asked, in a state that does not allow it."""
    return _ADVICE[asked][state].format(name=name)
