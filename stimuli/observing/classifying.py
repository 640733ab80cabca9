"""A classifier as an observer: every trial of a set, once, on any engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stimuli.classifiers.loading import Classifier, choose_device, load_classifiers
from stimuli.engine.planning import calibrate_batch_size
from stimuli.engine.preparing import library_versions
from stimuli.engine.running.execution import OpenProgress, ShardRunner, choose_engine
from stimuli.engine.running.shards import Stage
from stimuli.errors import list_problems
from stimuli.manifest import Trial
from stimuli.observations import Observation, Observer, ObserverRecord
from stimuli.observing.declared import ObservedTrial, observed_trials, output_problems
from stimuli.observing.keeping import ObservedSet, ObserverPlan, ObserverShelf
from stimuli.observing.looking import (
    LoadOnlooker,
    Onlooker,
    SeenPicture,
    ShownPicture,
    decode_features,
    from_text,
    to_text,
)
from stimuli.observing.rules import (
    COMPARING,
    ODD_ONE,
    ObservingError,
    ResponseRule,
    decide_nearest,
    decide_odd,
)
from stimuli.recipe_file import ExecutionSection, RecipeFile
from stimuli.sources.images import Display

TARGET = "target"


@dataclass(frozen=True, kw_only=True)
class ClassifierObserver:
    """Lets one classifier respond to a set's own trials.

    Attributes:
        shelf: Where its responses are kept.
        recipe: Names the classifier, and how the work is cut.
        open_progress: Given the number of pictures, a progress to tell.
        wanted: "top1" or "top5" for questions about classes; None for "top1".
        n_kept: Outputs of which the probabilities are kept; 0 keeps all.
        name: What it is called; None takes the classifier's name.
    """

    shelf: ObserverShelf
    recipe: RecipeFile
    open_progress: OpenProgress
    wanted: str | None = None
    n_kept: int = 5
    name: str | None = None

    def observe(self, *, is_fresh: bool = False) -> ObservedSet:
        """Its responses, in the set's folder.

        Killed at any moment, the next call goes on from the last whole shard.

        Raises:
            StimuliError: If something is wrong that its user can mend.
        """
        opened = self.shelf.set
        every = list(opened.trials())
        trials = observed_trials(every, wanted=self.wanted)
        device = choose_device(self.recipe.execution.device)
        (classifier,) = load_classifiers(self.recipe, device=device)
        self._check(trials, classifier)
        plan = self._plan(classifier, batch_size=self._batch_size(classifier, trials))
        if is_fresh:
            self.shelf.forget(plan.name)
        if (found := self.shelf.find(plan)) is not None:
            return ObservedSet(record=found, is_new=False)
        folder = self.shelf.begin(plan)
        runner = ShardRunner(
            engine=choose_engine(self.recipe.execution),
            folder=folder,
            disk=self.shelf.disk,
            open_progress=self.open_progress,
        )
        seen = runner.run(self._stage(classifier, trials, plan=plan))
        record = ObserverRecord(
            observer=self._observer(classifier, trials, plan=plan),
            observations=tuple(_in_order(trials, seen)),
        )
        self.shelf.keep(record)
        return ObservedSet(
            record=record,
            is_new=True,
            n_left_out=len(every) - len(trials),
            incidents=tuple(runner.incidents),
        )

    def _check(self, trials: Sequence[ObservedTrial], classifier: Classifier) -> None:
        named = {i.id: i.name for i in self.shelf.set.classes().values()}
        problems = list(
            output_problems(
                trials,
                n_outputs=classifier.n_classes,
                own=[name for name, _ in classifier.classes or ()],
                of_set={int(k): v for k, v in named.items() if k.isdecimal()},
            )
        )
        if problems:
            raise ObservingError(
                list_problems(
                    f"{classifier.origin} does not have the classes of this set",
                    problems,
                )
            )

    def _batch_size(
        self, classifier: Classifier, trials: Sequence[ObservedTrial]
    ) -> int:
        given = self.recipe.execution.batch_size
        if given is None:
            return 8 if classifier.device.type == "cpu" else 64
        if given != "calibrate":
            return given
        shown = {s for each in trials for s in each.trial.slots.values()}
        sides = {
            max(s.width, s.height) for s in self.shelf.set.stimuli() if s.id in shown
        }
        side = max(sides)
        return calibrate_batch_size([classifier], Display(resize=side, crop=side))

    def _plan(self, classifier: Classifier, *, batch_size: int) -> ObserverPlan:
        execution, section = self.recipe.execution, self.recipe.classifiers[0]
        return ObserverPlan(
            name=self.name or classifier.name,
            parts={
                "set": self.shelf.set.sha256(),
                "observer": {
                    "weights": classifier.weights_sha256,
                    "code": classifier.code_sha256,
                    # One file may make several.
                    "function": (section.function or "").rpartition(":")[2],
                },
                "asked": {"wanted": self.wanted, "n_kept": self.n_kept},
                "versions": dict(library_versions()),
                "execution": {
                    "device": classifier.device.type,
                    "dtype": "float32",
                    "batch_size": batch_size,
                    "shard_size": execution.shard_size,
                },
            },
        )

    def _stage(
        self,
        classifier: Classifier,
        trials: Sequence[ObservedTrial],
        *,
        plan: ObserverPlan,
    ) -> Stage:
        cut = plan.parts["execution"]
        return Stage(
            name="seen",
            items=list(_pictures(self.shelf, trials)),
            shard_size=cut["shard_size"],
            batch_size=cut["batch_size"],
            here=Onlooker(classifier=classifier, n_kept=self.n_kept),
            elsewhere=LoadOnlooker(
                recipe=self.recipe,
                device=cut["device"],
                hashes=(classifier.weights_sha256, classifier.code_sha256),
                versions=tuple(library_versions().items()),
                n_kept=self.n_kept,
                folder=self.shelf.set.folder.absolute(),
            ),
            call=_call,
            encode=to_text,
            decode=from_text,
        )

    def _observer(
        self,
        classifier: Classifier,
        trials: Sequence[ObservedTrial],
        *,
        plan: ObserverPlan,
    ) -> Observer:
        section = self.recipe.classifiers[0]
        return Observer(
            name=plan.name,
            kind="classifier",
            facts={
                "rule": ", ".join(sorted({each.rule.name for each in trials})),
                "classifier": section.model_dump(exclude_none=True),
                "weights_sha256": classifier.weights_sha256,
                "code_sha256": classifier.code_sha256,
                "n_outputs": classifier.n_classes,
                "made_for": vars(classifier.display),
                "plan_sha256": plan.sha256,
                "versions": plan.parts["versions"],
                **plan.parts["execution"],
            },
        )


def execution_of(given: Mapping[str, Any]) -> ExecutionSection:
    """How the work is cut, from what was given on the command line; None is left out."""
    said = {key: value for key, value in given.items() if value is not None}
    return ExecutionSection.model_validate(said)


def _pictures(
    shelf: ObserverShelf, trials: Sequence[ObservedTrial]
) -> Iterator[ShownPicture]:
    """Every picture once, targets in the order of the trials, then the others."""
    asked: dict[str, list[tuple[str, ResponseRule]]] = {}
    compared: set[str] = set()
    for each in trials:
        trial, wanted = each.trial, _slots(each.rule)
        if missing := [slot for slot in wanted if slot not in trial.slots]:
            raise ObservingError(
                f"trial {trial.id} has no slot {missing[0]!r} to look at, only "
                f"{', '.join(trial.slots) or 'none'}"
            )
        asked.setdefault(trial.slots[wanted[0]], []).append((trial.id, each.rule))
        if each.rule.name in COMPARING:
            compared.update(trial.slots[slot] for slot in wanted)
    for stimulus in [*asked, *sorted(compared - set(asked))]:
        yield ShownPicture(
            stimulus=stimulus,
            path=shelf.set.image_path(stimulus).absolute(),
            asked=tuple(asked.get(stimulus, ())),
            needs_features=stimulus in compared,
        )


def _slots(rule: ResponseRule) -> list[str]:
    """What a rule looks at, first what its outputs are kept of."""
    several = [slot for slots in rule.slots.values() for slot in slots]
    return several if rule.name == ODD_ONE else [TARGET, *several]


def _in_order(
    trials: Sequence[ObservedTrial], seen: Sequence[SeenPicture]
) -> Iterator[Observation]:
    """One observation per trial, in the order of the trials."""
    known = {each.trial: each for picture in seen for each in picture.observations}
    pictures = {picture.stimulus: picture for picture in seen}
    for each in trials:
        if each.rule.name in COMPARING:
            yield _compared(each.trial, each.rule, pictures)
        else:
            yield known[each.trial.id]


def _compared(
    trial: Trial, rule: ResponseRule, pictures: Mapping[str, SeenPicture]
) -> Observation:
    def features(slot: str) -> NDArray[np.float32]:
        return decode_features(pictures[trial.slots[slot]].features)

    groups = {
        value: np.stack([features(slot) for slot in slots])
        for value, slots in rule.slots.items()
    }
    if rule.name == ODD_ONE:
        decided = decide_odd(rule, {value: rows[0] for value, rows in groups.items()})
    else:
        decided = decide_nearest(rule, features(TARGET), groups)
    return Observation(
        trial=trial.id,
        response=decided.response,
        shares=decided.shares,
        outputs=pictures[trial.slots[_slots(rule)[0]]].outputs,
        rule=rule.name,
    )


def _call(picture: ShownPicture) -> str:
    return str(Path(picture.path).name)
