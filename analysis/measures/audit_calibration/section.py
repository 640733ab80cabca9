"""The part of the report on another k, as the researcher's audit would have it."""

from __future__ import annotations

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements import figures
from analysis.elements.sections import (
    Block,
    Chapter,
    DataTable,
    Drawing,
    Prose,
    Section,
)
from analysis.elements.wording import (
    NOTHING,
    count,
    estimate_numbers,
    interval,
    percent,
    points,
)
from analysis.measures.audit_calibration.numbers import (
    CalibratedLevel,
    Calibration,
    calibration,
)

_INTRO = (
    "Could another k have stood closer to the researcher? Every audited trial is "
    "weighted back to all resolved errors with as many yes votes. Agreement is the "
    "share of errors that k of {n} and the researcher judge alike; too lenient are "
    "those that people accept and the researcher does not, too strict those that the "
    "researcher accepts and people do not. k was fixed before the audit: this does not "
    "change the result, and one person's judgment is not the truth."
)


class AuditCalibrationMeasure:
    """Which k stands closest to the researcher."""

    name = "audit-calibration"

    def applies(self, bundle: Bundle) -> bool:
        """Whether the researcher audited anything."""
        return len(bundle.audit) > 0

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: it is read in the report."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """Agreement with the researcher for each k."""
        found = calibration(bundle)
        blocks: list[Block] = [
            Prose(text=_INTRO.format(n=bundle.n)),
            Prose(
                text=_verdict(found, bundle.k), kind="text" if found.best else "warning"
            ),
        ]
        if found.best:
            blocks += [_table(found, bundle), _drawing(found)]
        title = "Which k stands closest to the researcher"
        return [
            Section(
                id="calibration",
                chapter=Chapter.AUDIT,
                title=title,
                blocks=blocks,
                is_exploratory=True,
                is_folded=True,
            )
        ]


def _verdict(found: Calibration, own: int) -> str:
    if not found.best:
        lacking = ", ".join(map(str, found.missing))
        because = (
            f"the audit has no trial with {lacking} yes votes; draw more with "
            "`secondlook study audit`"
            if lacking
            else "no error was both resolved and audited"
        )
        return f"No k can be compared: {because}."
    named = " and ".join(f"k\u00a0=\u00a0{k}" for k in found.best)
    text = (
        f"The researcher accepts {interval(found.accepted)} of the resolved errors (n = "
        f"{count(found.n_audited)} audited). {named} agrees with that most often"
    )
    if own in found.best:
        return f"{text}, which is the study's own."
    gain = found.levels[found.best[0] - 1].gain
    clear = "more than noise" if gain.low > 0 else "within noise"
    return f"{text}: {points(gain)} more than k\u00a0=\u00a0{own}, {clear}."


def _table(found: Calibration, bundle: Bundle) -> DataTable:
    shown = pd.DataFrame(
        [
            {
                "k": f"{level.k}{', the study’s' if level.k == bundle.k else ''}"
                f"{', closest' if level.k in found.best else ''}",
                "accepted by people": percent(level.accepted),
                "agreement": interval(level.agreement),
                "too lenient": interval(level.too_lenient),
                "too strict": interval(level.too_strict),
                "against the study’s k": (
                    NOTHING if level.k == bundle.k else points(level.gain)
                ),
            }
            for level in found.levels
        ]
    )
    return DataTable(
        name="audit_calibration",
        caption="Agreement of k of n with the researcher, share of resolved errors (95 "
        f"% intervals for errors that were not audited); n = {count(found.n_audited)} audited "
        "errors, of which the researcher accepts "
        f"{percent(found.accepted.value)} (weighted).",
        shown=shown,
        numbers=pd.DataFrame([_numbers(level, found) for level in found.levels]),
    )


def _numbers(level: CalibratedLevel, found: Calibration) -> dict[str, object]:
    return {
        "k": level.k,
        "accepted": level.accepted,
        "researcher_accepts": found.accepted.value,
        **estimate_numbers(level.agreement, "agreement"),
        **estimate_numbers(level.too_lenient, "too_lenient"),
        **estimate_numbers(level.too_strict, "too_strict"),
        **estimate_numbers(level.gain, "gain"),
        "is_best": level.k in found.best,
        "n_audited": found.n_audited,
    }


def _drawing(found: Calibration) -> Drawing:
    said = "; ".join(
        f"k = {level.k}: {interval(level.agreement)}" for level in found.levels
    )
    return Drawing(
        name="audit_calibration",
        caption="Share of resolved errors that k of n and the researcher judge alike, "
        f"by k (95 % intervals); n = {count(found.n_audited)} audited errors.",
        alt=f"Agreement with the researcher. {said}.",
        figure=figures.by_k(
            {"agreement": {level.k: level.agreement for level in found.levels}},
            quantity="judged alike",
        ),
    )
