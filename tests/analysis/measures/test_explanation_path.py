from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.bundles.reading import Bundle
from analysis.elements.pictures import PictureCell, PictureRow, picture_rows
from analysis.elements.sections import Drawing, Prose
from analysis.measures.explanation_path.numbers import frame_shares, path_frames
from analysis.measures.explanation_path.section import ExplanationPathMeasure
from tests.analysis.frames_maker import put_together


def _use(trial: str, image: str) -> dict[str, str]:
    return {
        "trial": trial,
        "classifier": "net",
        "shows": "explanation-path",
        "source_sha256": image,
        "label": "1",
        "predicted": "1",
    }


def _frames(folder: Path, *, votes: bool = True) -> Bundle:
    """Two images in two frames: with one superpixel 1 of 4 say yes, with two 3 of 4."""
    (folder / "images").mkdir(exist_ok=True)
    trials, uses, responses = [], [], []
    for image in ("a", "b"):
        for number, n_yes in ((1, int(image == "a")), (2, 1 + int(image == "a"))):
            trial = f"{image}{number}"
            pixels = np.full((20, 20, 3), 80 * number, np.uint8)
            Image.fromarray(pixels).save(folder / "images" / f"{trial}.png")
            trials.append(
                {
                    "trial": trial,
                    "question": "relevant",
                    "classes": "1",
                    "condition": f"superpixels-0{number}",
                    "slots": json.dumps({"target": trial}),
                }
            )
            uses.append(_use(trial, image))
            responses += [
                {"trial": trial, "participant": f"p{v}-{number}", "accepts": v < n_yes}
                for v in range(2 if votes else 0)
            ]
    return put_together(
        trials=trials, uses=uses, responses=responses, n=2, k=1, folder=folder
    )


def test_shares_by_number_of_superpixels_by_hand(tmp_path):
    shares = frame_shares(_frames(tmp_path))
    assert [each.n_superpixels for each in shares] == [1, 2]
    assert [each.accepted.value for each in shares] == pytest.approx([1 / 4, 3 / 4])
    assert [each.n_images for each in shares] == [2, 2]


def test_the_paths_are_drawn_frame_by_frame(tmp_path):
    sections = {s.id: s for s in ExplanationPathMeasure().sections(_frames(tmp_path))}
    drawing = sections["gallery"].blocks[0]
    assert isinstance(drawing, Drawing)
    assert "2 of 2 images" in drawing.caption
    assert len(drawing.figure.axes) == 4


def test_a_path_in_one_trial_has_its_frames_in_order():
    slots = {"frame_2": "second", "frame_1": "first", "frame_10": "tenth"}
    bundle = put_together(
        trials=[
            {
                "trial": "t",
                "question": "explanation_path",
                "classes": "1",
                "slots": json.dumps(slots),
            }
        ],
        uses=[_use("t", "a")],
        responses=[],
    )
    frames = path_frames(bundle).sort_values("n_superpixels")
    assert frames["stimulus"].to_list() == ["first", "second", "tenth"]


def test_without_votes_there_are_words_and_pictures(tmp_path):
    sections = ExplanationPathMeasure().sections(_frames(tmp_path, votes=False))
    warnings = [b for b in sections[0].blocks if isinstance(b, Prose)]
    assert "no numbers" in warnings[-1].text
    assert ExplanationPathMeasure().headline(_frames(tmp_path, votes=False)) == []


def test_rows_of_pictures_may_stand_side_by_side(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (30, 20), "red").save(path)
    row = PictureRow(
        title="one", cells=(PictureCell(path=path), PictureCell(path=path))
    )
    figure = picture_rows([row, row, row], across=2)
    # Two lines of two rows with two cells each; the last place stays empty.
    assert len(figure.axes) == 8
    assert sum(bool(axes.images) for axes in figure.axes) == 6
