"""The part of the report on images revealed superpixel by superpixel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements import figures
from analysis.elements.pictures import PictureCell, PictureRow, picture_rows
from analysis.elements.sections import (
    Block,
    Chapter,
    DataTable,
    Drawing,
    Prose,
    Section,
)
from analysis.elements.wording import class_list, count, estimate_numbers, interval
from analysis.measures.base import MeasuredOutcome, Told
from analysis.measures.explanation_path.numbers import (
    PUT_UP,
    FrameShare,
    frame_shares,
    path_frames,
)

IN_FIGURE: Final = 5
_INTRO: Final = (
    "Each image was revealed superpixel by superpixel, in the order in which the "
    "explanation ranks them for the class, and every frame was judged by itself. What "
    "people accept of few superpixels they see in the parts the classifier goes by."
)


class ExplanationPathMeasure:
    """Acceptance by number of superpixels, and the paths themselves."""

    name = "explanation-path"
    tells: Final = frozenset({Told.VOTES})

    def applies(self, bundle: Bundle) -> bool:
        """Whether explanations were revealed step by step."""
        return bool(bundle.uses["shows"].isin(bundle.labels_of(PUT_UP)).any())

    def headline(self, bundle: Bundle) -> list[str]:
        """The share of votes by number of superpixels."""
        shares = frame_shares(bundle)
        lines = ["superpixels shown, and votes that accept the class"] if shares else []
        return [
            *lines,
            *(f"  {s.n_superpixels:>2}  {interval(s.accepted)}" for s in shares),
        ]

    def sentences(self, bundle: Bundle) -> list[str]:
        """The share of votes with the fewest and the most superpixels."""
        shares = [share for share in frame_shares(bundle) if share.accepted.n]
        if len(shares) < 2:
            return []
        told = [f"{_named(s.n_superpixels)} {interval(s.accepted)}" for s in shares]
        return [
            f"People accept what the classifier says with {told[0]} of the votes, with "
            f"{told[-1]} (95 % intervals)."
        ]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """The share of votes by number of superpixels."""
        return [
            MeasuredOutcome(
                name=f"accepted with {_named(each.n_superpixels)}",
                value=each.accepted.value,
                low=each.accepted.low,
                high=each.accepted.high,
                n=each.accepted.n,
            )
            for each in frame_shares(bundle)
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """The curve and its table, and some paths."""
        shares = frame_shares(bundle)
        blocks: list[Block] = [Prose(text=_INTRO)]
        if shares:
            blocks += [_curve(shares), _table(shares)]
        else:
            text = "No vote on a frame counts yet, so there are no numbers."
            blocks.append(Prose(kind="warning", text=text))
        title = "What people see as superpixels are revealed"
        found = [
            Section(id="result", chapter=Chapter.RESULT, title=title, blocks=blocks)
        ]
        if drawing := _paths(bundle):
            found.append(
                Section(
                    id="gallery",
                    chapter=Chapter.GALLERY,
                    title="Some paths",
                    blocks=[drawing],
                )
            )
        return found


def _named(number: int) -> str:
    return f"{number} superpixel{'s' if number > 1 else ''}"


def _table(shares: list[FrameShare]) -> DataTable:
    return DataTable(
        name="explanation_path",
        caption="Votes that accept the class, by number of superpixels shown (95 % "
        "intervals that count people and images as clusters).",
        shown=pd.DataFrame(
            {
                "superpixels": [str(s.n_superpixels) for s in shares],
                "accepted": [interval(s.accepted) for s in shares],
                "votes": [count(s.accepted.n) for s in shares],
                "images": [count(s.n_images) for s in shares],
            }
        ),
        numbers=pd.DataFrame(
            [
                {
                    "n_superpixels": s.n_superpixels,
                    **estimate_numbers(s.accepted, "accepted"),
                    "n_votes": s.accepted.n,
                    "n_images": s.n_images,
                }
                for s in shares
            ]
        ),
    )


def _curve(shares: list[FrameShare]) -> Drawing:
    said = "; ".join(
        f"{_named(s.n_superpixels)}: {interval(s.accepted)}" for s in shares
    )
    return Drawing(
        name="explanation_path",
        caption="Votes that accept the class by number of superpixels shown (95 % "
        "intervals).",
        alt=f"{said}.",
        figure=figures.shares(
            [_named(s.n_superpixels) for s in shares],
            [s.accepted for s in shares],
            quantity="accept the class",
        ),
    )


def _paths(bundle: Bundle) -> Drawing | None:
    """Figure 10b: frames in order, one image per row, in the order of a hash."""
    frames = path_frames(bundle).sort_values(["image", "n_superpixels"])
    rows: list[PictureRow] = []
    for _, mine in frames.groupby("image", sort=True):
        cells = [
            PictureCell(path=path, text=str(number))
            for path, number in _shown(bundle, mine)
            if path is not None
        ]
        if len(rows) < IN_FIGURE and len(cells) == len(mine):
            said = class_list([str(mine["predicted"].iloc[0])], bundle.class_names)
            rows.append(PictureRow(title=f"{said}?", cells=tuple(cells)))
    if not rows:
        return None
    n_paths = frames["image"].nunique()
    return Drawing(
        name="paths",
        caption="Superpixels revealed in the order of their importance; below each "
        f"frame how many. {len(rows)} of {count(n_paths)} images, in the order of a "
        "hash: nobody chose.",
        alt="; ".join(f"{r.title} in {len(r.cells)} frames" for r in rows) + ".",
        figure=picture_rows(rows),
    )


def _shown(bundle: Bundle, mine: pd.DataFrame) -> list[tuple[Path | None, int]]:
    return [
        (bundle.image_path(str(stimulus)), int(number))
        for stimulus, number in zip(
            mine["stimulus"], mine["n_superpixels"], strict=True
        )
    ]
