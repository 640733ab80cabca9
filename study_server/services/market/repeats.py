"""Postings that would show somebody again what another one has shown them.

A self-contained page cannot ask who opens it, so only the market can keep a worker
from taking two postings with an image in common, and it does so by what `sync` has
told it of the people who handed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from study_server.services.market.recruitment import MarketRecruitment
from study_server.store import Transaction
from study_server.store.market import postings
from study_server.store.market.postings import BlockContents

_OPEN: Final = ("intended", "posted")
_EVER: Final = (*_OPEN, "closed")


class Shelf:
    """Postings side by side, and which of them have something in common."""

    def __init__(
        self, contents: Mapping[int, BlockContents], *, allow_same_source: bool
    ) -> None:
        self._contents = contents
        self._allow_same_source = allow_same_source
        self._shown: Counter[object] = Counter()
        self._conditions: Counter[str] = Counter()

    def add(self, block_id: int) -> None:
        """Put a posting of a block on the shelf."""
        self._shown.update(self._shown_in(block_id))
        self._conditions[self._contents[block_id].condition] += 1

    def has_like(self, block_id: int, *, n_own: int = 0) -> bool:
        """Whether a posting on the shelf cannot count for who did this block.

        Args:
            block_id: The block.
            n_own: How many postings on the shelf are the very one asked about.
        """
        own = self._contents[block_id].condition
        return any(
            self._shown[name] > n_own for name in self._shown_in(block_id)
        ) or any(n for name, n in self._conditions.items() if name != own)

    def _shown_in(self, block_id: int) -> Collection[object]:
        found = self._contents[block_id]
        return found.trials if self._allow_same_source else found.trials | found.sources


def shelf_of_all(
    recruitment: MarketRecruitment, tx: Transaction, *, planned: Iterable[int]
) -> Shelf:
    """Everything that was ever posted; the blocks of `planned` can be asked about."""
    return _shelf(recruitment, tx, states=_EVER, planned=planned)


def n_repeatable(
    recruitment: MarketRecruitment, tx: Transaction, planned: Iterable[tuple[int, int]]
) -> int:
    """Planned places (block, number) that somebody may take who cannot count there.

    Those are paid like all other work. Where people come to our own pages there are
    none: admission gives everybody a block that is new to them.
    """
    if recruitment.section.delivery != "html":
        return 0
    places = list(planned)
    block_ids = [block_id for block_id, _ in places]
    if not recruitment.read_file(tx).design.is_open_again:
        n_open = len(postings.hits_of(tx, recruitment.id, states=_OPEN))
        n_places = sum(n for _, n in places)
        return n_places if n_open + len(places) > 1 else 0
    shelf = _shelf(recruitment, tx, states=_OPEN, planned=block_ids)
    for block_id in block_ids:
        shelf.add(block_id)
    return sum(n for block_id, n in places if shelf.has_like(block_id, n_own=1))


def _shelf(
    recruitment: MarketRecruitment,
    tx: Transaction,
    *,
    states: tuple[str, ...],
    planned: Iterable[int],
) -> Shelf:
    hits = postings.hits_of(tx, recruitment.id, states=states)
    there = [hit.block_id for hit in hits if hit.block_id is not None]
    shelf = Shelf(
        postings.contents_of(tx, {*there, *planned}),
        allow_same_source=recruitment.read_file(tx).design.allow_same_source,
    )
    for block_id in there:
        shelf.add(block_id)
    return shelf
