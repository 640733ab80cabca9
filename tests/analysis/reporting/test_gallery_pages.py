"""Whether a report has a gallery of its own: only where there are pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from analysis.bundles.example import example_bundle
from analysis.elements.gallery import MadeWhenShown
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
    shown = replace(
        cover,
        image_path=lambda stimulus: Path(f"{stimulus}.png"),
        may_have_pictures=True,
    )
    assert has_pages(shown, gallery)
    assert not has_pages(shown, replace(gallery, exhibits=MANY[:-1]))


def test_a_hundred_thousand_exhibits_are_not_made_to_show_sixty():
    made = []

    def exhibit(trial):
        made.append(trial)
        return MANY[0]

    trials = [f"t{number}" for number in range(10 * IN_PAGE)]
    shown = MadeWhenShown(trials, exhibit)
    gallery = Gallery(name="gallery", caption="c", exhibits=shown)
    assert not has_pages(cover_of(example_bundle(), said=()), gallery)
    assert len(gallery.exhibits[:IN_PAGE]) == IN_PAGE
    assert made == trials[:IN_PAGE]
