"""Numbers of a bundle that several parts of a report ask for, computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Final, TypeVar, cast

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_PLACE: Final = "_kept"


def kept(compute: FunctionT) -> FunctionT:
    """The function, its result kept with the bundle it was computed from.

    For functions of a bundle and what can be hashed, whose results nobody changes. A
    bundle made from another by `dataclasses.replace` keeps nothing of it.

    Args:
        compute: Takes the bundle first.

    >>> from analysis.bundles.example import example_bundle
    >>> asked = []
    >>> @kept
    ... def n_votes(bundle):
    ...     asked.append(bundle.name)
    ...     return len(bundle.votes)
    >>> bundle = example_bundle()
    >>> n_votes(bundle), n_votes(bundle), asked
    (12, 12, ['example'])
    """

    @wraps(compute)
    def once(bundle: object, *args: Hashable, **kwargs: Hashable) -> Any:  # noqa: ANN401 - as computed
        # Not `setattr`: bundles are frozen, and these are no fields of theirs.
        found = bundle.__dict__.setdefault(_PLACE, {})
        key = (compute, args, tuple(sorted(kwargs.items())))
        if key not in found:
            found[key] = compute(bundle, *args, **kwargs)
        return found[key]

    return cast("FunctionT", once)
