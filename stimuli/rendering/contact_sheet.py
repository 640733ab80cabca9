"""A contact sheet of a stimulus set: picture, question, label, prediction, role."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from stimuli.errors import StimuliError
from stimuli.files.images import open_image
from stimuli.manifest import ROLES, ClassInfo, Role, Stimulus, StimulusSet, Trial
from stimuli.rendering.boards import BoardPainter

_N_COLUMNS: Final = 6
_CELL: Final = 224
_GAP: Final = 16
_LINE: Final = 20
_N_LINES: Final = 9
_MAX_WIDTH: Final = 1600
_REASONS: Final = frozenset({"prototype", "criticism", "random"})
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
        picture: The PNG shown, or several in one.
        role: Role and, for catches and controls, which.
        colour: Of the role.
        lines: What is written under the picture.
    """

    picture: Path | Image.Image
    role: str
    colour: str
    lines: tuple[str, ...]

    def load(self) -> Image.Image:
        """What is shown, RGB."""
        if isinstance(self.picture, Image.Image):
            return self.picture
        with open_image(self.picture) as picture:
            return picture.convert("RGB")


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
    check_name(out)
    opened = StimulusSet.open(folder)
    cards = list(_cards(opened, n=n, role=role))
    if not cards:
        raise StimuliError(
            f"{folder} has no {role or ''} trials to show".replace("  ", " ")
        )
    title = f"{folder.name}: {len(cards)} of {_count(opened, role)} trials"
    write_cards(cards, out, title=title)
    return len(cards)


def check_name(out: Path) -> None:
    """Whether the file name says what kind of sheet is wanted.

    Raises:
        StimuliError: If it is neither.
    """
    if out.suffix.lower() not in (".png", ".html"):
        raise StimuliError(f"--out must end in .png or .html, got {out.name!r}")


def write_cards(cards: Sequence[Card], out: Path, *, title: str) -> None:
    """Write cards as a picture or a page.

    Raises:
        StimuliError: If the file cannot be written.
    """
    try:
        if out.suffix.lower() == ".html":
            out.write_text(_to_html(cards, title), "utf-8")
        else:
            _to_image(cards, title).save(out)
    except OSError as error:
        raise StimuliError(f"cannot write {out}: {error.strerror or error}") from error


def _name_role(trial: Trial) -> str:
    is_right = any(use.shows.startswith("correct-") for use in trial.uses)
    more = "(a right answer)" if is_right else trial.control.replace("_", " ")
    # A control of one display is named after it.
    condition = "" if trial.condition in more else trial.condition
    return " ".join(part for part in (trial.role, more, condition) if part)


def _count(opened: StimulusSet, role: str | None) -> int:
    return sum(role in (None, trial.role) for trial in opened.trials())


