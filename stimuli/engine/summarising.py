"""The denominators of a set, so that no rate needs the images again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stimuli.engine.label_check import OrderCheck
from stimuli.engine.planning import BuildPlan
from stimuli.engine.preparing import PreparedBuild
from stimuli.engine.running.execution import ShardRunner
from stimuli.manifest import FORMAT_VERSION, ROLES, Trial
from stimuli.recipes import Recipe
from stimuli.recipes.possible_controls import ControlCounts
from stimuli.records.classified_images import N_TOP, ClassifiedImages, UnreadableImage
from stimuli.sources.listing import LeftOutFile, count_reasons


@dataclass(frozen=True, kw_only=True)
class BuildOutcome:
    """What a build came to.

    Attributes:
        classified: What the classifiers said.
        unreadable: Images that could not be read.
        trials: All of them.
        counts: Catches and controls per block.
        facts: What the recipe adds.
        notes: What the researcher should know, in words.
        orders: Whether labels and outputs are numbered alike, per classifier.
        left_out: Images that could be read and are no part of the set.
    """

    classified: ClassifiedImages
    unreadable: Sequence[UnreadableImage]
    trials: Sequence[Trial]
    counts: ControlCounts
    facts: Mapping[str, Any]
    notes: Sequence[str]
    orders: Sequence[OrderCheck] = ()
    left_out: Sequence[LeftOutFile] = ()


def summarise(
    prepared: PreparedBuild,
    outcome: BuildOutcome,
    *,
    recipe: Recipe,
    plan: BuildPlan,
    runner: ShardRunner,
) -> dict[str, Any]:
    """The content of `summary.json`; see `docs/formats.md`."""
    file = prepared.recipe
    asking = recipe.asking
    return {
        "format_version": FORMAT_VERSION,
        "kind": file.kind,
        "shows": recipe.shows,
        "re_examines": [asdict(entry) for entry in recipe.re_examines],
        "ask": asking.question if asking and asking.is_several else None,
        "asks": {name: asdict(posed) for name, posed in recipe.asks.items()},
        "created_at": plan.created_at,
        "seed": file.seed,
        "recipe_sha256": file.sha256,
        "is_finished": True,
        "dataset": _describe_dataset(prepared, outcome),
        "classifiers": _describe_classifiers(prepared, outcome),
        "trials": _count_roles(outcome.trials),
        "include_correct": None,
        **outcome.facts,
        # What a recipe makes itself is counted by it.
        "controls": {**vars(outcome.counts), **outcome.facts.get("controls", {})},
        "display": vars(prepared.display),
        "execution": {
            **_describe_execution(prepared, plan, runner),
            "halved_to": _list_halved(outcome.classified),
        },
        "is_demo_world": any(section.demo for section in file.classifiers),
        "warnings": [words for each in outcome.orders if (words := each.warning())],
        "notes": list(outcome.notes),
        "settings": file.settings(),
    }


def _describe_dataset(prepared: PreparedBuild, outcome: BuildOutcome) -> dict[str, Any]:
    seen = outcome.classified.seen
    left_out = [*prepared.dataset.left_out, *outcome.left_out]
    return {
        "n_images": len(prepared.dataset.sources),
        "n_unreadable": len(outcome.unreadable),
        "unreadable": [
            {"source": image.source, "reason": image.reason}
            for image in outcome.unreadable
        ],
        "n_unlabelled": prepared.dataset.n_unlabelled,
        "n_not_drawn": prepared.dataset.n_not_drawn,
        "n_left_out": len(left_out),
        "left_out": count_reasons(left_out),
        "n_converted": sum(bool(image.notes) for image in seen),
        "n_copies": len(seen) - len({image.pixels_sha256 for image in seen}),
        "is_grouped": bool(prepared.classes.groups),
    }


def _describe_classifiers(
    prepared: PreparedBuild, outcome: BuildOutcome
) -> list[dict[str, Any]]:
    orders = {each.classifier: each.to_raw() for each in outcome.orders}
    described = []
    for position, classifier in enumerate(prepared.classifiers):
        section = prepared.recipe.classifiers[position]
        described.append(
            {
                "name": classifier.name,
                "weights_sha256": classifier.weights_sha256,
                "code_sha256": classifier.code_sha256,
                "made_from": section.model_dump(exclude_none=True),
                "n_classes": classifier.n_classes,
                "form": classifier.form,
                "gives": classifier.gives,
                "has_gradients": classifier.has_gradients,
                **_count_right(outcome.classified, position),
                "by_label": _count_by_label(outcome.classified, position),
                "label_order": orders.get(classifier.name),
            }
        )
    return described


def _count_right(classified: ClassifiedImages, position: int) -> dict[str, int | None]:
    """Counts over labelled images; None where there is nothing to count."""
    labelled = [seen for seen in classified.seen if seen.label is not None]
    n = len(labelled)
    top1 = sum(classified.is_right(seen, position) for seen in labelled)
    top5 = sum(classified.is_right_in_top5(seen, position) for seen in labelled)
    has_top5 = n > 0 and len(classified.classes) > N_TOP
    return {
        "n_seen": len(classified.seen),
        "n_top1_right": top1 if n else None,
        "n_top1_wrong": n - top1 if n else None,
        "n_top5_right": top5 if has_top5 else None,
        "n_top5_wrong": n - top5 if has_top5 else None,
    }


def _count_by_label(
    classified: ClassifiedImages, position: int
) -> dict[str, dict[str, int]]:
    """Images and errors of every label, by label."""
    found: dict[str, dict[str, int]] = {}
    for seen in classified.seen:
        if seen.label is None:
            continue
        counts = found.setdefault(
            seen.label, {"n_seen": 0, "n_top1_wrong": 0, "n_top5_wrong": 0}
        )
        counts["n_seen"] += 1
        counts["n_top1_wrong"] += not classified.is_right(seen, position)
        counts["n_top5_wrong"] += not classified.is_right_in_top5(seen, position)
    return dict(sorted(found.items()))


def _count_roles(trials: Sequence[Trial]) -> dict[str, int]:
    counts = Counter(trial.role for trial in trials)
    return {role: counts[role] for role in ROLES}


def _list_halved(classified: ClassifiedImages) -> list[int]:
    """Batch sizes that the device's memory forced, largest first."""
    return sorted({n for s in classified.seen for n in s.halved_to}, reverse=True)


def _describe_execution(
    prepared: PreparedBuild, plan: BuildPlan, runner: ShardRunner
) -> dict[str, Any]:
    return {
        **plan.parts["execution"],
        "engine": runner.engine.name,
        "workers": runner.engine.n_workers,
        "threads": runner.engine.threads,
        "incidents": list(runner.incidents),
        "n_shards": plan.n_shards,
        "plan_sha256": plan.sha256,
        "versions": dict(prepared.versions),
    }
