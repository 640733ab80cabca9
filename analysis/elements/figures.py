"""One function per figure: numbers in, a matplotlib Figure out.

Colours are Okabe & Ito's (2008), told apart also by colour-blind readers, and
every series has its own marker or its own panel besides. Text stays text in SVG
and PDF files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from textwrap import fill
from typing import Any, Final, ParamSpec

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.elements.sections import Drawing
from analysis.elements.wording import count, percent
from analysis.statistics.experiments.psychometric import PsychometricCurve
from analysis.statistics.intervals import Estimate

INK: Final = "#1f2328"
QUIET: Final = "#6e7781"
LINE: Final = "#d0d7de"
COLOURS: Final = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
)
MARKERS: Final = ("o", "s", "^", "D", "v", "P")
WIDTH_IN: Final = 5.0

# Any: matplotlib types every key as a literal.
STYLE: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "secondlook",
    "pdf.fonttype": 42,
}

P = ParamSpec("P")

_LABEL_LETTERS: Final = 26
_BINS: Final = 20
# More categories than this leave no room for numbers in their cells.
_IN_CELLS: Final = 12
# How far series stand beside each other, as a share of the levels' span.
_ASIDE: Final = 0.012
# Of a flow diagram: where its two columns lie, and how far apart its steps.
_MAIN: Final = (0.02, 0.44)
_SIDE: Final = (0.54, 0.98)
_STEP: Final = 1.0
_LINE_STYLES: Final[tuple[Any, ...]] = (
    "-",
    (0, (5, 2)),
    (0, (1, 1.5)),
    (0, (5, 2, 1, 2)),
)


def percents() -> FuncFormatter:
    """Ticks of shares as percentages, with the decimals they need and no more.

    >>> percents()(0.125), percents()(0.3)
    ('12.5 %', '30 %')
    """
    return FuncFormatter(
        lambda share, _place: f"{round(100 * share, 3):zg} %".replace("-", "−")
    )


def _styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in this module's style, whatever the caller's is."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawn


@_styled
def votes_histogram(counts: Mapping[str, pd.Series], *, what: str) -> Figure:
    """Share of images by number of yes votes, one panel per classifier.

    Args:
        counts: Classifier to a series with index 0..n and number of images.
        what: What is counted, for the axis ("misclassified images").

    Source:
        Stock & Cisse (2018), figure 2.
    """
    height = 2.1 * len(counts) + 0.5
    figure = Figure(figsize=(WIDTH_IN, height))
    panels = figure.subplots(len(counts), 1, squeeze=False, sharex=True)[:, 0]
    tallest = max((_as_shares(series).max() for series in counts.values()), default=0)
    for panel, (name, series) in zip(panels, counts.items(), strict=True):
        shares = _as_shares(series)
        panel.bar(shares.index, shares, width=0.72, color=COLOURS[0])
        for votes, (share, n) in enumerate(zip(shares, series, strict=True)):
            _above(panel, votes, share, f"{100 * share:.1f} %\n({count(n)})")
        panel.set_title(f"{name}, n = {count(series.sum())} {what}", loc="left")
        panel.set_ylim(0, max(tallest * 1.32, 0.01))
        panel.yaxis.set_major_formatter(percents())
        panel.yaxis.set_major_locator(MaxNLocator(5))
        panel.set_ylabel(f"share of {what}")
        panel.grid(visible=False, axis="x")
    panels[-1].set_xlabel("people who said yes")
    panels[-1].set_xticks(range(len(next(iter(counts.values())))))
    return figure


def votes_drawing(counts: Mapping[str, pd.Series], *, caption: str) -> Drawing:
    """The histogram of images by number of yes votes, told share by share.

    Args:
        counts: What each panel is called to a series with index 0..n and number of
            images.
        caption: What the figure shows.
    """
    told = (
        f"{name}: "
        + ", ".join(
            f"{votes} yes {percent(each / series.sum())}"
            for votes, each in series.items()
        )
        for name, series in counts.items()
    )
    return Drawing(
        name="votes",
        caption=caption,
        alt=f"Histogram. {'; '.join(told)}.",
        figure=votes_histogram(counts, what="images"),
    )


@_styled
def by_k(
    estimates: Mapping[str, Mapping[int, Estimate]],
    *,
    quantity: str,
    reference: Mapping[str, float] | None = None,
) -> Figure:
    """A share as a function of k, with intervals; one series per classifier.

    Args:
        estimates: Series name to k to estimate.
        quantity: Label of the axis, without unit.
        reference: Series name to a level drawn dashed (the standard error).
    """
    figure = Figure(figsize=(WIDTH_IN, 2.8))
    axes = figure.subplots()
    offsets = _dodge(len(estimates), step=0.12)
    for index, (name, series) in enumerate(estimates.items()):
        shown = {k: each for k, each in series.items() if not np.isnan(each.value)}
        _with_intervals(
            axes,
            [k + offsets[index] for k in shown],
            list(shown.values()),
            index=index,
            label=name if len(estimates) > 1 else None,
            line="-",
        )
        level = (reference or {}).get(name)
        if level is not None and not np.isnan(level):
            _reference_line(axes, level, index=index, is_labelled=index == 0)
    _percent_axis(axes, quantity)
    ks = sorted({k for series in estimates.values() for k in series})
    axes.set_xticks(ks)
    axes.set_xlim(min(ks, default=1) - 0.4, max(ks, default=1) + 0.4)
    axes.set_xlabel("k, yes votes asked for")
    if len(estimates) > 1 or reference:
        axes.legend(loc="best")
    return figure


@_styled
def reliability_curves(
    curves: Mapping[str, Sequence[tuple[float, Estimate]]],
) -> Figure:
    """Share of people who accept, by confidence; dashed where the two are the same.

    Args:
        curves: Series name to confidence and share with its interval.
    """
    figure = Figure(figsize=(WIDTH_IN, 3.3))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=QUIET, linestyle=(0, (4, 3)), linewidth=1)
    for index, (name, series) in enumerate(curves.items()):
        there = [(at, each) for at, each in series if not np.isnan(each.value)]
        sure = [
            each
            if not np.isnan(each.low)
            else Estimate(value=each.value, low=each.value, high=each.value, n=each.n)
            for _, each in there
        ]
        _with_intervals(
            axes, [at for at, _ in there], sure, index=index, label=name, line="-"
        )
    _percent_axis(axes, "people who accept")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_formatter(percents())
    axes.set_xlabel("confidence of the classifier")
    if curves:
        axes.legend(loc="best")
    return figure


def standard_and_rectified(
    names: Sequence[str],
    standard: Sequence[Estimate],
    rectified: Sequence[Estimate],
) -> Figure:
    """Standard and rectified error of each classifier, side by side."""
    return side_by_side(
        names,
        {"standard": standard, "rectified": rectified},
        quantity="error, share of all images",
    )


@_styled
def side_by_side(
    names: Sequence[str], series: Mapping[str, Sequence[Estimate]], *, quantity: str
) -> Figure:
    """Two shares per row with their intervals, each series with its own marker.

    Args:
        names: What the rows are called, from the top.
        series: Series name to one estimate per row.
        quantity: Label of the axis, without unit.
    """
    figure = Figure(figsize=(WIDTH_IN, 0.62 * len(names) + 1.15))
    axes = figure.subplots()
    rows = _rows_from_top(len(names))
    shifts = _dodge(len(series), step=-0.28)
    for index, (label, estimates) in enumerate(series.items()):
        _across(axes, rows + shifts[index], estimates, index=index, label=label)
    _name_rows(axes, _broken(names))
    axes.set_xlabel(f"{quantity} (95 % intervals)")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(percents())
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return figure


@_styled
def error_differences(names: Sequence[str], estimates: Sequence[Estimate]) -> Figure:
    """Paired differences of rectified error, in percentage points."""
    figure = Figure(figsize=(WIDTH_IN, 0.5 * len(names) + 0.9))
    axes = figure.subplots()
    rows = _rows_from_top(len(names))
    axes.axvline(0, color=QUIET, linewidth=0.9)
    scaled = [_times_100(estimate) for estimate in estimates]
    _across(axes, rows, scaled, index=0, label=None)
    _name_rows(axes, _broken(names))
    axes.set_xlabel("difference of rectified errors, percentage points (95 %)")
    return figure


@_styled
def says_yes(names: Sequence[str], estimates: Sequence[Estimate]) -> Figure:
    """Share of yes per kind of control, with intervals and n."""
    figure = Figure(figsize=(WIDTH_IN, 0.5 * len(names) + 0.9))
    axes = figure.subplots()
    rows = _rows_from_top(len(names))
    _across(axes, rows, estimates, index=0, label=None)
    labels = [
        f"{name.replace(' (', chr(10) + '(')}\nn = {count(each.n)} responses"
        for name, each in zip(names, estimates, strict=True)
    ]
    figure.set_size_inches(WIDTH_IN, 0.68 * len(names) + 0.9)
    _name_rows(axes, labels)
    axes.set_xlim(-0.03, 1.03)
    axes.set_xlabel("said yes (95 % intervals)")
    axes.xaxis.set_major_formatter(percents())
    return figure


@_styled
def coefficients(
    names: Sequence[str],
    estimates: Sequence[Estimate],
    *,
    possible: Sequence[tuple[float, float]],
    quantity: str,
) -> Figure:
    """Coefficients with intervals, each on the range that it could have at all.

    Args:
        names: A label per row, from the top.
        estimates: The coefficients; ends may be NaN.
        possible: Least and most that each can be; NaN where it is not known.
        quantity: What the axis says.
    """
    figure = Figure(figsize=(WIDTH_IN, 0.5 * len(names) + 0.9))
    axes = figure.subplots()
    rows = _rows_from_top(len(names))
    axes.axvline(0, color=QUIET, linewidth=0.9)
    lows, highs = (np.array([each[end] for each in possible]) for end in (0, 1))
    axes.barh(
        rows,
        highs - lows,
        left=lows,
        height=0.5,
        color=LINE,
        label="possible",
        zorder=1,
    )
    _points(axes, rows, estimates, index=0, label="")
    _name_rows(axes, _wrapped(names))
    axes.set_xlim(-1.05, 1.05)
    axes.set_xlabel(quantity)
    return figure


def shares(
    names: Sequence[str],
    estimates: Sequence[Estimate],
    *,
    quantity: str,
    chance: float | None = None,
) -> Figure:
    """One share per row with its interval; a dashed line where chance lies."""
    return grouped_shares(names, {"": estimates}, quantity=quantity, chance=chance)


@_styled
def grouped_shares(
    names: Sequence[str],
    series: Mapping[str, Sequence[Estimate]],
    *,
    quantity: str,
    chance: float | None = None,
) -> Figure:
    """Several shares per row, each series with its own marker.

    Args:
        names: What the rows are called, from the top.
        series: Series name to one estimate per row; "" leaves out the legend.
        quantity: Label of the axis, without unit.
        chance: Where guessing would lie.
    """
    tall = 0.42 + 0.16 * len(series)
    figure = Figure(figsize=(WIDTH_IN, tall * len(names) + 1.1))
    axes = figure.subplots()
    rows = _rows_from_top(len(names))
    if chance is not None:
        axes.axvline(chance, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        # On the axis itself, where no point can lie.
        _note(axes, chance, f"chance {100 * chance:.1f} %")
    step = 0.5 / max(len(series), 1)
    for index, (name, estimates) in enumerate(series.items()):
        shift = step * ((len(series) - 1) / 2 - index)
        _points(axes, rows + shift, estimates, index=index, label=name)
    _name_rows(axes, _wrapped(names))
    axes.set_xlabel(f"{quantity} (95 % intervals)")
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(percents())
    if len(series) > 1:
        # Above what is said of chance.
        above = 1.0 if chance is None else 1.0 + 0.25 / figure.get_figheight()
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, above), ncols=3)
    return figure


@_styled
def level_curves(
    series: Mapping[str, tuple[PsychometricCurve, Sequence[tuple[float, Estimate]]]],
    *,
    quantity: str,
    chance: float,
) -> Figure:
    """Shares by level with the curves fitted to them; thresholds along the bottom.

    Args:
        series: Who to their curve, and level to share, in order of levels.
        quantity: Label of the levels' axis.
        chance: Where guessing would lie.
    """
    figure = Figure(figsize=(WIDTH_IN, 3.5 + 0.14 * len(series)))
    axes = figure.subplots()
    is_log = any(curve.scale == "log" for curve, _ in series.values())
    axes.axhline(chance, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    for index, (name, (curve, found)) in enumerate(series.items()):
        there = [(at, each) for at, each in found if at > 0 or not is_log]
        # Side by side, so that one interval does not hide another.
        aside = _ASIDE * (index - (len(series) - 1) / 2)
        levels = _aside([at for at, _ in there], aside, is_log=is_log)
        rows = [each for _, each in there]
        _with_intervals(axes, levels, rows, index=index, label=name, line="none")
        if curve.is_fitted:
            _curve(axes, curve, index=index, at=-0.035 - 0.045 * index)
    axes.set_ylim(-0.06 - 0.045 * len(series), 1.02)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.yaxis.set_major_formatter(percents())
    axes.set_ylabel("right responses (95 % intervals)")
    axes.grid(visible=False, axis="x")
    _level_axis(axes, series, is_log=is_log)
    axes.set_xlabel(quantity)
    handles, labels = axes.get_legend_handles_labels()
    handles.append(
        axes.plot([], [], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))[0]
    )
    figure.legend(
        handles,
        [*labels, f"chance {100 * chance:.1f} %"],
        loc="outside upper center",
        ncols=min(len(handles), 4),
    )
    return figure


def _aside(levels: Sequence[float], by: float, *, is_log: bool) -> list[float]:
    """Levels moved by a share of their span."""
    places = np.log10(levels) if is_log else np.asarray(levels, dtype=float)
    moved = places + by * float(np.ptp(places)) if len(places) else places
    return [float(each) for each in (10**moved if is_log else moved)]


def _curve(axes: Axes, curve: PsychometricCurve, *, index: int, at: float) -> None:
    """The curve between the levels shown, and its threshold with its interval."""
    colour = COLOURS[index % len(COLOURS)]
    style = _LINE_STYLES[index % len(_LINE_STYLES)]
    spaced = np.geomspace if curve.scale == "log" else np.linspace
    levels = spaced(curve.lowest, curve.highest, 200)
    axes.plot(levels, curve.share_at(levels), color=colour, linewidth=1.4, ls=style)
    found = curve.threshold
    axes.plot([found.value], [at], color=colour, marker="|", markersize=8)
    if not np.isnan(found.low):
        axes.plot([found.low, found.high], [at, at], color=colour, linewidth=1.6)


def _level_axis(
    axes: Axes,
    series: Mapping[str, tuple[PsychometricCurve, Sequence[tuple[float, Estimate]]]],
    *,
    is_log: bool,
) -> None:
    """Ticks at the levels themselves, as far as they do not meet."""
    every = sorted({at for _, found in series.values() for at, _ in found})
    levels = [at for at in every if at > 0 or not is_log]
    if is_log:
        axes.set_xscale("log")
    places = np.log10(levels) if is_log else np.asarray(levels)
    gap, kept = 0.07 * float(np.ptp(places)), list[int]()
    for index in range(len(levels)):
        if not kept or places[index] - places[kept[-1]] >= gap:
            kept.append(index)
    axes.set_xticks(
        [levels[index] for index in kept], [f"{levels[index]:g}" for index in kept]
    )
    axes.set_xticks([], minor=True)


@_styled
def confusions(
    shares: np.ndarray, *, rows: Sequence[str], said: Sequence[str]
) -> Figure:
    """What was said (columns) where something was right (rows), darker for more.

    Args:
        shares: Of each row's responses, shape (rows, said); NaN where there are none.
        rows: What was right.
        said: What was said.
    """
    n = max(len(rows), len(said))
    size = 9 if n <= 10 else 7.5 if n <= 20 else 5.5
    height = min(WIDTH_IN, 0.34 * len(rows) + 1.4)
    figure = Figure(figsize=(WIDTH_IN, height))
    axes = figure.subplots()
    shading = LinearSegmentedColormap.from_list("shares", ["#ffffff", COLOURS[0]])
    image = axes.imshow(shares, cmap=shading, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(said)), said, rotation=90 if n > 6 else 0, fontsize=size)
    axes.set_yticks(range(len(rows)), rows, fontsize=size)
    axes.set_xlabel("said")
    axes.set_ylabel("right")
    axes.grid(visible=False)
    if n <= _IN_CELLS:
        _cell_shares(axes, shares)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_formatter(percents())
    return figure


def _cell_shares(axes: Axes, shares: np.ndarray) -> None:
    """Percentages in the cells, where there is room for them."""
    for (row, column), share in np.ndenumerate(shares):
        if np.isnan(share):
            continue
        colour = "#ffffff" if share > 0.55 else INK
        text = f"{100 * share:.0f}"
        axes.text(
            column, row, text, ha="center", va="center", color=colour, fontsize=7.5
        )


@_styled
def point_differences(
    names: Sequence[str], estimates: Sequence[Estimate], *, quantity: str
) -> Figure:
    """Differences of shares in percentage points, a line at zero."""
    figure = Figure(figsize=(WIDTH_IN, 0.58 * len(names) + 0.9))
    axes = figure.subplots()
    rows = _rows_from_top(len(names))
    axes.axvline(0, color=QUIET, linewidth=0.9)
    _points(axes, rows, estimates, index=0, label="", scale=100)
    _name_rows(axes, _wrapped(names))
    axes.set_xlabel(f"{quantity}, percentage points (95 %)")
    return figure


@_styled
def means(
    names: Sequence[str],
    estimates: Sequence[Estimate],
    *,
    quantity: str,
    ends: tuple[float, float] | None = None,
) -> Figure:
    """One mean per row with its interval.

    Args:
        names: What the rows are called, from the top.
        estimates: One per row; those without a value are left out.
        quantity: Label of the axis.
        ends: Lowest and highest that is possible; the axis shows all of it.
    """
    figure = Figure(figsize=(WIDTH_IN, 0.58 * len(names) + 1.1))
    axes = figure.subplots()
    rows = _rows_from_top(len(names))
    for row, each in zip(rows, estimates, strict=True):
        if np.isnan(each.value):
            continue
        arms = [[each.value - each.low], [each.high - each.value]]
        axes.errorbar(
            [each.value],
            [row],
            xerr=None if np.isnan(each.low) else arms,
            color=COLOURS[0],
            marker=MARKERS[0],
            markersize=5,
            elinewidth=1.3,
            capsize=2.5,
            clip_on=False,
            zorder=3,
        )
    _name_rows(axes, _wrapped(names))
    if ends is not None and ends[0] < ends[1]:
        axes.set_xlim(*ends)
    axes.set_xlabel(f"{quantity} (95 % intervals)")
    return figure


@_styled
def lengths(found: pd.Series, *, quantity: str) -> Figure:
    """How many responses are how long."""
    figure = Figure(figsize=(WIDTH_IN, 2.4))
    axes = figure.subplots()
    highest = int(found.max())
    n_bins = min(_BINS, highest + 1)
    edges = np.linspace(-0.5, highest + 0.5, n_bins + 1).tolist()
    axes.hist(found, bins=edges, color=COLOURS[0])
    axes.set_xlabel(quantity)
    axes.set_ylabel("responses")
    return figure


@_styled
def sorted_shifts(shifts: Mapping[str, pd.Series]) -> Figure:
    """A shift per person, from the lowest to the highest, in percentage points.

    Args:
        shifts: Series name to one shift per person, as shares.
    """
    figure = Figure(figsize=(WIDTH_IN, 2.6))
    axes = figure.subplots()
    axes.axhline(0, color=QUIET, linewidth=0.9)
    for index, (name, series) in enumerate(shifts.items()):
        values = np.sort(100 * series.to_numpy(dtype=float))
        axes.plot(
            np.arange(1, len(values) + 1),
            values,
            linestyle="none",
            marker=MARKERS[index % len(MARKERS)],
            color=COLOURS[index % len(COLOURS)],
            markersize=3.5,
            label=name,
        )
    axes.set_xlabel("people, ordered by their shift")
    axes.set_ylabel("shift when left out\n(percentage points)")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(visible=False, axis="x")
    if len(shifts) > 1:
        axes.legend(loc="best")
    return figure


@_styled
def flow_diagram(
    kept: Sequence[tuple[str, int]], lost: Sequence[Sequence[tuple[str, int]]]
) -> Figure:
    """Boxes from top to bottom, and beside each step who was lost on the way to it.

    Args:
        kept: Words and people of each step.
        lost: Before each step but the first: words and people.

    Source:
        The flow diagram of the CONSORT statement (Schulz, Altman & Moher, 2010).
    """
    gaps = [_STEP + 0.28 * max(0, len(entry) - 1) for entry in lost]
    height = sum(gaps) + 0.7
    figure = Figure(figsize=(WIDTH_IN, 0.72 * height))
    axes = figure.subplots()
    axes.set_xlim(0, 1)
    axes.set_ylim(-height + 0.3, 0.4)
    axes.set_axis_off()
    top = 0.0
    for number, (words, n) in enumerate(kept):
        if number:
            below = top - gaps[number - 1]
            _arrow(axes, (_middle(_MAIN), top - 0.27), (_middle(_MAIN), below + 0.27))
            _losses(axes, lost[number - 1], at=(top + below) / 2)
            top = below
        _box(axes, f"{words}\nn = {count(n)}", span=_MAIN, at=top, colour=COLOURS[0])
    return figure


@_styled
def retention_curves(retention: pd.DataFrame) -> Figure:
    """Share of those who started who were still there after each trial.

    Args:
        retention: Columns condition, trial, n_people, share.
    """
    groups = list(retention.groupby("condition", sort=True))
    figure = Figure(figsize=(WIDTH_IN, 2.5 + 0.2 * len(groups)))
    axes = figure.subplots()
    for index, (condition, mine) in enumerate(groups):
        n = int(mine["n_people"].iloc[0])
        axes.step(
            mine["trial"],
            mine["share"],
            where="post",
            color=COLOURS[index % len(COLOURS)],
            linestyle=_LINE_STYLES[index % len(_LINE_STYLES)],
            linewidth=1.5,
            label=f"{condition} (n = {count(n)} people)",
            clip_on=False,
        )
    axes.set_ylim(0, 1.02)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_formatter(percents())
    axes.set_xlabel("trials responded to")
    axes.set_ylabel("still taking part, of those\nwho started the trials")
    figure.legend(loc="outside lower left")
    return figure


def _as_shares(series: pd.Series) -> pd.Series:
    total = series.sum()
    return series / total if total else series.astype(float)


def _above(axes: Axes, x: float, y: float, text: str) -> None:
    axes.annotate(
        text,
        (x, y),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8,
    )


def _rows_from_top(n: int) -> np.ndarray:
    return np.arange(n, dtype=float)[::-1]


def _name_rows(axes: Axes, labels: Sequence[str]) -> None:
    """A label per row, from the top, and no lines across."""
    axes.set_yticks(_rows_from_top(len(labels)), labels=labels)
    axes.set_ylim(-0.6, len(labels) - 0.4)
    axes.grid(visible=False, axis="y")


def _broken(names: Sequence[str]) -> list[str]:
    """Long labels on two lines, so that the axis keeps its room."""
    return [name.replace(", ", "\n", 1) for name in names]


def _wrapped(names: Sequence[str]) -> list[str]:
    return [fill(name, _LABEL_LETTERS) for name in names]


def _dodge(n: int, *, step: float) -> list[float]:
    return [step * (index - (n - 1) / 2) for index in range(n)]


def _with_intervals(
    axes: Axes,
    positions: Sequence[float],
    estimates: Sequence[Estimate],
    *,
    index: int,
    label: str | None,
    line: str,
) -> None:
    """Points with vertical intervals."""
    axes.errorbar(
        positions,
        [each.value for each in estimates],
        yerr=_arms(estimates),
        label=label,
        linestyle=line,
        **_series_style(index),
    )


def _across(
    axes: Axes,
    rows: Sequence[float] | np.ndarray,
    estimates: Sequence[Estimate],
    *,
    index: int,
    label: str | None,
) -> None:
    """Points with horizontal intervals."""
    axes.errorbar(
        [each.value for each in estimates],
        list(rows),
        xerr=_arms(estimates),
        label=label,
        linestyle="none",
        **_series_style(index),
    )


def _points(
    axes: Axes,
    rows: np.ndarray,
    estimates: Sequence[Estimate],
    *,
    index: int,
    label: str,
    scale: float = 1.0,
) -> None:
    there = [place for place, each in enumerate(estimates) if not np.isnan(each.value)]
    found = [estimates[place] for place in there]
    axes.errorbar(
        [scale * each.value for each in found],
        rows[there],
        xerr=[
            [scale * _arm(each.value - each.low) for each in found],
            [scale * _arm(each.high - each.value) for each in found],
        ],
        label=label or None,
        linestyle="none",
        color=COLOURS[index % len(COLOURS)],
        marker=MARKERS[index % len(MARKERS)],
        markersize=5,
        elinewidth=1.3,
        capsize=2.5,
        clip_on=False,
        zorder=3,
    )


def _arm(length: float) -> float:
    """A length to draw: none where there is no interval."""
    return 0.0 if np.isnan(length) else max(length, 0.0)


def _arms(estimates: Sequence[Estimate]) -> list[list[float]]:
    return [
        [max(each.value - each.low, 0.0) for each in estimates],
        [max(each.high - each.value, 0.0) for each in estimates],
    ]


def _series_style(index: int) -> dict[str, Any]:
    return {
        "color": COLOURS[index % len(COLOURS)],
        "marker": MARKERS[index % len(MARKERS)],
        "markersize": 5,
        "linewidth": 1.3,
        "elinewidth": 1.3,
        "capsize": 2.5,
        # A share of zero sits on the axis and is shown whole.
        "clip_on": False,
        "zorder": 3,
    }


def _note(axes: Axes, x: float, text: str) -> None:
    axes.annotate(
        text,
        (x, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        fontsize=7.5,
        color=QUIET,
    )


def _reference_line(axes: Axes, level: float, *, index: int, is_labelled: bool) -> None:
    axes.axhline(
        level,
        color=COLOURS[index % len(COLOURS)],
        linestyle=(0, (4, 3)),
        linewidth=1,
        label="standard error" if is_labelled else None,
    )


def _percent_axis(axes: Axes, quantity: str) -> None:
    axes.set_ylabel(f"{quantity} (95 % intervals)")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(percents())
    axes.grid(visible=False, axis="x")


def _times_100(estimate: Estimate) -> Estimate:
    return Estimate(
        value=100 * estimate.value,
        low=100 * estimate.low,
        high=100 * estimate.high,
        n=estimate.n,
    )


def _middle(span: tuple[float, float]) -> float:
    return sum(span) / 2


def _losses(axes: Axes, entries: Sequence[tuple[str, int]], *, at: float) -> None:
    if not entries:
        return
    lines = [fill(f"{words}: {count(n)}", 34) for words, n in entries]
    _arrow(axes, (_middle(_MAIN), at), (_SIDE[0], at))
    _box(axes, "\n".join(lines), span=_SIDE, at=at, colour=QUIET)


def _box(
    axes: Axes, text: str, *, span: tuple[float, float], at: float, colour: str
) -> None:
    """A box in the middle of the main column, or at the left edge of the side one."""
    is_side = span == _SIDE
    style: Mapping[str, Any] = {
        "boxstyle": "round,pad=0.45",
        "facecolor": "white",
        "edgecolor": colour,
        "linewidth": 1.1,
    }
    axes.text(
        span[0] + 0.02 if is_side else _middle(span),
        at,
        text,
        ha="left" if is_side else "center",
        va="center",
        color=INK,
        bbox=style,
        fontsize=8.5,
    )


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style: dict[str, Any] = {
        "arrowstyle": "-|>",
        "color": QUIET,
        "linewidth": 1.0,
        "shrinkA": 0,
        "shrinkB": 1,
    }
    axes.annotate("", xy=end, xytext=start, arrowprops=style, color=LINE, zorder=0)
