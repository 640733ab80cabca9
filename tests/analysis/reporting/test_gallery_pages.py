"""Whether a report has a gallery of its own: only where there are pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from analysis.bundles.example import example_bundle
from analysis.elements.sections import Gallery, GalleryPicture
from analysis.reporting.page import IN_PAGE, cover_of, has_pages

MANY = tuple(
    GalleryPicture(
        stimulus=f"s{number}", label="", predicted="a", classifiers="", n_yes=3, n=3
    )
    for number in range(IN_PAGE + 1)
)


def test_pictures_that_did_not_come_have_no_pages():
    gallery = Gallery(name="gallery", caption="c", exhibits=MANY)
    cover = cover_of(example_bundle(), said=())
    assert not has_pages(cover, gallery)
    shown = replace(cover, image_path=lambda stimulus: Path(f"{stimulus}.png"))
    assert has_pages(shown, gallery)
    assert not has_pages(shown, replace(gallery, exhibits=MANY[:-1]))
