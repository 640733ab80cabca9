"""Commands of the demo world; they join `secondlook demo` by entry point."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click
from tqdm import tqdm


class _Bars:
    """A progress bar per stage, on standard error."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: tqdm[None] | None = None

    def show(self, stage: str, n_done: int, n_total: int) -> None:
        if stage != self._stage or self._bar is None:
            self.close()
            self._stage, self._bar = stage, tqdm(total=n_total, desc=stage)
        self._bar.update(n_done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--n", default=800, show_default=True, type=click.IntRange(min=1),
              help="Scenes.")  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="Of the draw.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64),
              help="Processes; they change nothing but the time.")  # fmt: skip
@click.option("--only", "name", help="Scenes of this class alone, such as lamp.")
@click.option("--masks", type=click.Path(file_okay=False, path_type=Path),
              help="Another folder, for masks of the labels' objects.")  # fmt: skip
def draw(
    folder: Path,
    n: int,
    seed: int,
    workers: int,
    name: str | None,
    masks: Path | None,
) -> None:
    """Draw scenes with labels and the truth about them into FOLDER."""
    from stimuli.scenes.writing import write_dataset

    label = None if name is None else _find_class(name)
    bars = _Bars()
    write_dataset(
        folder,
        n=n,
        seed=seed,
        workers=workers,
        label=label,
        masks=masks,
        progress=lambda done, total: bars.show("scenes", done, total),
    )
    bars.close()
    click.echo(f"{n} scenes in {folder}")


def _find_class(name: str) -> int:
    from stimuli.scenes.classes import CLASSES

    names = [spec.name for spec in CLASSES]
    if name not in names:
        raise click.BadParameter(
            f"no class {name!r}; there are {', '.join(names)}", param_hint="--only"
        )
    return names.index(name)


@click.command()
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="File for the weights.")  # fmt: skip
@click.option("--variant", default="standard", show_default=True,
              type=click.Choice(["standard", "robust", "stylised"]),
              help="Which network of the demo zoo.")  # fmt: skip
@click.option("--seed", type=int, help="Another seed than the shipped one's.")
def train(out: Path, variant: str, seed: int | None) -> None:
    """Train a network of the demo world as shipped and say how good it is."""
    bars = _Bars()
    if variant == "standard":
        words = _train_standard(out, seed, bars)
    else:
        # By name: the zoo attacks and measures, so it stands above what draws scenes.
        zoo = import_module("stimuli.zoo.training")
        words = zoo.train_and_say(variant, out, seed=seed, progress=bars.show)
    bars.close()
    click.echo(words)


def _train_standard(out: Path, seed: int | None, bars: _Bars) -> str:
    from stimuli.scenes.training import SEED, retrain

    done = retrain(out, seed=SEED if seed is None else seed, progress=bars.show)
    result = done.evaluation
    return (
        f"{done.path}  sha256 {done.sha256}\n"
        f"{result.n} validation scenes: top-1 accuracy {result.accuracy:.1%}; "
        f"{result.present_share:.0%} of the errors name an object that can be seen"
    )
