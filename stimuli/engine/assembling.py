"""From what the classifiers said to the records of a set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from stimuli.engine.label_check import OrderCheck, check_orders
from stimuli.engine.picture_notes import (
    find_contradictions,
    note_pictures,
)
from stimuli.engine.preparing import CLASS_PICTURE, PreparedBuild
from stimuli.engine.running.execution import Results, store_crops
from stimuli.engine.summarising import BuildOutcome
from stimuli.errors import BuildError, StimuliError
from stimuli.manifest import ClassInfo, Stimulus
from stimuli.recipes import Recipe
from stimuli.recipes.batches.judging import Judge
from stimuli.recipes.catches_and_controls import ChosenControls, ControlChooser
from stimuli.records.classified_images import (
    ClassifiedImage,
    ClassifiedImages,
    MadePicture,
    UnreadableImage,
)
from stimuli.records.trial_drafts import (
    SelectedTrials,
    TrialDraft,
    merge_boards,
    merge_drafts,
)
from stimuli.sources.listing import LeftOutFile

# Of an empty set: the recipe's own count, and the first images' troubles.
_N_REASONS: Final = 4
# Trials whose class is not there: they go with no choice between classes.
_ABSENT: Final = ("known_no", "random_foil", "hard_foil")


@dataclass(frozen=True, kw_only=True)
class AssembledSet:
    """Every record of a set.

    Attributes:
        stimuli: Sorted by source.
        classes: With their examples.
        outcome: Trials and what the summary needs.
    """

    stimuli: Sequence[Stimulus]
    classes: Sequence[ClassInfo]
    outcome: BuildOutcome


@dataclass(frozen=True, kw_only=True)
class _Extra:
    """What stands beside the main trials."""

    chosen: ChosenControls
    examples: Mapping[str, Sequence[ClassifiedImage]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """Everything that is shown."""

    selection: SelectedTrials
    main: Sequence[TrialDraft]
    extra: _Extra


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """Chooses the trials and stores the pictures they need.

    Attributes:
        prepared: The recipe with everything it names.
        recipe: Chooses the main trials.
        judge: Stores pictures.
    """

    prepared: PreparedBuild
    recipe: Recipe
    judge: Judge

    def assemble(self, results: Results) -> AssembledSet:
        """Trials, stimuli and classes.

        Raises:
            BuildError: If no image could be read, or there is nothing to judge.
        """
        classified, left_out = self._classified(results)
        unreadable = [r for r in results if isinstance(r, UnreadableImage)]
        orders = check_orders(classified)
        with _with_warnings(orders):
            choice = self._choose(classified)
        selection, extra = choice.selection, choice.extra
        drafts = [*choice.main, *extra.chosen.drafts]
        shown = [draft.seen for draft in drafts if draft.made is None]
        shown += [seen for found in extra.examples.values() for seen in found]
        shown += [seen for board in selection.boards for seen in board.seen]
        shown += selection.kept
        ids = self._store(shown)
        trials = [
            *merge_drafts(drafts, lambda seen: ids[seen.source]),
            *merge_boards(selection.boards, lambda seen: ids[seen.source]),
        ]
        notes = [
            *self.prepared.notes,
            *note_pictures(classified.seen, crop=self.prepared.display.crop),
            *selection.notes,
            *extra.chosen.notes,
        ]
        outcome = BuildOutcome(
            classified=classified,
            unreadable=unreadable,
            trials=trials,
            counts=extra.chosen.counts,
            facts=selection.facts,
            notes=notes,
            orders=orders,
            left_out=left_out,
        )
        made = [(d.seen, d.made) for d in drafts if d.made is not None]
        made += [pair for board in selection.boards for pair in board.made]
        made += selection.kept_made
        stimuli = [
            *self._stimuli(shown, ids, selection.source_facts),
            *self._made(made),
        ]
        classes = [
            *_with_examples(classified, extra.examples, ids),
            *self.recipe.further_classes(classified.classes),
            *selection.classes,
        ]
        own = self._class_pictures()
        stored = {each.id: each for each in [*own.values(), *stimuli]}
        return AssembledSet(
            stimuli=list(stored.values()),
            classes=[
                replace(info, examples=(own[info.id].id, *info.examples))
                if info.id in own
                else info
                for info in classes
            ],
            outcome=outcome,
        )

    def _choose(self, classified: ClassifiedImages) -> _Choice:
        """Main trials and what stands beside them.

        Raises:
            BuildError: If there is nothing to judge, or a control finds no image.
        """
        selection = self.recipe.select(classified)
        main = self._leave_known(selection.drafts)
        roles = [draft.role for draft in main]
        roles += [board.trial.role for board in selection.boards]
        if "main" not in roles:
            raise BuildError(_say_empty(classified, selection))
        extra = self._choose_controls(classified, selection, main)
        return _Choice(selection=selection, main=main, extra=extra)

    def _classified(
        self, results: Results
    ) -> tuple[ClassifiedImages, list[LeftOutFile]]:
        """What was seen, without pictures that two labels contradict each other on."""
        seen = [result for result in results if isinstance(result, ClassifiedImage)]
        if not seen:
            first = next(r for r in results if isinstance(r, UnreadableImage))
            raise BuildError(
                f"none of {len(results)} images could be read; the first, "
                f"{first.source}: {first.reason}"
            )
        left_out = find_contradictions(seen, self.prepared.classes)
        gone = {each.file for each in left_out}
        if len(gone) == len(seen):
            raise BuildError(
                f"every image is there twice under different labels, for example "
                f"{left_out[0].file}: {left_out[0].reason}"
            )
        classified = ClassifiedImages(
            seen=[each for each in seen if each.source not in gone],
            classes=self.prepared.classes,
            classifiers=tuple(c.name for c in self.prepared.classifiers),
            seed=self.prepared.recipe.seed,
        )
        return classified, left_out

    def _leave_known(self, drafts: Sequence[TrialDraft]) -> list[TrialDraft]:
        """Main trials without what is settled already.

        Unlabelled pictures that the list settles are all that can check people.
        """
        lists = self.prepared.adjudicated
        settled = (
            set() if self.recipe.needs_labels else {*lists.relevant, *lists.absent}
        )
        return [draft for draft in drafts if draft.seen.source not in settled]

    def _choose_controls(
        self,
        classified: ClassifiedImages,
        selection: SelectedTrials,
        main: Sequence[TrialDraft],
    ) -> _Extra:
        """Catches, controls, practice and the pictures that explain classes."""
        adjudicated = self.prepared.adjudicated
        section = self.prepared.recipe.controls
        asking, counts = self.recipe.asking, self.prepared.counts
        if asking is None:
            return _Extra(chosen=ChosenControls(drafts=(), notes=(), counts=counts))
        if asking.is_choice and any(getattr(counts, name) for name in _ABSENT):
            raise BuildError(
                f'controls: trials of kind "{self.prepared.recipe.kind}" ask which of '
                f"the classes is right, so one has to be; leave out {', '.join(_ABSENT)}"
            )
        chooser = ControlChooser(
            classified=classified,
            asking=asking,
            section=section,
            counts=counts,
            adjudicated=adjudicated,
            main=main,
            aside=selection.aside,
            condition=self.recipe.control_condition,
        )
        chosen = chooser.choose()
        named = {c for draft in [*main, *chosen.drafts] for c in draft.classes}
        examples = chooser.examples(
            sorted(named),
            per_class=self.prepared.recipe.examples.per_class,
            others=chosen.drafts,
        )
        return _Extra(chosen=chosen, examples=examples)

    def _store(self, shown: Sequence[ClassifiedImage]) -> dict[str, str]:
        """Source to stimulus id; pictures not stored while predicting are stored now."""
        ids = {seen.source: seen.stimulus for seen in shown}
        sources = {source.name: source for source in self.prepared.dataset.sources}
        late = {seen.source: seen for seen in shown if seen.stimulus is None}
        wanted = [(sources[name], seen) for name, seen in late.items()]
        threads = self.prepared.recipe.execution.threads
        stored = store_crops(wanted, self.judge, threads=threads)
        ids |= dict(zip(late, stored, strict=True))
        return {source: str(stimulus) for source, stimulus in ids.items()}

    def _stimuli(
        self,
        shown: Sequence[ClassifiedImage],
        ids: Mapping[str, str],
        source_facts: Mapping[str, Mapping[str, Any]],
    ) -> list[Stimulus]:
        """One record per crop; of copies, the first source speaks."""
        records: dict[str, Stimulus] = {}
        by_source = {seen.source: seen for seen in shown}
        for source in sorted(by_source):
            stimulus_id = ids[source]
            known = records.get(stimulus_id)
            if known is None:
                more = source_facts.get(source, {})
                records[stimulus_id] = self._record(
                    by_source[source], stimulus_id, more=more
                )
                continue
            copies = [*known.facts.get("copies", []), source]
            records[stimulus_id] = replace(
                known, facts={**known.facts, "copies": copies}
            )
        return list(records.values())

    def _class_pictures(self) -> dict[str, Stimulus]:
        """Class id to the picture of one's own that stands for it, stored."""
        files = self.recipe.class_pictures
        return {
            class_id: Stimulus(
                id=(stimulus_id := self.judge.keep(picture.pixels)),
                file=f"images/{stimulus_id}.png",
                width=CLASS_PICTURE.crop,
                height=CLASS_PICTURE.crop,
                source=files[class_id],
                source_sha256=picture.source_sha256,
                label=None,
                predictions=(),
                method="crop",
                parameters=asdict(CLASS_PICTURE),
                seed=self.prepared.recipe.seed,
                versions=self.prepared.versions,
                facts={"stands_for": class_id},
            )
            for class_id, picture in self.prepared.class_pictures.items()
        }

    def _made(
        self, pairs: Sequence[tuple[ClassifiedImage, MadePicture]]
    ) -> list[Stimulus]:
        """One record per picture that was made of an image."""
        records: dict[str, Stimulus] = {}
        for seen, made in sorted(pairs, key=lambda p: (p[0].source, p[1].form)):
            bare = self._record(seen, made.stimulus, more=made.facts)
            records.setdefault(
                made.stimulus,
                replace(
                    bare,
                    predictions=made.predictions,
                    method=made.method,
                    parameters={**made.parameters, "form": made.form},
                ),
            )
        return list(records.values())

    def _record(
        self, seen: ClassifiedImage, stimulus_id: str, *, more: Mapping[str, Any]
    ) -> Stimulus:
        display = self.prepared.display
        conversions = {"conversions": list(seen.notes)} if seen.notes else {}
        columns = self.prepared.image_columns.get(seen.source)
        return Stimulus(
            id=stimulus_id,
            file=f"images/{stimulus_id}.png",
            width=display.crop,
            height=display.crop,
            source=seen.source,
            source_sha256=seen.source_sha256,
            label=seen.label,
            predictions=seen.predictions,
            method="crop",
            parameters=asdict(display),
            seed=self.prepared.recipe.seed,
            versions=self.prepared.versions,
            facts={
                **conversions,
                **self.prepared.rights.get(seen.source, {}),
                **({"columns": dict(columns)} if columns else {}),
                **more,
            },
        )


def _say_empty(classified: ClassifiedImages, selection: SelectedTrials) -> str:
    """That there is nothing to judge, and what is known of the reason."""
    said = "; ".join(selection.notes[:_N_REASONS])
    return (
        f"no main trials come of {len(classified.seen)} images, so there is nothing to "
        f"judge{f' ({said})' if said else ''}; add images, or change what leaves "
        "these out"
    )


@contextmanager
def _with_warnings(orders: Sequence[OrderCheck]) -> Iterator[None]:
    """What stops a build may come of labels that are numbered otherwise."""
    try:
        yield
    except StimuliError as error:
        words = "".join(f"\nwarning: {w}" for each in orders if (w := each.warning()))
        if not words:
            raise
        raise BuildError(f"{error}{words}") from error


def _with_examples(
    classified: ClassifiedImages,
    examples: Mapping[str, Sequence[ClassifiedImage]],
    ids: Mapping[str, str],
) -> list[ClassInfo]:
    return [
        replace(info, examples=tuple(ids[s.source] for s in examples.get(info.id, ())))
        for info in classified.classes.infos
    ]
