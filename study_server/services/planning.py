"""Power, width and cost of a study before it is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from math import ceil, hypot
from pathlib import Path
from typing import Any, Final

from analysis.bundles.reading import read_bundle
from analysis.planning.designs import EFFECT_PART, Components, PlannedDesign
from analysis.planning.pilots import effect_spread
from analysis.planning.power import PlanError, detectable_difference, responses_needed
from analysis.planning.simulation import (
    ConditionsPlan,
    RectifiedErrorPlan,
    SimulatedSize,
    simulate_sizes,
    smallest_enough,
)
from analysis.statistics.models.logistic import crossed_logistic
from stimuli.manifest import StimulusSet
from study_server.recruiters.base import Pays
from study_server.recruiters.registry import get_recruiter
from study_server.recruiters.sections import PaidSection, to_minor
from study_server.services.blocks.cutting import per_block_counts
from study_server.services.market.quoting import CHEAP_SIZE
from study_server.services.study_files.conditions import asked_trials
from study_server.services.study_files.file import StudyFile

POWER: Final = 0.8
_STEPS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
_SIZES: Final = (50, 100, 200, 400, 800)
_FEW: Final = 10
# Conditions that a difference is stated of, before a set or the file names them.
_NAMELESS: Final = ("first", "last")


@dataclass(frozen=True, kw_only=True)
class PlanWishes:
    """What was said on the command line, over what the study file says.

    Attributes:
        share, difference, sd_participant, sd_stimulus, sd_effect, error, below,
            power, width: As in the study file's section `[plan]`.
        pilot: Bundle to estimate share and spreads from.
        sizes: Images judged in every condition; found from the set where empty.
        n_studies: Studies simulated per size.
        seed: Of everything random.
        price: Per block, exact decimals ("1.20"), where the file has none.
        fee: The recruiter's share of it ("0.428"), where the file has none.
        currency: Of the price.
        invalid: Share of blocks expected to fail the quality rules, paid as well.
    """

    share: float | None = None
    difference: float | None = None
    sd_participant: float | None = None
    sd_stimulus: float | None = None
    sd_effect: float | None = None
    error: float | None = None
    below: float | None = None
    power: float | None = None
    width: float | None = None
    pilot: Path | None = None
    sizes: tuple[int, ...] = ()
    n_studies: int = 200
    seed: int = 0
    price: str | None = None
    fee: str | None = None
    currency: str = "USD"
    invalid: float = 0.0


@dataclass(frozen=True, kw_only=True)
class BlockPrice:
    """What one block costs, in minor units."""

    reward_minor: int
    fee_minor: int
    currency: str

    def total_minor(self, n_blocks: int) -> int:
        """Of so many blocks."""
        return n_blocks * (self.reward_minor + self.fee_minor)


@dataclass(frozen=True, kw_only=True)
class PlannedSize:
    """One size with its cost.

    Attributes:
        n_paid_blocks: Blocks paid, those expected to be invalid included.
        cost_minor: In minor units of the currency; None without a price.
    """

    simulated: SimulatedSize
    n_paid_blocks: int
    cost_minor: int | None


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """What `study plan` found.

    Attributes:
        measure: "rectified error" or "difference of conditions".
        tested: The value that intervals should leave out.
        closed_form: Independent responses that the difference needs per
            condition, and the difference that the smallest size can find; empty
            for the rectified error.
        chosen: The smallest size that reaches the targets, if one does.
    """

    study: str
    measure: str
    design: PlannedDesign
    components: Components
    components_from: str
    tested: float
    target_power: float | None
    target_width: float | None
    n_studies: int
    seed: int
    price: BlockPrice | None = None
    sizes: tuple[PlannedSize, ...] = ()
    chosen: PlannedSize | None = None
    closed_form: Mapping[str, float] = field(default_factory=dict)


def plan_study(
    file: StudyFile,
    stimuli: Path | None,
    wishes: PlanWishes,
    *,
    on_study: Callable[[], None] = lambda: None,
) -> StudyPlan:
    """Simulate the study's own design and analysis at several sizes.

    Args:
        file: The study file.
        stimuli: Its stimulus set, if it is built: conditions, catch trials and the
            classifier's error come from it.
        wishes: What was said beside it.
        on_study: Called after every simulated study.

    Raises:
        PlanError: Saying what has to be given.
        StimulusSetError: If there is no finished set.
    """
    told = _told(file, wishes)
    found = None if stimuli is None else StimulusSet.open(stimuli)
    design = planned_design(file, found)
    if found is None and len(design.conditions) == 1 and told["difference"]:
        design = replace(design, conditions=_NAMELESS)
    analysis = _analysis(design, found, told)
    components, source = _components(told, wishes.pilot, design)
    simulated = simulate_sizes(
        analysis,
        components,
        sizes=plan_sizes(file, found, wishes),
        n_studies=wishes.n_studies,
        seed=wishes.seed,
        on_study=on_study,
    )
    nothing = StudyPlan(
        study=file.study.name,
        measure=analysis.measure,
        design=design,
        components=components,
        components_from=source,
        tested=analysis.tested,
        target_power=told["power"] or (None if told["width"] else POWER),
        target_width=told["width"],
        n_studies=wishes.n_studies,
        seed=wishes.seed,
    )
    return _with_sizes(nothing, simulated, file=file, wishes=wishes)


def _with_sizes(
    plan: StudyPlan,
    simulated: Sequence[SimulatedSize],
    *,
    file: StudyFile,
    wishes: PlanWishes,
) -> StudyPlan:
    """The plan with what each size gives and costs, and the smallest that is enough."""
    price = _block_price(
        file, price=wishes.price, fee=wishes.fee, currency=wishes.currency
    )
    sizes = tuple(_priced(size, price, wishes.invalid) for size in simulated)
    power = plan.target_power
    enough = smallest_enough(simulated, power=power, width=plan.target_width)
    return replace(
        plan,
        price=price,
        sizes=sizes,
        chosen=next((size for size in sizes if size.simulated is enough), None),
        closed_form=_closed_form(plan.components, simulated, power=power or POWER),
    )


def planned_design(file: StudyFile, found: StimulusSet | None) -> PlannedDesign:
    """The design of a study file, catch and control trials taken off its blocks."""
    design = file.design
    conditions: tuple[str, ...] = design.levels
    n_other = 0
    if found is not None:
        trials = asked_trials(tuple(found.trials()), design)
        main = [trial for trial in trials if trial.role == "main"]
        conditions = tuple(dict.fromkeys(t.condition for t in main if t.condition))
        n_other = sum(per_block_counts(found.summary()).values())
    return PlannedDesign(
        responses_per_trial=design.responses_per_trial,
        agreement=file.analysis.agreement,
        main_per_block=max(1, design.trials_per_block - n_other),
        max_blocks=design.max_blocks_per_participant,
        composition=design.composition,
        conditions=conditions or ("all",),
        assignment="between" if design.conditions == "between" else "within",
    )


def plan_sizes(
    file: StudyFile, found: StimulusSet | None, wishes: PlanWishes
) -> tuple[int, ...]:
    """Images judged in every condition: those asked for, or around the set's own."""
    if wishes.sizes:
        return tuple(sorted(set(wishes.sizes)))
    if found is None:
        return _SIZES
    trials = asked_trials(tuple(found.trials()), file.design)
    main = [trial for trial in trials if trial.role == "main"]
    per_condition = len(main) // max(1, len({trial.condition for trial in main}))
    return tuple(sorted({max(_FEW, round(step * per_condition)) for step in _STEPS}))


