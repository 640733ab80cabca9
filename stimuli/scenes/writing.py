"""Scenes on disk, in the form in which a recipe reads a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from stimuli.errors import StimuliError
from stimuli.files.safe_csv import csv_writer
from stimuli.scenes.classes import CLASSES, COMPANION, IMAGE_SIZE, Split
from stimuli.scenes.composition import Scene
from stimuli.scenes.drawing import draw_scenes


@dataclass(frozen=True, kw_only=True)
class WrittenDataset:
    """What `write_dataset` left on disk."""

    folder: Path
    n: int


def write_dataset(
    folder: Path,
    *,
    n: int,
    seed: int,
    split: Split = "validation",
    size: int = IMAGE_SIZE,
    workers: int = 1,
    label: int | None = None,
    masks: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> WrittenDataset:
    """Draw `n` scenes into a new folder; the same arguments give the same bytes.

    The folder gets `images/*.png`, and

    * `labels.csv`: file, label (class index), name
    * `truth.csv`: file, present (class indices that can be seen, "|" between), also
      ("books" where the planted bias's companion was placed)
    * `classes.csv`: index, name, gloss
    * `scenes.csv`: file, setting, companion (1 where the planted bias's
      companion was placed), visible (class index:share that shows, "|" between)

    Args:
        folder: Made if it is missing; must be empty.
        n: Scenes; multiples of the number of classes have even labels.
        seed: Scenes are those of the draw (seed, split).
        split: "training" (with the planted bias) or "validation" (without).
        size: Pixels on a side.
        workers: Processes that draw; they change nothing but the time.
        label: Only scenes of this class.
        masks: A folder for masks of the labels' objects, named as the images are;
            255 where an object fills a pixel. None writes none.
        progress: Called with how many are written, and of how many.

    Raises:
        StimuliError: If a folder holds files already.
        ValueError: If a number is out of range.
    """
    scenes = draw_scenes(
        n, seed=seed, split=split, size=size, workers=workers, label=label
    )
    for new in (folder, masks):
        if new is not None and new.exists() and not _is_empty(new):
            raise StimuliError(
                f"{new} is not an empty folder; name a new one, or remove what is in it"
            )
    (folder / "images").mkdir(parents=True, exist_ok=True)
    tables = _Tables()
    for i, scene in enumerate(scenes):
        file = f"images/{split}-{i:05d}.png"
        Image.fromarray(scene.pixels).save(folder / file, compress_level=4)
        tables.add(file, scene)
        if masks is not None:
            (masks / "images").mkdir(parents=True, exist_ok=True)
            Image.fromarray(scene.mask).save(masks / file)
        if progress is not None:
            progress(i + 1, n)
    tables.write(folder)
    return WrittenDataset(folder=folder, n=n)


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


class _Tables:
    """Rows of the CSV files beside the images."""

    def __init__(self) -> None:
        self._labels: list[Sequence[object]] = []
        self._truth: list[Sequence[object]] = []
        self._scenes: list[Sequence[object]] = []

    def add(self, file: str, scene: Scene) -> None:
        """Note the scene that was written to `file`."""
        present = "|".join(map(str, scene.present))
        visible = "|".join(f"{c}:{s:.4f}" for c, s in sorted(scene.visible.items()))
        self._labels.append((file, scene.label, CLASSES[scene.label].name))
        self._truth.append((file, present, COMPANION if scene.has_companion else ""))
        self._scenes.append((file, scene.setting, int(scene.has_companion), visible))

    def write(self, folder: Path) -> None:
        """Write all tables; the labels last, so that a killed run is no data set."""
        classes = [(i, spec.name, spec.gloss) for i, spec in enumerate(CLASSES)]
        _write_csv(folder / "classes.csv", ("index", "name", "gloss"), rows=classes)
        columns = ("file", "setting", "companion", "visible")
        _write_csv(folder / "scenes.csv", columns, rows=self._scenes)
        _write_csv(folder / "truth.csv", ("file", "present", "also"), rows=self._truth)
        _write_csv(folder / "labels.csv", ("file", "label", "name"), rows=self._labels)


def _write_csv(
    path: Path, header: Sequence[str], *, rows: Iterable[Sequence[object]]
) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv_writer(handle, line_end="\n")
        writer.writerow(header)
        writer.writerows(rows)
