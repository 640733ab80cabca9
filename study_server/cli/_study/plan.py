"""`study plan`: how large a study must be, and what it costs."""

from __future__ import annotations

import re
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click
from tqdm import tqdm

from study_server.cli._output import as_table, json_option, say
from study_server.services.study_files.file import parse_study_file

_AMOUNT: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
_SIZE: Final = re.compile(r"[0-9]{1,7}")
_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


class Money(click.ParamType[str]):
    """An amount with at most two decimals, kept as text."""

    name = "amount"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The text itself, once it is an amount."""
        if not _AMOUNT.fullmatch(value):
            self.fail(f"expected an amount like 1.20, got {value!r}", param, ctx)
        return value


class Sizes(click.ParamType[tuple[int, ...]]):
    """Whole numbers between commas."""

    name = "n,n,…"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click hands over anything
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[int, ...]:
        """The numbers."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if not all(_SIZE.fullmatch(part.strip()) and int(part) > 1 for part in parts):
            self.fail(
                f"expected numbers from 2 such as 100,200, got {str(value)[:60]!r}",
                param,
                ctx,
            )
        return tuple(int(part) for part in parts)


@click.command()
@click.argument("file", metavar="STUDY.toml", type=click.Path(path_type=Path))
@click.option("--set", "stimuli", type=click.Path(path_type=Path), help="Stimulus set.")
@click.option("--share", type=_SHARE, help="Yes (or right) responses expected.")
@click.option(
    "--difference",
    type=click.FloatRange(-1, 1, min_open=True, max_open=True),
    help="How far the last condition lies above the first: 0.05 is 5 points.",
)
@click.option(
    "--sd-participant", type=click.FloatRange(0), help="Spread of people, log odds."
)
@click.option(
    "--sd-stimulus", type=click.FloatRange(0), help="Spread of images, log odds."
)
@click.option(
    "--sd-effect",
    type=click.FloatRange(0),
    help="How much the difference differs between people, log odds, where conditions "
    "are within people; else from --pilot, else half of --sd-participant.",
)
@click.option(
    "--pilot",
    type=click.Path(path_type=Path),
    help="Bundle to estimate what is not said from.",
)
@click.option("--error", type=_SHARE, help="The classifier's error, where no set is.")
@click.option(
    "--below", type=_SHARE, help="Rectified error to rule out; the error by the labels."
)
@click.option("--power", type=_SHARE, help="Target; 0.8 where no width is.")
@click.option("--width", type=_SHARE, help="Target: widest interval, 0.04 is 4 points.")
@click.option("--sizes", type=Sizes(), default=(), help="Images in every condition.")
@click.option(
    "--studies",
    "n_studies",
    default=200,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="Studies simulated per size.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--price", type=Money(), help="Per block, where the file says none.")
@click.option(
    "--fee",
    type=click.FloatRange(0, 5),
    help="The recruiter's share of the price: 0.428 is 42.8 %.",
)
@click.option("--currency", default="USD", show_default=True)
@click.option(
    "--invalid",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 1, max_open=True),
    help="Share of blocks expected to be invalid, and paid.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Figure: .svg, .png, .pdf."
)
@json_option
def plan(
    file: Path,
    stimuli: Path | None,
    fee: float | None,
    out: Path | None,
    as_json: bool,
    **said: Any,  # noqa: ANN401 - the numbers above
) -> None:
    """Say how large a study must be.

    Simulates the design and analysis of STUDY.toml at several sizes: how often
    they find the effect, how wide the interval is, and what that costs.
    """
    # Imported here: the analysis takes a second to load.
    from analysis.planning.figures import check_figure, power_curve, write_figure
    from stimuli.manifest import StimulusSet
    from study_server.services.planning import PlanWishes, plan_sizes, plan_study

    if out is not None:
        check_figure(out)
    study = parse_study_file(file)
    wishes = PlanWishes(fee=None if fee is None else str(fee), **said)
    found = None if stimuli is None else StimulusSet.open(stimuli)
    n_studies = len(plan_sizes(study, found, wishes)) * wishes.n_studies
    with tqdm(total=n_studies, unit="study", delay=0.5) as bar:
        planned = plan_study(
            study, stimuli, wishes, on_study=lambda: bar.update() and None
        )
    if out is not None:
        chosen = planned.chosen
        figure = power_curve(
            [size.simulated for size in planned.sizes],
            target_power=planned.target_power,
            target_width=planned.target_width,
            chosen=None if chosen is None else chosen.simulated,
        )
        write_figure(figure, out)
    say(
        {**asdict(planned), "figure": out},
        as_json=as_json,
        text=lambda: told_of(planned),
    )


