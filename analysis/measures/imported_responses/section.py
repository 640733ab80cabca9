"""The part of the report on responses that were collected elsewhere."""

from __future__ import annotations

from typing import Final

from analysis.bundles.reading import Bundle
from analysis.elements.equivalence import with_equivalence
from analysis.elements.sections import Block, Chapter, Prose, Section
from analysis.elements.wording import count, interval
from analysis.measures.base import MeasuredOutcome, Told
from analysis.measures.imported_responses.numbers import (
    ALL,
    condition_contrasts,
    confusion,
    n_neither,
    response_shares,
    responses_to_votes,
)
from analysis.measures.imported_responses.origin import origin_blocks
from analysis.measures.imported_responses.tables import (
    MOST_DRAWN,
    answers_table,
    confusion_table,
    contrast_drawing,
    contrast_table,
    readings_table,
    share_table,
)

_TOLD: Final = 13
_SAID: Final = 4
_HOW: Final = (
    "Differences of shares between conditions. People and stimuli are both taken as "
    "drawn anew, and what two conditions share, people or images, cancels. Which "
    "comparisons were planned is not in such files: all are made, and Holm's correction "
    "is over all of them."
)


class ImportedResponsesMeasure:
    """Shares of responses of an imported study."""

    name = "imported-responses"
    tells: Final = frozenset({Told.EVERYTHING})

    def applies(self, bundle: Bundle) -> bool:
        """Whether the responses were collected elsewhere, and it is known by whom."""
        return bundle.head["environment"] == "imported" and bundle.has_raters

    def headline(self, bundle: Bundle) -> list[str]:
        """Shares over all conditions."""
        shares = [s for s in response_shares(bundle) if s.condition == ALL]
        rest = len(shares) - _TOLD
        more = [f"  … and {rest} more, in the report"] if rest > 0 else []
        return (
            ["share of responses, 95 % intervals for people and trials like these"]
            + [
                f"  {share.response:<20.20} {interval(share.share):<24} "
                f"n = {count(share.share.n)} responses"
                for share in shares[:_TOLD]
            ]
            + more
        )

    def sentences(self, bundle: Bundle) -> list[str]:
        """The responses by share, the most frequent first."""
        shares = [s for s in response_shares(bundle) if s.condition == ALL]
        told = sorted(shares, key=lambda s: s.share.value, reverse=True)[:_SAID]
        if not told:
            return []
        said = "; ".join(f"“{s.response}” {interval(s.share)}" for s in told)
        rest = len(shares) - len(told)
        more = f"; and {rest} other responses" if rest > 0 else ""
        return [f"People responded {said}{more} (95 % intervals)."]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """Shares over all conditions."""
        return [
            MeasuredOutcome(
                name=f"response “{found.response}”",
                value=found.share.value,
                low=found.share.low,
                high=found.share.high,
                n=found.share.n,
                unit="responses",
            )
            for found in response_shares(bundle)
            if found.condition == ALL
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """What was imported, the shares, confusions and conditions compared."""
        blocks: list[Block] = origin_blocks(bundle)
        shares = response_shares(bundle)
        if shares:
            blocks.append(share_table(shares))
        if len(bundle.votes) and n_neither(bundle):
            blocks += _neither_blocks(bundle)
        found = [
            Section(
                id="result",
                chapter=Chapter.RESULT,
                title="How people responded",
                blocks=blocks,
            )
        ]
        more = (contrast_section(bundle), _confusion(bundle))
        return found + [section for section in more if section is not None]


def _neither_blocks(bundle: Bundle) -> list[Block]:
    """Every answer with its share, and what k of n makes of those that are neither."""
    return [
        Prose(text=_neither_words(bundle)),
        answers_table(bundle),
        readings_table(bundle),
    ]


def _neither_words(bundle: Bundle) -> str:
    responses = responses_to_votes(bundle)
    neither = responses[responses["accepts"].isna()]
    return (
        f"{count(len(neither))} of {count(len(responses))} counted responses, on "
        f"{count(neither['trial'].nunique())} trials, are neither yes nor no. Each takes "
        f"one of the {bundle.n} places of its trial, so {bundle.k} of {bundle.n} has "
        f"fewer votes to find {bundle.k} yes among: such trials count as unresolved "
        "above and are taken to be like the others. The tables name every answer, and "
        "what would be accepted if such answers were no yes, or yes."
    )


def contrast_section(bundle: Bundle) -> Section | None:
    """The comparisons as a table and a figure."""
    found = condition_contrasts(bundle)
    if not found:
        return None
    table = with_equivalence(
        contrast_table(found),
        [each.difference.estimate for each in found],
        margin=bundle.equivalence_margin,
    )
    blocks: list[Block] = [Prose(text=_HOW, kind="how"), table]
    if len(found) <= MOST_DRAWN:
        blocks.append(contrast_drawing(found))
    return Section(
        id="contrasts",
        chapter=Chapter.CONTRASTS,
        title="Conditions compared",
        blocks=blocks,
    )


def _confusion(bundle: Bundle) -> Section | None:
    """By right category: how often it was chosen, and what was chosen instead."""
    found = confusion(bundle)
    if found.empty:
        return None
    title = "What people chose, by what is right"
    blocks: list[Block] = [confusion_table(found)]
    return Section(
        id="confusion", chapter=Chapter.CONTRASTS, title=title, blocks=blocks
    )
