"""The rectified error's part of the report."""

from __future__ import annotations

from math import isnan
from typing import Final

from analysis.bundles.reading import Bundle
from analysis.elements.gallery import gallery
from analysis.elements.sections import Block, Chapter, Prose, Section
from analysis.elements.wording import (
    count,
    interval,
    percent,
    shown_name,
    spoken_of,
    standard_name,
)
from analysis.measures.base import MeasuredOutcome, Told
from analysis.measures.rectified_error import figures as drawings
from analysis.measures.rectified_error import tables
from analysis.measures.rectified_error.numbers import (
    ErrorResult,
    comparisons,
    error_results,
    measured_shows,
    other_sides,
    right_shows,
)
from analysis.statistics.agreement import krippendorff_alpha

ONE_SIDED = (
    "Only images that the classifier got wrong enter the rectified error, so it is "
    "one-sided: right predictions that people would reject are not in it{elsewhere}. "
    "People who say yes readily make it lower still; see the controls."
)
OTHER_SIDE_BELOW = ", but under “The other side” below"
TWO_TOP5 = (
    " One collection gives both top-5 numbers: every top-1 error was shown with five "
    "classes, and the top-5 errors are a part of them. The number over top-1 errors "
    "also counts images whose label is among the five but is not accepted, so it can "
    "exceed the top-5 error by the labels."
)