def _told(file: StudyFile, wishes: PlanWishes) -> dict[str, float | None]:
    """Each number as the command line, else the study file says it."""
    names = tuple(type(file.plan).model_fields)
    said = {name: getattr(wishes, name) for name in names}
    return {
        name: getattr(file.plan, name) if value is None else value
        for name, value in said.items()
    }


def _analysis(
    design: PlannedDesign, found: StimulusSet | None, told: dict[str, float | None]
) -> RectifiedErrorPlan | ConditionsPlan:
    if len(design.conditions) > 1:
        return ConditionsPlan(design=design)
    error, n_wrong = told["error"], None
    if found is not None and error is None:
        classifiers: list[dict[str, Any]] = found.summary().get("classifiers") or []
        counted = [each for each in classifiers if each.get("n_top1_wrong")]
        if counted:
            n_wrong = int(counted[0]["n_top1_wrong"])
            error = n_wrong / int(counted[0]["n_seen"])
    if error is None:
        raise PlanError(
            "the study has one condition, so it measures the rectified error: give the "
            "classifier's error with --error 0.25 (or [plan] error), or the built "
            "stimulus set with --set DIR; for two conditions name them in [design] "
            "levels"
        )
    return RectifiedErrorPlan(
        design=design, error=error, n_wrong=n_wrong, below=told["below"]
    )


