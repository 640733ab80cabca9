"""Whether labels and a classifier's outputs are numbered alike; after predicting.

A classifier that is almost always wrong is more often numbered otherwise than bad.
Another order is told of only where it fits far better than the order given:

* right on at least a tenth more of the images and of each class on average (a
  quarter for an order learned from the data), so that a classifier that says one
  class of everything fits no other order either;
* wrong on at most half as many, or right on at least three times as many;
* by more than chance: the images that only one of the two orders gets right, exact
  sign test, p < 0.0001. Fewer than 14 images never say anything.

The best order of all is learned from the data. With few images per class some order
always fits, so it is learned on one half of every class and judged on the other.

With one image per class nothing can be learned. That such a classifier is right no
more often than guessing is told all the same, from 20 images on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

from stimuli.engine.label_orders import LabelOrder, Outputs, known_orders
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import ClassifiedImages

Hits = NDArray[np.bool_]

_MAX_P: Final = 1e-4
_MAX_P_GUESSING: Final = 0.05
_MIN_N_GUESSING: Final = 20
_MIN_GAIN: Final = 0.1
_MIN_GAIN_LEARNED: Final = 0.25
# 3,000 classes take half a second and 72 MB; beyond, the memory is not worth it.
_MOST_CELLS: Final = 10_000_000
_N_MOVES: Final = 5


@dataclass(frozen=True, kw_only=True)
class BetterOrder:
    """An order that fits far better than the one given.

    Attributes:
        name: Its key, "learned" for one found in the data.
        means: Words that go on after "if".
        n_right: Images that are right under it; of a learned one, each judged by
            what the other half says.
    """

    name: str
    means: str
    n_right: int


@dataclass(frozen=True, kw_only=True)
class OrderCheck:
    """What comparing a classifier's outputs with the labels showed.

    Attributes:
        classifier: Its name.
        n: Labelled images.
        n_right: Right as the labels stand.
        n_kinds: Classes it chooses among, a group counting as one.
        is_learned_tried: Whether the best order of all was looked for.
        better: An order that fits far better, if there is one.
    """

    classifier: str
    n: int
    n_right: int
    n_kinds: int
    is_learned_tried: bool = True
    better: BetterOrder | None = None

    @property
    def is_guessing(self) -> bool:
        """Whether it is right no more often than one class in so many drawn blindly.

        Up to half of the images at most: who is right on more has no other order.
        """
        if self.n < _MIN_N_GUESSING or 2 * self.n_right > self.n:
            return False
        test = binomtest(self.n_right, self.n, 1 / self.n_kinds, alternative="greater")
        return bool(test.pvalue > _MAX_P_GUESSING)

    def to_raw(self) -> dict[str, Any]:
        """For the summary."""
        better = None if self.better is None else vars(self.better)
        return {
            "n_labelled": self.n,
            "n_right": self.n_right,
            "is_learned_tried": self.is_learned_tried,
            "is_guessing": self.is_guessing,
            "better": better,
        }

    def warning(self) -> str:
        """What is to be known before anybody is asked; empty where nothing is."""
        if self.better is None:
            return self._guessing_warning() if self.is_guessing else ""
        share, other = (100 * k / self.n for k in (self.n_right, self.better.n_right))
        return (
            f"labels and outputs of {self.classifier} seem to be numbered apart: "
            f"{self.n_right} of {self.n} images ({share:.1f} %) are right as the labels "
            f"stand, {self.better.n_right} ({other:.1f} %) if {self.better.means}. Put "
            "the numbers right in labels.csv, or say in classes.csv (index,name) which "
            "output every class is, before anybody is asked; unless these images were "
            "picked for being called something else"
        )

    def _guessing_warning(self) -> str:
        return (
            f"{self.classifier} is right on {self.n_right} of {self.n} images "
            f"({100 * self.n_right / self.n:.1f} %), no more than guessing among "
            f"{self.n_kinds} classes gives: labels and outputs may be numbered apart in "
            "an order that these images cannot show. Look whether the labels fit the "
            "images (secondlook stimuli show), and say in classes.csv (index,name) which "
            "output every class is, before anybody is asked; unless the classifier is "
            "that bad, or these images were picked for being called something else"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledAnswers:
    """What one classifier says of every labelled image.

    Attributes:
        labels: `(n,)` class numbers.
        predicted: `(n,)` most probable classes.
        kinds: `(n_classes,)` equal numbers for classes of one group.
    """

    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    kinds: NDArray[np.int64]

    def hits(self, outputs: Outputs) -> Hits:
        """`(n,)` whether each image is right if labels mean these outputs."""
        meant = outputs[self.labels]
        right: Hits = (meant >= 0) & (
            self.kinds[self.predicted] == self.kinds[np.maximum(meant, 0)]
        )
        return right

    @cached_property
    def given(self) -> Hits:
        """`(n,)` whether each image is right as the labels stand."""
        return self.hits(np.arange(len(self.kinds)))

    def mean_recall(self, hits: Hits) -> float:
        """Share of hits, every class counting alike."""
        n = np.bincount(self.labels)
        k = np.bincount(self.labels, weights=hits)
        return float((k[n > 0] / n[n > 0]).mean())

    def is_far_better(self, hits: Hits, former: Hits, *, min_gain: float) -> bool:
        """Whether one order fits far better than another; see the module."""
        gain = min(
            float(hits.mean() - former.mean()),
            self.mean_recall(hits) - self.mean_recall(former),
        )
        is_step = 2 * (~hits).sum() <= (~former).sum() or hits.sum() >= 3 * former.sum()
        return gain >= min_gain and bool(is_step) and is_more(hits, former)


def is_more(hits: Hits, former: Hits) -> bool:
    """Whether one order is right on more images than another, beyond chance.

    Args:
        hits: `(n,)` under the one.
        former: `(n,)` under the other.
    """
    n_won, n_lost = int((hits & ~former).sum()), int((former & ~hits).sum())
    if not n_won:
        return False
    test = binomtest(n_won, n_won + n_lost, alternative="greater")
    return bool(test.pvalue < _MAX_P)


def check_orders(classified: ClassifiedImages) -> list[OrderCheck]:
    """One check per classifier; none where no image has a label."""
    labelled = [seen for seen in classified.seen if seen.label is not None]
    if not labelled:
        return []
    labels = np.array([int(str(seen.label)) for seen in labelled])
    checks = []
    for position, name in enumerate(classified.classifiers):
        first = [int(seen.predictions[position].classes[0]) for seen in labelled]
        answers = LabelledAnswers(
            labels=labels, predicted=np.array(first), kinds=_kinds(classified.classes)
        )
        checks.append(check_order(answers, name, classes=classified.classes))
    return checks


def check_order(
    answers: LabelledAnswers, name: str, *, classes: ClassList
) -> OrderCheck:
    """What one classifier's answers say of the order of the labels.

    Args:
        answers: Of all labelled images.
        name: The classifier.
        classes: What it can name.
    """
    given = answers.given
    best, hits = _best_known(answers, [info.name for info in classes.infos])
    is_tried = len(np.unique(answers.labels)) * len(classes) <= _MOST_CELLS
    if is_tried:
        learned = _learned_hits(answers)
        is_better = answers.is_far_better(learned, given, min_gain=_MIN_GAIN_LEARNED)
        # A known order explains enough unless the learned one is right on more.
        if is_better and (best is None or is_more(learned, hits)):
            best, hits = _describe_learned(answers, classes), learned
    better = None
    if best is not None:
        better = BetterOrder(name=best.name, means=best.means, n_right=int(hits.sum()))
    return OrderCheck(
        classifier=name,
        n=len(given),
        n_right=int(given.sum()),
        n_kinds=len(np.unique(answers.kinds)),
        is_learned_tried=is_tried,
        better=better,
    )


def _best_known(
    answers: LabelledAnswers, names: Sequence[str]
) -> tuple[LabelOrder | None, Hits]:
    best, most = None, answers.given
    for order in known_orders(names):
        hits = answers.hits(order.outputs)
        is_better = answers.is_far_better(hits, answers.given, min_gain=_MIN_GAIN)
        if is_better and (best is None or hits.sum() > most.sum()):
            best, most = order, hits
    return best, most


def _kinds(classes: ClassList) -> NDArray[np.int64]:
    named: dict[str, int] = {}
    kinds = [
        len(classes) + named.setdefault(classes.groups[info.id], len(named))
        if info.id in classes.groups
        else place
        for place, info in enumerate(classes.infos)
    ]
    return np.array(kinds, dtype=np.int64)


def _learned_hits(answers: LabelledAnswers) -> Hits:
    """Every image judged by the order that the other half of its class suggests."""
    is_first = _every_other(answers.labels)
    hits = np.zeros(len(is_first), dtype=bool)
    for learned_on in (is_first, ~is_first):
        outputs = learn_order(answers, learned_on)
        hits[~learned_on] = answers.hits(outputs)[~learned_on]
    return hits


def _every_other(labels: NDArray[np.int64]) -> Hits:
    """`(n,)` true for the first, third, ... image of every class."""
    by_class = np.argsort(labels, kind="stable")
    ordered = labels[by_class]
    place = np.arange(len(labels)) - np.searchsorted(ordered, ordered)
    found = np.empty(len(labels), dtype=bool)
    found[by_class] = place % 2 == 0
    return found


def learn_order(answers: LabelledAnswers, of: Hits) -> Outputs:
    """The outputs that make most of these images right, no output meant twice.

    Args:
        answers: Any.
        of: `(n,)` which images to learn from.
    """
    there, rows = np.unique(answers.labels, return_inverse=True)
    n_kinds = int(answers.kinds.max()) + 1
    counts = np.zeros((len(there), n_kinds), dtype=np.int64)
    np.add.at(counts, (rows[of], answers.kinds[answers.predicted[of]]), 1)
    # Doubled, so that of equal orders the one with most numbers as given wins.
    worth = 2 * counts[:, answers.kinds]
    worth[np.arange(len(there)), there] += 1
    row, column = linear_sum_assignment(worth, maximize=True)
    outputs = np.full(len(answers.kinds), -1, dtype=np.int64)
    outputs[there[row]] = column
    return outputs


def _describe_learned(answers: LabelledAnswers, classes: ClassList) -> LabelOrder:
    outputs = learn_order(answers, np.ones(len(answers.labels), dtype=bool))
    moved = [c for c in np.unique(answers.labels) if outputs[c] not in (c, -1)]
    moves = [
        f"{classes.infos[c].name} ({c}) for {classes.infos[outputs[c]].name} "
        f"({outputs[c]})"
        for c in moved[:_N_MOVES]
    ]
    more = f" and {len(moved) - _N_MOVES} more" if len(moved) > _N_MOVES else ""
    return LabelOrder(
        name="learned",
        means=f"{len(moved)} classes stand for others: {', '.join(moves)}{more} "
        "(learned on one half of the images, judged on the other)",
        outputs=outputs,
    )
