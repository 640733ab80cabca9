"""Plant small faults in what must not fail, and count those that the tests see.

`python -m tests.mutation [AREA ...]` copies the last commit to `build/mutation/`, runs
mutmut over each area's modules with the area's tests, writes the score and every
survivor to `docs/mutation.csv`, from which `docs/testing.md` is made, and ends by a
table. Mutants of texts (what a message says) are counted apart. What was broken off
goes on where it stopped, as long as nothing was committed in between.
"""

from __future__ import annotations

import sys

import click

from tests.mutation import results
from tests.mutation.areas import AREAS
from tests.mutation.workshop import Workshop


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(AREAS)))
@click.option("--children", default=2, show_default=True, help="Tests at once.")
@click.option(
    "--survivors", is_flag=True, help="Only what survived, after tests were added."
)
def main(*, names: tuple[str, ...], children: int, survivors: bool) -> None:
    """Mutate these areas, or all, and keep what was found."""
    chosen = names or tuple(AREAS)
    for name in chosen:
        _mutate(name, n_children=children, is_again=survivors)
    found = results.scores()
    click.echo(results.table(found))
    if any(score.is_short for score in found if score.area in chosen):
        sys.exit(1)


def _mutate(name: str, *, n_children: int, is_again: bool) -> None:
    shop = Workshop(name, AREAS[name])
    shop.open(keeps_verdicts=is_again)
    again = shop.survivors() if is_again else []
    shop.run(*again, n_children=n_children)
    # What is tried a second time says nothing of what the whole area takes.
    is_known = bool(results.cost_of(results.read(), name)["minutes"])
    cost = None if again and is_known else shop.cost()
    results.write(name, list(shop.mutants()), cost=cost)
    click.echo(results.table([each for each in results.scores() if each.area == name]))


if __name__ == "__main__":
    main()