def _components(
    told: Mapping[str, float | None], pilot: Path | None, design: PlannedDesign
) -> tuple[Components, str]:
    """Share and spreads as said, the rest from the pilot; and where they come from.

    Raises:
        PlanError: Naming what was neither said nor can be estimated.
    """
    names = ("share", "sd_participant", "sd_stimulus")
    estimated: Mapping[str, float | None] = {} if pilot is None else _from_pilot(pilot)
    found = {name: told[name] for name in names}
    found = {
        name: estimated.get(name) if value is None else value
        for name, value in found.items()
    }
    missing = [f"--{name.replace('_', '-')}" for name, v in found.items() if v is None]
    is_compared = len(design.conditions) > 1
    if is_compared and told["difference"] is None:
        missing.append("--difference")
    if missing:
        raise PlanError(
            f"{', '.join(missing)}: not given, on the command line or in [plan]. Say "
            "how many yes are expected and how people and images differ (standard "
            "deviations, log odds; people often 0.5, images 1 to 3), or estimate them "
            "from a pilot with --pilot BUNDLE"
        )
    components = Components(
        share=float(found["share"] or 0),
        difference=float(told["difference"] or 0) if is_compared else 0.0,
        sd_participant=float(found["sd_participant"] or 0),
        sd_stimulus=float(found["sd_stimulus"] or 0),
    )
    used = [name for name in names if told[name] is None]
    if is_compared and design.assignment == "within":
        said, seen = told["sd_effect"], estimated.get("sd_effect")
        if said is None and seen is not None:
            used.append("sd_effect")
        components = _with_effect(components, said if said is not None else seen)
    return components, f"pilot ({', '.join(used)})" if used else "as given"


def _with_effect(components: Components, sd_effect: float | None) -> Components:
    """Components whose effect differs between people; as is usual, where not said."""
    usual = EFFECT_PART * components.sd_participant
    return replace(components, sd_effect=usual if sd_effect is None else sd_effect)


def _from_pilot(folder: Path) -> dict[str, float | None]:
    """Share and spreads of a pilot's votes, by the mixed logistic model."""
    bundle = read_bundle(folder)
    single = bundle.single_responses
    main = bundle.trials.loc[bundle.trials["role"] == "main", "trial"]
    rows = single[single["trial"].isin(main)]
    rows = rows.assign(yes=rows["accepts"].fillna(rows["is_right"]))
    rows = rows[rows["yes"].notna()].astype({"yes": bool})
    if rows.empty:
        raise PlanError(f"{folder}: no votes on main trials to estimate from")
    fit = crossed_logistic(
        rows.assign(condition="all"),
        outcome="yes",
        condition="condition",
        participant="participant",
        stimulus="trial",
    )
    conditions = bundle.trials.set_index("trial")["condition"]
    return {
        "share": float(rows["yes"].mean()),
        "sd_participant": fit.sd_participant,
        "sd_stimulus": fit.sd_stimulus,
        "sd_effect": effect_spread(
            rows.assign(of_trial=rows["trial"].map(conditions).fillna("")),
            value="yes",
            condition="of_trial",
            spread=hypot(fit.sd_participant, fit.sd_stimulus),
        ),
    }


def _block_price(
    file: StudyFile, *, price: str | None, fee: str | None, currency: str
) -> BlockPrice | None:
    """Of one block: as said, else as the study's paid recruiter charges.

    Args:
        file: The study file.
        price: Per block, exact decimals.
        fee: The recruiter's share of it, exact decimals.
        currency: Of the price.
    """
    if price is not None:
        return BlockPrice(
            reward_minor=to_minor(price),
            fee_minor=_rounded(to_minor(price) * Decimal(fee or "0")),
            currency=currency,
        )
    for name, section in file.recruiter.items():
        recruiter = get_recruiter(name)
        if isinstance(section, PaidSection) and isinstance(recruiter, Pays):
            return _charged(file, section, recruiter)
    return None


def _charged(file: StudyFile, section: PaidSection, recruiter: Pays[Any]) -> BlockPrice:
    n = min(file.design.responses_per_trial, section.max_assignments, CHEAP_SIZE)
    return BlockPrice(
        reward_minor=section.reward_minor,
        fee_minor=recruiter.fee_minor(section, n_assignments=n),
        currency=recruiter.currency,
    )


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _priced(
    size: SimulatedSize, price: BlockPrice | None, invalid: float
) -> PlannedSize:
    if not 0 <= invalid < 1:
        raise PlanError(f"--invalid: expected a share below 1, got {invalid}")
    # Against binary rounding: 100 / (1 - 0.2) is 125, not 126.
    n_blocks = ceil(Decimal(size.n_sessions) / (1 - Decimal(str(invalid))))
    return PlannedSize(
        simulated=size,
        n_paid_blocks=n_blocks,
        cost_minor=None if price is None else price.total_minor(n_blocks),
    )


def _closed_form(
    components: Components, simulated: Sequence[SimulatedSize], *, power: float
) -> dict[str, float]:
    """What independent responses would need: the least any design needs."""
    if components.difference == 0:
        return {}
    n = simulated[0].n_responses // 2
    share = components.share
    return {
        "responses_needed": responses_needed(
            components.difference, share=share, power=power
        ),
        "n_smallest": n,
        "detectable_at_smallest": detectable_difference(n, n, share=share, power=power),
    }
