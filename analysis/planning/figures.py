"""Figures of a study that is planned: power and width against cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from analysis.elements.figures import COLOURS, INK, LINE, QUIET, STYLE, percents
from analysis.elements.wording import count
from analysis.planning.power import PlanError
from analysis.planning.simulation import SimulatedSize

_SUFFIXES: Final = ("svg", "png", "pdf")
_Z: Final = 1.96


def power_curve(
    sizes: Sequence[SimulatedSize],
    *,
    target_power: float | None,
    target_width: float | None,
    chosen: SimulatedSize | None,
) -> Figure:
    """Power (upper panel) and width of the interval (lower) by images judged.

    Args:
        sizes: What was simulated.
        target_power: A line in the upper panel.
        target_width: A line in the lower panel, as a share.
        chosen: The size that is enough; marked in both.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.4, 4.6))
        upper, lower = figure.subplots(2, 1, sharex=True)
        images = [size.n_images for size in sizes]
        _power_panel(upper, images, sizes, target=target_power)
        widths = [100 * size.width for size in sizes]
        lower.plot(images, widths, color=COLOURS[1], marker="s", markersize=5)
        lower.set_ylabel("interval width, points")
        lower.set_ylim(bottom=0)
        if target_width is not None:
            _target(lower, 100 * target_width, f"{100 * target_width:.3g} points")
        for panel in (upper, lower):
            _mark(panel, chosen)
        _image_axis(lower, images)
        figure.align_ylabels()
        return figure


def check_figure(out: Path) -> str:
    """The format a figure's name ends in.

    Raises:
        PlanError: If it is none we write.
    """
    suffix = out.suffix.removeprefix(".")
    if suffix not in _SUFFIXES:
        raise PlanError(
            f"{out}: a figure ends in .svg, .png or .pdf, got {out.suffix or 'nothing'}"
        )
    return suffix


def write_figure(figure: Figure, out: Path) -> Path:
    """Write it as SVG, PNG or PDF, on white, by the file's ending.

    Raises:
        PlanError: If the ending is another, or the file cannot be written.
    """
    suffix = check_figure(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(STYLE):
            figure.savefig(out, format=suffix, facecolor="white", dpi=200)
    except OSError as error:
        raise PlanError(f"cannot write {out}: {error.strerror}") from error
    return out


def _power_panel(
    panel: Axes,
    images: list[int],
    sizes: Sequence[SimulatedSize],
    *,
    target: float | None,
) -> None:
    power = [size.power for size in sizes]
    arms = [
        [min(_Z * size.power_se, size.power) for size in sizes],
        [min(_Z * size.power_se, 1 - size.power) for size in sizes],
    ]
    panel.errorbar(
        images,
        power,
        yerr=arms,
        color=COLOURS[0],
        marker="o",
        markersize=5,
        capsize=2.5,
    )
    panel.set_ylim(-0.03, 1.05)
    panel.yaxis.set_major_formatter(percents())
    panel.set_ylabel("power")
    n = min(size.n_simulated for size in sizes)
    panel.set_title(f"{count(n)} simulated studies per size (bars: 95 %)", loc="left")
    if target is not None:
        _target(panel, target, f"{100 * target:.3g} %")


def _target(panel: Axes, level: float, words: str) -> None:
    panel.axhline(level, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    panel.annotate(
        f"target {words}",
        (1, level),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        color=INK,
        fontsize=8,
    )


def _mark(panel: Axes, chosen: SimulatedSize | None) -> None:
    if chosen is not None:
        panel.axvline(chosen.n_images, color=LINE, linewidth=5, zorder=0)


def _image_axis(panel: Axes, images: list[int]) -> None:
    panel.set_xscale("log")
    panel.set_xticks(images)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _at: count(value)))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.minorticks_off()
    panel.set_xlabel("images judged in every condition (shaded: enough)")
