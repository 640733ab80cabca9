"""A contact sheet of a stimulus set: picture, question, label, prediction, role."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from stimuli.errors import StimuliError
from stimuli.manifest import ROLES, ClassInfo, Role, Stimulus, StimulusSet, Trial

_N_COLUMNS: Final = 6
_CELL: Final = 224
_GAP: Final = 16
_LINE: Final = 20
_N_LINES: Final = 9
_COLOURS: Final[Mapping[Role, str]] = {
    "main": "#1d4ed8",
    "practice": "#6b7280",
    "catch": "#15803d",
    "control": "#b45309",
}


@dataclass(frozen=True, kw_only=True)
class Card:
    """One trial on the sheet.

    Attributes:
        picture: The PNG shown.
        role: Role and, for catches and controls, which.
        colour: Of the role.
        lines: What is written under the picture.
    """

    picture: Path
    role: str
    colour: str
    lines: tuple[str, ...]


def write_sheet(folder: Path, out: Path, *, n: int, role: str | None = None) -> int:
    """Write a contact sheet; returns the number of trials on it.

    Args:
        folder: The stimulus set.
        out: `.png` or `.html`.
        n: Trials at most, spread evenly over each role.
        role: Only this role.

    Raises:
        StimuliError: If it is no stimulus set, or the file name says neither.
    """
    suffix = out.suffix.lower()
    if suffix not in (".png", ".html"):
        raise StimuliError(f"--out must end in .png or .html, got {out.name!r}")
    opened = StimulusSet.open(folder)
    cards = list(_cards(opened, n=n, role=role))
    if not cards:
        raise StimuliError(
            f"{folder} has no {role or ''} trials to show".replace("  ", " ")
        )
    title = f"{folder.name}: {len(cards)} of {_count(opened, role)} trials"
    try:
        if suffix == ".html":
            out.write_text(_to_html(cards, title), "utf-8")
        else:
            _to_image(cards, title).save(out)
    except OSError as error:
        raise StimuliError(f"cannot write {out}: {error.strerror or error}") from error
    return len(cards)


def _name_role(trial: Trial) -> str:
    is_right = any(use.shows == "correct-top1" for use in trial.uses)
    more = "(a right answer)" if is_right else trial.control.replace("_", " ")
    return f"{trial.role} {more}".strip()


def _count(opened: StimulusSet, role: str | None) -> int:
    return sum(role in (None, trial.role) for trial in opened.trials())


def _cards(opened: StimulusSet, *, n: int, role: str | None) -> Iterator[Card]:
    trials = [t for t in opened.trials() if role in (None, t.role)]
    stimuli = {s.id: s for s in opened.stimuli()}
    classes = opened.classes()
    for trial in _spread(trials, n):
        stimulus = stimuli[trial.slots["target"]]
        yield Card(
            picture=opened.image_path(stimulus.id),
            role=_name_role(trial),
            colour=_COLOURS[trial.role],
            lines=tuple(_describe(trial, stimulus, classes)),
        )


def _spread(trials: Sequence[Trial], n: int) -> list[Trial]:
    """At most `n`: every other role gets an eighth, the main trials what is left."""
    by_role = {r: [t for t in trials if t.role == r] for r in ROLES}
    chosen: list[Trial] = []
    others = [r for r in ROLES if r != "main" and by_role[r]]
    eighth = max(1, n // 8) if by_role["main"] else -(-n // max(1, len(others)))
    share = {r: min(len(by_role[r]), eighth) for r in others}
    room = max(0, n - sum(share.values()))
    for r in ROLES:
        of_role, wanted = by_role[r], room if r == "main" else share.get(r, 0)
        step = max(1, len(of_role) // max(1, wanted))
        chosen += of_role[::step][:wanted]
    return chosen[:n]


def _describe(
    trial: Trial, stimulus: Stimulus, classes: Mapping[str, ClassInfo]
) -> Iterator[str]:
    asked = ", ".join(classes[c].name for c in trial.classes)
    yield f"asks: {asked}"
    label = "none" if stimulus.label is None else classes[stimulus.label].name
    yield f"label: {label}"
    for prediction in stimulus.predictions:
        name = classes[prediction.classes[0]].name
        said = f"{name} {_percent(prediction.probabilities[0])}"
        alone = len(stimulus.predictions) == 1
        yield f"says: {said}" if alone else f"{prediction.classifier}: {said}"
    if trial.key:
        yield f"right: {', '.join(sorted(set(map(str, trial.key.values()))))}"


def _percent(probability: float) -> str:
    return f"{100 * probability:.0f} %"


def _to_image(cards: Sequence[Card], title: str) -> Image.Image:
    n_columns = min(_N_COLUMNS, len(cards))
    n_rows = -(-len(cards) // n_columns)
    texts = [_wrap_all(card) for card in cards]
    row_height = _CELL + (max(map(len, texts)) + 1) * _LINE + 2 * _GAP
    top = 3 * _GAP + _LINE
    width = max(n_columns * (_CELL + _GAP) + _GAP, 480)
    sheet = Image.new("RGB", (width, top + n_rows * row_height), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, _GAP), title, fill="black", font=ImageFont.load_default(20))
    for position, (card, text) in enumerate(zip(cards, texts, strict=True)):
        row, column = divmod(position, n_columns)
        corner = (_GAP + column * (_CELL + _GAP), top + row * row_height)
        _draw_card(sheet, card, corner=corner, text=text)
    return sheet


def _draw_card(
    sheet: Image.Image, card: Card, *, corner: tuple[int, int], text: Sequence[str]
) -> None:
    left, top = corner
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(15)
    with Image.open(card.picture) as picture:
        shown = picture.convert("RGB").resize((_CELL, _CELL))
    sheet.paste(shown, corner)
    draw.rectangle((left, top + _CELL, left + _CELL - 1, top + _CELL + 3), card.colour)
    y = top + _CELL + 8
    draw.text((left, y), card.role, fill=card.colour, font=font)
    for number, line in enumerate(text, start=1):
        draw.text((left, y + number * _LINE), line, fill="#111827", font=font)


def _wrap_all(card: Card) -> list[str]:
    font = ImageFont.load_default(15)
    wrapped = [part for line in card.lines for part in _wrap(line, font)]
    if len(wrapped) <= _N_LINES:
        return wrapped
    return [*wrapped[: _N_LINES - 1], wrapped[_N_LINES - 1] + " …"]


def _wrap(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> Iterator[str]:
    """Lines of `text` that fit under a picture."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > _CELL:
            yield line
            longer = word
        line = longer
    if line:
        yield line


def _to_html(cards: Sequence[Card], title: str) -> str:
    figures = "\n".join(map(_figure, cards))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }}
body {{ margin: 1rem; }}
h1 {{ font-size: 1.25rem; }}
main {{ display: grid; gap: 1rem;
       grid-template-columns: repeat(auto-fill, minmax(min(224px, 40vw), 1fr)); }}
figure {{ margin: 0; min-width: 0; }}
img {{ width: 100%; display: block; border-bottom: 4px solid var(--role); }}
figcaption p {{ margin: 0.1rem 0; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>{html.escape(title)}</h1>
<main>
{figures}
</main>
</body>
</html>
"""


def _figure(card: Card) -> str:
    encoded = base64.b64encode(card.picture.read_bytes()).decode()
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in card.lines)
    return (
        f'<figure style="--role: {card.colour}">'
        f'<img alt="{html.escape(card.lines[1])}" src="data:image/png;base64,{encoded}">'
        f"<figcaption><p><strong>{html.escape(card.role)}</strong></p>{lines}"
        "</figcaption></figure>"
    )
