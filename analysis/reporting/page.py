"""The report as one HTML file, and the gallery's own pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.bundles.reading import Bundle
from analysis.elements.sections import (
    DataTable,
    Drawing,
    FileListing,
    Gallery,
    GalleryPicture,
    Prose,
    ShownTrial,
)
from analysis.elements.shown_trial import data_url
from analysis.reporting.report_parts import ReportPart
from analysis.reporting.study_sections import about
from analysis.reporting.writing import inline_svg

IN_PAGE: Final = 60
# Two rows on a laptop; the others are folded away.
IN_SIGHT: Final = 14
PER_GALLERY_PAGE: Final = 240
_TEMPLATES: Final = Path(__file__).parents[1] / "templates"


@dataclass(frozen=True, kw_only=True)
class PlacedPicture:
    """One exhibit with where its picture is (empty: the bundle has none)."""

    exhibit: GalleryPicture
    source: str


@dataclass(frozen=True, kw_only=True)
class Cover:
    """What stands around the sections of a page.

    Attributes:
        title: The page's title.
        about: One line on what it is made of.
        said: The main results, a sentence each; none where there is no number.
        footer: Where it comes from.
        is_simulated: Whether any response comes from a program.
        is_pilot: Whether any of it is a pilot.
        is_sandbox: Whether any of it was collected in a market's sandbox.
        has_several: Whether pictures say which classifier spoke.
        image_path: Where a stimulus' picture lies, if there is one.
        warnings: What the stimulus sets' builds warned of, in words.
        may_have_pictures: False where it is known that no stimulus has any.
    """

    title: str
    about: str
    said: tuple[str, ...]
    footer: str
    is_simulated: bool
    is_pilot: bool
    is_sandbox: bool
    has_several: bool
    image_path: Callable[[str], Path | None]
    warnings: tuple[str, ...] = ()
    may_have_pictures: bool = True


def cover_of(bundle: Bundle, *, said: Sequence[str] = ()) -> Cover:
    """The cover of one study's report, with its main results in sentences."""
    return Cover(
        title=bundle.title,
        about=about(bundle),
        said=tuple(said),
        footer=f"Made by Secondlook from the bundle of study “{bundle.name}”; the "
        "bundle alone gives the same report on any machine.",
        is_simulated=bundle.is_simulated,
        is_pilot=bundle.is_pilot,
        is_sandbox=bundle.is_sandbox,
        has_several=len(bundle.classifiers) > 1,
        image_path=bundle.image_path,
        warnings=bundle.set_warnings,
        may_have_pictures=(bundle.folder / "images").is_dir(),
    )


def render_page(cover: Cover, found: Sequence[ReportPart]) -> str:
    """The page, everything inside."""
    template = _environment().get_template("report.html")
    return template.render(
        cover=cover,
        parts=found,
        kind_of=_kind_of,
        number_of=numbered(found),
        block_id=id,
        inline_svg=lambda drawing: Markup(inline_svg(drawing)),  # noqa: S704 - our own drawing
        pictures_of=lambda gallery: [
            _embedded(cover, exhibit) for exhibit in gallery.exhibits[:IN_PAGE]
        ],
        in_page=IN_PAGE,
        has_pages=lambda gallery: has_pages(cover, gallery),
        in_sight=IN_SIGHT,
    )


def numbered(found: Sequence[ReportPart]) -> dict[int, str]:
    """What each figure and table is called: its `id()` to "Figure 1" or "Table 1".

    In the order of reading; pictures with what was said of them are figures.
    """
    names: dict[int, str] = {}
    counts = {"Figure": 0, "Table": 0}
    for part in found:
        for section in part.sections:
            for block in section.blocks:
                if word := _counted_as(block):
                    counts[word] += 1
                    names[id(block)] = f"{word} {counts[word]}"
    return names


def _counted_as(block: object) -> str:
    if isinstance(block, DataTable):
        return "Table"
    is_figure = isinstance(block, Drawing | ShownTrial)
    has_pictures = isinstance(block, Gallery) and bool(block.exhibits)
    return "Figure" if is_figure or has_pictures else ""


def has_pages(cover: Cover, gallery: Gallery) -> bool:
    """Whether a gallery has pages of its own: too many for the report, and pictures."""
    exhibits = gallery.exhibits
    if len(exhibits) <= IN_PAGE or not cover.may_have_pictures:
        return False
    return any(cover.image_path(each.stimulus) is not None for each in exhibits)


def render_gallery(cover: Cover, gallery: Gallery, *, folder: Path) -> None:
    """All exhibits in pages of their own, where the report cannot hold them."""
    if not has_pages(cover, gallery):
        return
    (folder / "images").mkdir(parents=True, exist_ok=True)
    pictures = [_copied(cover, exhibit, folder) for exhibit in gallery.exhibits]
    starts = range(0, len(pictures), PER_GALLERY_PAGE)
    names = [_page_name(number) for number in range(len(starts))]
    template = _environment().get_template("gallery.html")
    for number, start in enumerate(starts):
        page = template.render(
            cover=cover,
            gallery=gallery,
            pictures=pictures[start : start + PER_GALLERY_PAGE],
            names=names,
            number=number,
        )
        (folder / names[number]).write_text(page, "utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_KINDS: Final = {
    Prose: "prose",
    DataTable: "table",
    Drawing: "drawing",
    Gallery: "gallery",
    FileListing: "listing",
    ShownTrial: "trial",
}


def _kind_of(block: object) -> str:
    return _KINDS[type(block)]


def _page_name(number: int) -> str:
    return "index.html" if number == 0 else f"page-{number + 1}.html"


def _embedded(cover: Cover, exhibit: GalleryPicture) -> PlacedPicture:
    path = cover.image_path(exhibit.stimulus)
    if path is None:
        return PlacedPicture(exhibit=exhibit, source="")
    return PlacedPicture(exhibit=exhibit, source=data_url(path))


def _copied(cover: Cover, exhibit: GalleryPicture, folder: Path) -> PlacedPicture:
    path = cover.image_path(exhibit.stimulus)
    if path is None:
        return PlacedPicture(exhibit=exhibit, source="")
    shutil.copyfile(path, folder / "images" / path.name)
    return PlacedPicture(exhibit=exhibit, source=f"images/{path.name}")
