"""How a response lay on the page, where places were shuffled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hit_templates.questions import Question


def laid_out(
    values: Mapping[str, object], order: Sequence[int], *, asked: Question
) -> str:
    """A response as it lay on the page, where its places were shuffled; else "".

    Args:
        values: Field to value.
        order: What was shown at the first place, the second, …, as indexes from 0.
        asked: The question, which says what is shuffled.

    Returns:
        The place from 1 where a field numbers what was chosen; the values from the
        first place to the last where the classes were shuffled and there is a field for
        each.

    >>> from hit_templates.base import Field, get_paradigm
    >>> paradigm = get_paradigm("relevance")
    >>> each, one = (paradigm.questions[name] for name in ("each", "relevant"))
    >>> laid_out({"relevant_0": "no", "relevant_1": "yes"}, [1, 0], asked=each)
    'yes no'
    >>> laid_out({"relevant": "yes"}, [0], asked=one)
    ''
    >>> best = Field(name="best", type="choice", numbers_classes=True, description="")
    >>> which = Question(name="which", fields=(best,), shuffled="classes")
    >>> laid_out({"best": "2"}, [1, 0], asked=which)  # the second stood first
    '1'
    """
    if len(order) < 2:
        return ""
    if asked.shuffled in ("places", "places-evenly"):
        return _place(values, order, asked)
    if asked.shuffled in ("classes", "classes-once"):
        return _by_place(values, order, asked) or _place(values, order, asked)
    return ""


def _place(values: Mapping[str, object], order: Sequence[int], asked: Question) -> str:
    numbering = (each.name for each in asked.fields if each.numbers_classes)
    chosen = [str(index + 1) for index in order]
    said = str(values.get(next(numbering, ""), ""))
    return str(chosen.index(said) + 1) if said in chosen else ""


def _by_place(
    values: Mapping[str, object], order: Sequence[int], asked: Question
) -> str:
    several = next((each for each in asked.fields if each.is_per_class), None)
    if several is None:
        return ""
    names = list(several.of_classes(len(order)))
    if not all(name in values for name in names):
        return ""
    return " ".join(str(values[names[index]]) for index in order)