def _cards(opened: StimulusSet, *, n: int, role: str | None) -> Iterator[Card]:
    trials = [t for t in opened.trials() if role in (None, t.role)]
    stimuli = {s.id: s for s in opened.stimuli()}
    classes = opened.classes()
    painter = BoardPainter(stimuli=stimuli, classes=classes, find=opened.image_path)
    for trial in _spread(trials, n):
        is_one = set(trial.slots) == {"target"}
        lines = (
            _describe(trial, stimuli[trial.slots["target"]], classes)
            if is_one
            else _describe_board(trial, classes)
        )
        yield Card(
            picture=opened.image_path(trial.slots["target"])
            if is_one
            else painter.paint(trial),
            role=_name_role(trial),
            colour=_COLOURS[trial.role],
            lines=tuple(lines),
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
        wanted = room if r == "main" else share.get(r, 0)
        groups = _together(by_role[r]) if r == "main" else _in_turn(by_role[r])
        chosen += _take_evenly(groups, wanted)
    return chosen[:n]


def _together(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Trials that differ in their condition alone, side by side."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        item = (trial.truth or {}).get("item")
        key = trial.id if not trial.condition else str(item or trial.sources[0])
        groups.setdefault(key, []).append(trial)
    return [sorted(group, key=lambda t: t.condition) for group in groups.values()]


def _in_turn(trials: Sequence[Trial]) -> list[list[Trial]]:
    """One of every kind, as long as there are some."""
    kinds: dict[str, list[Trial]] = {}
    for trial in trials:
        kinds.setdefault(trial.control, []).append(trial)
    turns = zip_longest(*(kinds[kind] for kind in sorted(kinds)))
    return [[trial for trial in turn if trial is not None] for turn in turns]


def _take_evenly(groups: Sequence[Sequence[Trial]], wanted: int) -> list[Trial]:
    """Whole groups from the start to the end, `wanted` trials at most."""
    if not groups or not wanted:
        return []
    size = max(map(len, groups))
    step = max(1, len(groups) // max(1, wanted // size))
    return [trial for group in groups[::step] for trial in group][:wanted]


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
    yield from _describe_facts(trial, stimulus)
    if trial.key:
        yield f"right: {', '.join(sorted(set(map(str, trial.key.values()))))}"


def _describe_facts(trial: Trial, stimulus: Stimulus) -> Iterator[str]:
    """What the method found out, as far as it says something at a glance."""
    facts = stimulus.facts
    reasons = sorted({use.shows for use in trial.uses} & _REASONS)
    if reasons:
        yield f"chosen as: {', '.join(reasons)}"
    if "n_steps" in facts:
        step, n_steps = facts["steps_to_flip"], facts["n_steps"]
        survived = f"survives {n_steps} steps"
        yield survived if step > n_steps else f"flips at step {step} of {n_steps}"
    if "n_superpixels" in facts:
        yield f"shows {facts['n_shown']} of {facts['n_superpixels']} superpixels"
    if facts.get("is_surviving_8_bits") is False:
        yield "lost its class in 8 bits"


def _describe_board(trial: Trial, classes: Mapping[str, ClassInfo]) -> Iterator[str]:
    yield f"asks: {trial.question.replace('_', ' ')}"
    truth = trial.truth or {}
    if "item" in truth:
        yield f"item: {truth['item']}"
    elif trial.classes:
        yield f"class: {', '.join(classes[c].name for c in trial.classes)}"
    if trial.key:
        yield f"right: {', '.join(sorted(set(map(str, trial.key.values()))))}"


def _percent(probability: float) -> str:
    return f"{100 * probability:.0f} %"


def _to_image(cards: Sequence[Card], title: str) -> Image.Image:
    pictures = [_fit(card) for card in cards]
    cell = max(picture.width for picture in pictures)
    height = max(picture.height for picture in pictures)
    n_columns = min(_N_COLUMNS, len(cards), max(1, _MAX_WIDTH // (cell + _GAP)))
    n_rows = -(-len(cards) // n_columns)
    texts = [_wrap_all(card, cell) for card in cards]
    row_height = height + (max(map(len, texts)) + 1) * _LINE + 2 * _GAP
    top = 3 * _GAP + _LINE
    width = max(n_columns * (cell + _GAP) + _GAP, 480)
    sheet = Image.new("RGB", (width, top + n_rows * row_height), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, _GAP), title, fill="black", font=ImageFont.load_default(20))
    for position, (card, picture) in enumerate(zip(cards, pictures, strict=True)):
        row, column = divmod(position, n_columns)
        corner = (_GAP + column * (cell + _GAP), top + row * row_height)
        sheet.paste(picture, corner)
        _caption(draw, card, corner=corner, under=picture.size, text=texts[position])
    return sheet


def _fit(card: Card) -> Image.Image:
    """One picture is drawn at the size of a cell, several as they are."""
    picture = card.load()
    is_board = isinstance(card.picture, Image.Image)
    return picture if is_board else picture.resize((_CELL, _CELL))


def _caption(
    draw: ImageDraw.ImageDraw,
    card: Card,
    *,
    corner: tuple[int, int],
    under: tuple[int, int],
    text: Sequence[str],
) -> None:
    left, bottom = corner[0], corner[1] + under[1]
    font = ImageFont.load_default(15)
    draw.rectangle((left, bottom, left + under[0] - 1, bottom + 3), card.colour)
    y = bottom + 8
    draw.text((left, y), card.role, fill=card.colour, font=font)
    for number, line in enumerate(text, start=1):
        draw.text((left, y + number * _LINE), line, fill="#111827", font=font)


def _wrap_all(card: Card, width: int) -> list[str]:
    font = ImageFont.load_default(15)
    wrapped = [part for line in card.lines for part in _wrap(line, font, width=width)]
    if len(wrapped) <= _N_LINES:
        return wrapped
    return [*wrapped[: _N_LINES - 1], wrapped[_N_LINES - 1] + " …"]


def _wrap(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, *, width: int
) -> Iterator[str]:
    """Lines of `text` that fit under a picture."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
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


def _read(card: Card) -> bytes:
    """The bytes of its PNG."""
    if isinstance(card.picture, Path):
        return card.picture.read_bytes()
    buffer = io.BytesIO()
    card.picture.save(buffer, "PNG")
    return buffer.getvalue()


def _figure(card: Card) -> str:
    encoded = base64.b64encode(_read(card)).decode()
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in card.lines)
    return (
        f'<figure style="--role: {card.colour}">'
        f'<img alt="{html.escape(card.lines[1])}" src="data:image/png;base64,{encoded}">'
        f"<figcaption><p><strong>{html.escape(card.role)}</strong></p>{lines}"
        "</figcaption></figure>"
    )