COMMANDS = (plan,)


def told_of(planned: Any) -> str:  # noqa: ANN401 - StudyPlan, imported late
    """A plan in words and a table."""
    design, components = planned.design, planned.components
    conditions = ", ".join(design.conditions)
    lines = [
        f"{planned.study}: {planned.measure}; {design.responses_per_trial} people per "
        f"trial, {design.main_per_block} main trials per block, {design.composition} "
        f"blocks, conditions: {conditions} ({design.assignment} people)",
        f"share {components.share:.3g}, difference {components.difference:.3g}, people "
        f"{components.sd_participant:.3g}, images {components.sd_stimulus:.3g}"
        f"{_effect(planned)} (standard deviations, log odds; {planned.components_from})",
        f"power: the 95 % interval {_goal(planned)}; "
        f"{planned.n_studies} simulated studies per size, seed {planned.seed}",
    ]
    head = ["images", "responses", "blocks paid", "power", "width (points)", "cost"]
    rows = [_row(size, planned.price) for size in planned.sizes]
    return "\n".join(
        [
            *lines,
            *_closed_form(planned.closed_form),
            "",
            as_table(head, rows),
            "",
            _chosen(planned),
        ]
    )


def _effect(planned: Any) -> str:  # noqa: ANN401 - StudyPlan
    """How much the effect differs between people, where that counts."""
    if planned.measure == "rectified error" or planned.design.assignment != "within":
        return ""
    return f", the difference between people {planned.components.sd_effect:.3g}"


def _goal(planned: Any) -> str:  # noqa: ANN401 - StudyPlan
    if planned.measure == "rectified error":
        return f"lies below {100 * planned.tested:.4g} %"
    return "of the difference leaves out 0"


def _row(size: Any, price: Any) -> list[object]:  # noqa: ANN401 - PlannedSize and BlockPrice
    simulated = size.simulated
    return [
        simulated.n_images,
        simulated.n_responses,
        size.n_paid_blocks,
        f"{100 * simulated.power:.1f} % ± {196 * simulated.power_se:.1f}",
        f"{100 * simulated.width:.2f}",
        _amount(size.cost_minor, price),
    ]


def _amount(minor: int | None, price: Any) -> str:  # noqa: ANN401 - BlockPrice
    if minor is None:
        return "no price"
    return f"{Decimal(minor) / 100:.2f} {price.currency}"


def _closed_form(found: dict[str, float]) -> list[str]:
    if not found:
        return []
    return [
        f"if all responses were independent: {found['responses_needed']:,.0f} per "
        f"condition needed; {found['n_smallest']:,.0f} each can find "
        f"{100 * found['detectable_at_smallest']:.1f} points"
    ]


def _chosen(planned: Any) -> str:  # noqa: ANN401 - StudyPlan
    targets = []
    if planned.target_power is not None:
        targets.append(f"power {100 * planned.target_power:.3g} %")
    if planned.target_width is not None:
        targets.append(f"width {100 * planned.target_width:.3g} points")
    wanted = " and ".join(targets)
    if planned.chosen is None:
        return f"no size simulated reaches {wanted}: try larger ones with --sizes"
    size = planned.chosen
    return (
        f"smallest size that reaches {wanted}: {size.simulated.n_images} images, "
        f"{size.n_paid_blocks} blocks, {_amount(size.cost_minor, planned.price)}"
    )