class RectifiedErrorMeasure:
    """Standard and rectified error at k of n, for one or several classifiers."""

    name = "rectified-error"
    tells: Final = frozenset({Told.VOTES})

    def applies(self, bundle: Bundle) -> bool:
        """Whether errors of a labelled data set were re-examined."""
        return bool(measured_shows(bundle))

    def headline(self, bundle: Bundle) -> list[str]:
        """Both errors with intervals, and the histogram of yes votes."""
        results = error_results(bundle)
        lines = [
            f"a prediction is right when at least {bundle.k} of {bundle.n} people "
            "accept it",
            f"95 % intervals for {spoken_of(r.rectified for r in results)}",
            "",
            *_error_lines(results),
            "",
            "images by number of people who said yes",
            *_histogram_lines(results, n=bundle.n),
        ]
        # The second top-5 measure is a part of the first: not counted again.
        n_open = sum(r.n_unresolved for r in results if r.shows == results[0].shows)
        if n_open:
            lines += ["", f"unresolved errors (fewer than {bundle.n} votes): {n_open}"]
        return lines

    def sentences(self, bundle: Bundle) -> list[str]:
        """What people accept, and the error that is left, per classifier."""
        results = [r for r in error_results(bundle) if r.rectified.n]
        said = [_sentence(r) for r in results]
        return said and [*said, _rule(bundle, results)]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """The rectified error of each classifier and measure."""
        return [
            MeasuredOutcome(
                name=f"rectified error, {who(result)}",
                value=result.rectified.value,
                low=result.rectified.low,
                high=result.rectified.high,
                n=len(result.judged.resolved),
                unit="resolved errors",
            )
            for result in error_results(bundle)
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """From the headline to the gallery."""
        results = error_results(bundle)
        found = [_result(bundle, results), _votes(bundle, results)]
        found.append(_by_k(bundle, results))
        if len(bundle.classifiers) > 1:
            found.append(_compared(bundle))
        if sides := other_sides(bundle):
            found.append(
                Section(
                    id="right-side",
                    chapter=Chapter.OTHER_SIDE,
                    title="The other side: right predictions",
                    blocks=[
                        Prose(text=tables.OTHER_SIDE),
                        tables.other_side_table(sides),
                    ],
                )
            )
        found.append(_unresolved(bundle, results))
        found.append(
            Section(
                id="gallery",
                chapter=Chapter.GALLERY,
                title="“Errors” that people accept",
                blocks=[gallery(bundle, shows=measured_shows(bundle)[:1])],
            )
        )
        return found


def who(result: ErrorResult) -> str:
    """The classifier, and which errors where that is not plain top-1."""
    if result.judged.n_classes == 1:
        return result.classifier
    return f"{result.classifier} ({shown_name(result.shows)})"


def _sentence(result: ErrorResult) -> str:
    error = standard_name(result.shows).removesuffix(" error")
    return (
        f"Of the {percent(result.standard.value)} errors ({error}) of "
        f"{result.classifier} people accept {percent(result.accepted.value)}: rectified "
        f"error {interval(result.rectified)}."
    )


def _rule(bundle: Bundle, results: list[ErrorResult]) -> str:
    return (
        f"A prediction is accepted when at least {bundle.k} of {bundle.n} people say "
        "yes; brackets hold 95 % intervals for "
        f"{spoken_of(result.rectified for result in results)}."
    )


def _error_lines(results: list[ErrorResult]) -> list[str]:
    header = f"{'classifier':<22} {'error':<6} {'standard':<21} {'rectified':<21}"
    lines = [header.rstrip()]
    for result in results:
        error = standard_name(result.shows).removesuffix(" error")
        lines.append(
            f"{result.classifier:<22.22} {error:<6} {interval(result.standard):<21} "
            f"{interval(result.rectified):<21}".rstrip()
        )
        if result.judged.n_classes > 1:
            lines.append(f"{'':<22} (of top{result.judged.top_k}-errors)")
    return lines


def _histogram_lines(results: list[ErrorResult], *, n: int) -> list[str]:
    lines = [f"{'':<22} " + "".join(f"{votes:>9}" for votes in range(n + 1))]
    for result in results:
        total = int(result.histogram.sum())
        shares = [percent(each / total) if total else "–" for each in result.histogram]
        name = f"{result.classifier:<22.22}"
        lines.append(f"{name} " + "".join(f"{share:>9}" for share in shares))
        counts = "".join(f"{count(each):>9}" for each in result.histogram)
        lines.append(f"{f'  of {count(total)} resolved':<22} {counts}")
    return lines


def _result(bundle: Bundle, results: list[ErrorResult]) -> Section:
    parts: list[Block] = []
    if all(result.rectified.n == 0 for result in results):
        parts.append(
            Prose(
                kind="warning",
                text=f"No image has {bundle.n} valid votes yet, so there is no "
                "rectified error to report.",
            )
        )
    parts += [
        tables.headline_table(bundle, results),
        Prose(text=_caveat(bundle, results)),
    ]
    if any(result.rectified.n for result in results):
        parts.insert(1, drawings.headline_drawing(results))
        parts.append(tables.interval_table(results))
        if any(map(tables.has_no_person_effect, results)):
            parts.append(Prose(kind="note", text=tables.NO_PERSON_EFFECT))
        parts += [
            Prose(kind="note", text=said)
            for said in map(tables.hardly_a_person_effect, results)
            if said
        ]
    return Section(
        id="result",
        chapter=Chapter.RESULT,
        title="Standard and rectified error",
        blocks=parts,
    )


def _caveat(bundle: Bundle, results: list[ErrorResult]) -> str:
    is_there = bundle.uses["shows"].isin(right_shows(bundle)).any()
    one_sided = ONE_SIDED.format(elsewhere=OTHER_SIDE_BELOW if is_there else "")
    both = len({result.judged.top_k for result in results}) > 1
    return one_sided + (TWO_TOP5 if both else "")


def _votes(bundle: Bundle, results: list[ErrorResult]) -> Section:
    resolved = [result for result in results if len(result.judged.resolved)]
    parts: list[Block] = []
    if resolved:
        parts.append(drawings.votes_drawing(resolved))
    parts.append(tables.votes_table(results))
    parts.append(Prose(text=_agreement(bundle)))
    return Section(
        id="votes", chapter=Chapter.VOTES, title="How many people say yes", blocks=parts
    )


def _agreement(bundle: Bundle) -> str:
    alpha = krippendorff_alpha(bundle.votes, unit="trial", value="accepts")
    shown = "not defined (no data)" if isnan(alpha) else f"{alpha:.2f}"
    return (
        "Agreement of people with each other on main trials, Krippendorff's alpha "
        f"(nominal): {shown}, over {count(len(bundle.votes))} votes. Nobody is left "
        "out for disagreeing with others."
    )


def _bar_of(bundle: Bundle) -> str:
    return "the study was frozen with" if bundle.is_frozen else "the headline has"


def _by_k(bundle: Bundle, results: list[ErrorResult]) -> Section:
    parts: list[Block] = [
        Prose(
            text="The bar of k yes votes is a choice. This is the rectified error for "
            f"every bar; {_bar_of(bundle)} k = {bundle.k}."
        )
    ]
    if any(result.rectified.n for result in results):
        parts.append(drawings.by_k_drawing(results))
    parts.append(tables.by_k_table(results))
    return Section(
        id="by-k",
        chapter=Chapter.CHOICES,
        title="Error as a function of k",
        blocks=parts,
        is_exploratory=True,
    )


def _compared(bundle: Bundle) -> Section:
    pairs = comparisons(bundle)
    if not pairs:
        text = (
            "The classifiers saw different numbers of images, so they cannot be paired."
        )
        return Section(
            id="comparison",
            chapter=Chapter.COMPARISON,
            title="Classifiers compared",
            blocks=[Prose(text=text)],
        )
    parts: list[Block] = [Prose(text=tables.PAIRED), tables.comparison_table(pairs)]
    if any(pair.rectified.n for pair in pairs):
        parts.append(drawings.comparison_drawing(pairs))
    return Section(
        id="comparison",
        chapter=Chapter.COMPARISON,
        title="Classifiers compared",
        blocks=parts,
    )


def _unresolved(bundle: Bundle, results: list[ErrorResult]) -> Section:
    n_open = sum(result.n_unresolved for result in results)
    text = (
        f"Every error has {bundle.n} valid votes."
        if n_open == 0
        else f"Errors with fewer than {bundle.n} valid votes are unresolved. The "
        "headline takes them to be like the resolved ones; the bounds take all of them "
        "as accepted (lower) or as rejected (upper)."
    )
    parts: list[Block] = [Prose(text=text)]
    if n_open:
        parts.append(tables.unresolved_table(results))
        parts.append(tables.unresolved_list(bundle))
    return Section(
        id="unresolved",
        chapter=Chapter.UNRESOLVED,
        title="Unresolved trials",
        blocks=parts,
    )
