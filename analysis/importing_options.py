"""The options by which a command learns what others' files mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import click

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

# Named here, not read from the formats, so that help loads no pandas.
FORMAT_NAMES: Final = (
    "long",
    "model-vs-human",
    "crowd-kit",
    "numpy",
    "counts",
    "mturk-csv",
    "mturk-json",
)
_OPTIONS: Final = (
    click.option(
        "--map",
        "columns",
        multiple=True,
        metavar="ROLE=COLUMN[,…]",
        help="What a column is: worker=Subject,stimulus=Image,response=Answer; also "
        "question, condition, category, key, is_right, session, trial, rt_ms, rt_s, "
        "time. Two columns make one: condition=colour+size.",
    ),
    click.option(
        "--where",
        multiple=True,
        metavar="COLUMN=VALUE",
        help="Take these rows only, or with != all but these; may be repeated.",
    ),
    click.option(
        "--bad-rows",
        type=click.Choice(("refuse", "report")),
        default="refuse",
        show_default=True,
        help="What to do with rows that cannot be, such as a time below zero: refuse "
        "the file, or list them and leave them out.",
    ),
    click.option("--yes", default="", help="Responses that accept, comma separated."),
    click.option("--no", default="", help="Responses that reject, comma separated."),
    click.option(
        "--other",
        "neither",
        default="",
        help="Responses that are neither, such as maybe.",
    ),
    click.option(
        "--scale",
        type=click.Choice(("nominal", "ordinal", "interval")),
        default="nominal",
        show_default=True,
        help="Whether responses are names (also where codes stand for them), an order, "
        "or amounts.",
    ),
    click.option(
        "--order", default="", help="Responses from lowest to highest, comma separated."
    ),
    click.option(
        "--n", type=click.IntRange(min=1), help="Responses per trial that count."
    ),
    click.option(
        "--k", type=click.IntRange(min=1), help="Yes votes that accept a trial."
    ),
    click.option("--question", default="", help="What people read."),
    click.option("--title", default="", help="The study's title."),
    click.option(
        "--cluster",
        multiple=True,
        metavar="COLUMN",
        help="Column that says which images belong together (a scene, a video); "
        "intervals take them as one draw. May be repeated.",
    ),
    click.option(
        "--encoding", help="Of text files that are not UTF-8, such as cp1252."
    ),
    click.option("--time-zone", help="Of times without one, such as Europe/Berlin."),
    click.option(
        "--twice",
        type=click.Choice(("refuse", "first", "last")),
        default="refuse",
        show_default=True,
        help="What to do where a worker responded to a trial twice.",
    ),
    click.option(
        "--observers",
        default="",
        metavar="NAME,…",
        help="Who in the worker column is no person: networks, say. Left out: those "
        "whom the files show to be (model-vs-human); none: everybody is a person.",
    ),
    click.option(
        "--levels",
        default="",
        metavar="NAME=SCALE",
        help="What conditions are levels of, with the scale log or linear, such as "
        "contrast=log; each condition's name holds its number.",
    ),
    click.option("--classifier", default="", help="Whose errors were judged."),
    click.option(
        "--images",
        "n_images",
        type=click.IntRange(min=1),
        help="Images that classifier saw in all, right ones included.",
    ),
)
NAMES: Final = (
    "columns",
    "where",
    "bad_rows",
    "yes",
    "no",
    "neither",
    "scale",
    "order",
    "n",
    "k",
    "question",
    "title",
    "cluster",
    "encoding",
    "time_zone",
    "twice",
    "observers",
    "levels",
    "classifier",
    "n_images",
)


def import_options(function: FunctionT) -> FunctionT:
    """Every option of an import; `read_options` takes what they give."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_options(given: dict[str, Any], *, name: str) -> Any:  # noqa: ANN401 - imported late
    """`ImportOptions` from what click handed over.

    Raises:
        click.BadParameter: If a mapping is not ROLE=COLUMN.
    """
    from analysis.importing.base import ImportOptions

    own = {key: given[key] for key in NAMES}
    own["other"] = own.pop("neither")
    for key in ("yes", "no", "other", "order", "observers"):
        own[key] = split_words(own[key])
    own["columns"] = read_map(own["columns"])
    return ImportOptions(name=name, **own)


def is_default(given: dict[str, Any]) -> bool:
    """Whether none of the options was used."""
    usual = ("", (), None, "refuse", "nominal")
    return all(given[key] in usual for key in NAMES)


def split_words(text: str) -> tuple[str, ...]:
    """Words between commas, empty ones left out."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def read_map(given: Iterable[str]) -> dict[str, str]:
    """Role to column; a comma inside a column's name needs a `--map` of its own.

    Raises:
        click.BadParameter: If an entry is not ROLE=COLUMN, or a role is there twice.

    >>> read_map(["worker=Subject,response=Answer", "stimulus=Image, cropped"])
    {'worker': 'Subject', 'response': 'Answer', 'stimulus': 'Image, cropped'}
    """
    found: dict[str, str] = {}
    for text in given:
        role = ""
        for part in text.split(","):
            name, equals, column = part.partition("=")
            if equals and name.strip().isidentifier():
                role = name.strip()
                if role in found:
                    raise click.BadParameter(
                        f"{role} is mapped twice, to {found[role]} and to "
                        f"{column.strip()}: which of them is it?",
                        param_hint="--map",
                    )
                found[role] = column.strip()
            elif role:
                found[role] += f",{part}"
            else:
                raise click.BadParameter(
                    f"expected ROLE=COLUMN, for example worker=Subject, got {text!r}",
                    param_hint="--map",
                )
    return found
