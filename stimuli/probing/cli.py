"""`secondlook stimuli probe`: the command; torch is imported inside it only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stimuli.errors import StimuliError
from stimuli.files.safe_csv import csv_writer

if TYPE_CHECKING:
    from stimuli.probing.pairs import ProbedPair
    from stimuli.records.proportions import Proportion


@click.command()
@click.option(
    "--pairs",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="CSV file: pair, first, second; if wanted differs and cluster.",
)
@click.option(
    "--recipe",
    type=click.Path(path_type=Path),
    help="A recipe whose classifiers, display and execution are taken.",
)
@click.option(
    "--classifier",
    "names",
    multiple=True,
    help="Instead of a recipe: demo, demo:robust, demo:stylised, a torchvision name or "
    "file.py:function; repeatable.",
)
@click.option(
    "--weights",
    multiple=True,
    help="For each torchvision name in turn: a file, or a name of torchvision's.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for predictions.csv, changes.json, pairs.png and pairs.html.",
)
@click.option("--n", default=48, show_default=True, type=click.IntRange(1, 5000),
              help="Pairs on the sheet at most.")  # fmt: skip
@click.option("--json", "is_json", is_flag=True, help="Print the numbers as JSON.")
def probe(
    path: Path,
    *,
    recipe: Path | None,
    names: tuple[str, ...],
    weights: tuple[str, ...],
    out: Path,
    n: int,
    is_json: bool,
) -> None:
    """Say how often a label changes within pairs that differ in one thing."""
    from stimuli.engine.classifier_contract import Needs, check_contract
    from stimuli.probing.classifiers import load_probed
    from stimuli.probing.pairs import label_changes, read_pairs
    from stimuli.probing.pairs import probe as predict_pairs
    from stimuli.probing.sheet import write_probed_pairs

    pairs = read_pairs(path)
    loaded = load_probed(recipe, names=names, weights=weights)
    images = [path for pair in pairs for path in (pair.first, pair.second)]
    for note in check_contract(
        loaded.classifiers, images, display=loaded.display, needs=Needs(kind="probe")
    ):
        click.echo(f"note: {note}", err=True)
    probed = predict_pairs(pairs, loaded.classifiers, display=loaded.display)
    changes = label_changes(probed, [c.name for c in loaded.classifiers])
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write_predictions(out / "predictions.csv", probed, loaded.names)
        numbers = {name: asdict(found) for name, found in changes.items()}
        (out / "changes.json").write_text(json.dumps(numbers, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise StimuliError(f"cannot write to {out}: {error.strerror}") from error
    for sheet in (out / "pairs.png", out / "pairs.html"):
        write_probed_pairs(probed, sheet, names=loaded.names, n=n)
    if is_json:
        click.echo(json.dumps({"out": str(out), "changes": numbers}))
        return
    click.echo(_describe(changes))
    click.echo(
        f"every prediction in {out / 'predictions.csv'}, pairs in {out / 'pairs.html'}"
    )


def _describe(changes: Mapping[str, Proportion]) -> str:
    lines = ["pairs within which the first class changes (95 % intervals)"]
    for name, found in changes.items():
        share, low, high = (100 * x for x in (found.share, found.low, found.high))
        alike = f", {found.n_clusters} clusters" if found.n_clusters < found.n else ""
        lines.append(
            f"{name:<22} {found.n_hits} of {found.n}{alike}: {share:.1f} % "
            f"[{low:.1f}, {high:.1f}]"
        )
    return "\n".join(lines)


def _write_predictions(
    path: Path, probed: Sequence[ProbedPair], names: Mapping[str, str]
) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv_writer(handle)
        writer.writerow(_COLUMNS)
        for each in probed:
            writer.writerows(row.values() for row in _rows(each, names))


_COLUMNS = (
    *("pair", "cluster", "differs", "classifier", "image", "file", "rank"),
    *("class", "name", "probability", "is_changed"),
)


def _rows(each: ProbedPair, names: Mapping[str, str]) -> list[dict[str, Any]]:
    pair = each.pair
    return [
        {
            "pair": pair.name,
            "cluster": pair.cluster,
            "differs": pair.differs,
            "classifier": classifier,
            "image": image,
            "file": file.name,
            "rank": rank,
            "class": class_id,
            "name": names.get(class_id, class_id),
            "probability": probability,
            "is_changed": str(each.is_changed(classifier)).lower(),
        }
        for classifier, both in each.predictions.items()
        for image, file, said in zip(
            ("first", "second"), (pair.first, pair.second), both, strict=True
        )
        for rank, (class_id, probability) in enumerate(
            zip(said.classes, said.probabilities, strict=True), start=1
        )
    ]
