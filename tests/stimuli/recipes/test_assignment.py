"""Assignment trials: who takes part, what is drawn, what a trial holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from stimuli.errors import BuildError
from stimuli.manifest import Trial, trial_from_json, trial_to_json
from stimuli.methods.selection import SELECTIONS, Candidates
from stimuli.recipes.assignment import (
    CONDITIONS,
    AssignmentItem,
    Cast,
    ClassSupply,
    ImageGroup,
    TrialFrame,
    TrialImage,
    build_catches,
    build_practice,
    build_trials,
    cast_classes,
    draw_items,
    measure_confusability,
)
from stimuli.recipes.assignment.near_duplicates import (
    NearDuplicates,
    find_near,
    hash_images,
)
from stimuli.recipes.assignment.supplying import hold_out, supply_class
from stimuli.records.seeds import rng_for


def exhibit(class_id: str, number: int) -> TrialImage:
    name = f"{class_id}-{number}"
    return TrialImage(stimulus=name, source_sha256=f"source {name}", class_id=class_id)


def supply(
    class_id: str, *, n_fallbacks=0, lacking="", targets=(90, 91, 92)
) -> ClassSupply:
    groups = {}
    for place, condition in enumerate(CONDITIONS):
        images = [exhibit(class_id, 10 * place + i) for i in range(6)]
        if condition.name == lacking:
            continue
        groups[condition.name] = ImageGroup(
            prototypes=tuple(images[: condition.n_prototypes]),
            criticisms=tuple(images[condition.n_prototypes :]),
            n_fallbacks=n_fallbacks if condition.selection == "adversarial" else 0,
        )
    return ClassSupply(
        class_id=class_id,
        groups=groups,
        targets=tuple(exhibit(class_id, number) for number in targets),
        shortages={lacking: "6 images wanted, 4 there"} if lacking else {},
    )


@pytest.fixture
def cast() -> Cast:
    return cast_classes([supply(str(k)) for k in range(8)])


def trials_of(cast, n_items=5, **options):
    items = draw_items(cast, n_items, rng=rng_for(1, "items"))
    trials = build_trials(items, cast, rng_for=partial(rng_for, 1), **options)
    return items, trials


def test_the_seven_conditions_are_the_papers():
    assert [c.name for c in CONDITIONS] == [
        "mmd_critic-6",
        "mmd_critic-3+3",
        "adversarial-6",
        "adversarial-3+3",
        "probability-6",
        "probability-3+3",
        "random-6",
    ]
    assert {c.n_images for c in CONDITIONS} == {6}


def test_a_class_that_one_method_cannot_fill_is_left_out_of_all():
    cast = cast_classes(
        [supply("1"), supply("2", lacking="adversarial-3+3"), supply("3")]
    )
    assert [s.class_id for s in cast.supplies] == ["1", "3"]
    assert cast.left_out == {"2": "adversarial-3+3: 6 images wanted, 4 there"}


def test_a_group_of_the_wrong_size_leaves_its_class_out():
    short = supply("1")
    groups = dict(short.groups) | {
        "random-6": ImageGroup(prototypes=(exhibit("1", 1),))
    }
    cast = cast_classes([ClassSupply(class_id="1", groups=groups, targets=())])
    assert cast.left_out == {"1": "random-6: 1 prototypes, 0 criticisms"}


def test_fallbacks_are_reported_or_leave_the_class_out():
    supplies = [supply("1", n_fallbacks=2), supply("2")]
    reported = cast_classes(supplies)
    assert [s.class_id for s in reported.supplies] == ["1", "2"]
    assert reported.n_fallbacks["adversarial-6"] == 2
    assert reported.n_fallbacks["random-6"] == 0
    strict = cast_classes(supplies, fallback="leave-out")
    assert strict.left_out == {"1": "adversarial-6: 2 images by fallback"}


def test_targets_are_never_among_the_images_shown():
    # Number 3 is shown by class 1; another file of class 2 has its source.
    twin = TrialImage(stimulus="other", source_sha256="source 1-3", class_id="2")
    second = supply("2")
    second = ClassSupply(
        class_id="2", groups=second.groups, targets=(*second.targets, twin)
    )
    cast = cast_classes([supply("1", targets=(3, 90)), second])
    assert [t.stimulus for t in cast.supplies[0].targets] == ["1-90"]
    assert [t.stimulus for t in cast.supplies[1].targets] == ["2-90", "2-91", "2-92"]
    assert cast.n_targets_dropped == 2


def test_near_duplicates_of_any_class_are_dropped_as_targets():
    rng = np.random.default_rng(0)
    pictures = {
        name: np.kron(rng.integers(0, 255, (8, 8, 3)), np.ones((8, 8, 1))).astype(
            np.uint8
        )
        for name in ("1-3", "1-90", "2-90", "2-91")
    }
    noise = rng.integers(-3, 4, (64, 64, 3))
    noisy = np.clip(pictures["1-3"].astype(int) + noise, 0, 255).astype(np.uint8)
    pictures["2-90"] = noisy[:, ::-1]
    hashes = dict(zip(pictures, hash_images(pictures.values()), strict=True))
    assert find_near(hashes["2-90"][None], hashes["1-3"][None]).all()
    near = NearDuplicates(hashes=hashes)
    targets = [exhibit("1", 90), exhibit("2", 90), exhibit("2", 91)]
    assert near(targets, [exhibit("1", 3)]) == {"2-90"}
    assert near(targets, []) == frozenset()
    cast = cast_classes(
        [supply("1", targets=(90,)), supply("2", targets=(90, 91))],
        find_near=lambda these, shown: near(
            these, [e for e in shown if e.stimulus in hashes]
        ),
    )
    assert [t.stimulus for t in cast.supplies[1].targets] == ["2-91"]


def test_an_item_has_six_classes_and_a_target_of_one_of_them(cast):
    items = draw_items(cast, None, rng=rng_for(1, "items"))
    assert len(items) == 8 * 3
    assert len({item.target for item in items}) == 24
    assert len({item.id for item in items}) == 24
    for item in items:
        assert len(set(item.classes)) == 6
        assert item.classes[item.right_group - 1] == item.target.class_id


def test_classes_take_turns_as_the_targets_class(cast):
    items = draw_items(cast, 8, rng=rng_for(2, "items"))
    assert Counter(item.target.class_id for item in items) == Counter(
        map(str, range(8))
    )


def test_the_right_group_is_anywhere_equally_often():
    supplies = [supply(str(k), targets=range(100, 200)) for k in range(8)]
    items = draw_items(cast_classes(supplies), None, rng=rng_for(3, "items"))
    counts = Counter(item.right_group for item in items)
    # 800 items, 133.3 each, standard deviation 10.5.
    assert all(abs(counts[k] - 800 / 6) < 4 * 10.6 for k in range(1, 7))


def test_confusable_sets_hold_the_nearest_classes(cast):
    confusability = np.zeros((8, 8))
    for own in range(8):
        for other in range(8):
            confusability[own, other] = -abs(own - other)
    items = draw_items(
        cast,
        8,
        rng=rng_for(4, "items"),
        class_sets="confusable",
        confusability=confusability,
    )
    sets = {item.target.class_id: sorted(item.classes) for item in items}
    assert sets["0"] == ["0", "1", "2", "3", "4", "5"]
    assert sets["7"] == ["2", "3", "4", "5", "6", "7"]
    # From 3 the distances are 3 2 1 0 1 2 3 4: 0 and 6 tie, the lower comes in.
    assert sets["3"] == ["0", "1", "2", "3", "4", "5"]


def test_confusability_by_hand():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.5, 0.5, 0.0], [0.3, 0.6, 0.1]])
    measured = measure_confusability(probabilities, np.array([0, 0, 1]))
    # Class 0 gives class 1 (0.2 + 0.5)/2 = 0.35, class 1 gives class 0 0.3: mean
    # 0.325. Class 2 has no images, so half of what it is given: 0.025 and 0.05.
    expected = [[0, 0.325, 0.025], [0.325, 0, 0.05], [0.025, 0.05, 0]]
    np.testing.assert_allclose(measured, expected, atol=1e-12)


def test_conditions_differ_in_the_images_of_the_groups_alone(cast):
    items, trials = trials_of(cast)
    assert len(trials) == 5 * 7
    assert len({trial.id for trial in trials}) == 35
    for item, chunk in zip(items, np.array_split(np.arange(35), 5), strict=True):
        seven = [trials[i] for i in chunk]
        assert [t.condition for t in seven] == [c.name for c in CONDITIONS]
        same = {
            (t.slots["target"], t.question, t.classes, t.role, str(t.key), str(t.truth))
            for t in seven
        }
        assert len(same) == 1
        for trial, condition in zip(seven, CONDITIONS, strict=True):
            for k, class_id in enumerate(item.classes, start=1):
                group = next(s for s in cast.supplies if s.class_id == class_id).groups[
                    condition.name
                ]
                shown = {trial.slots[f"group_{k}_{i}"] for i in range(1, 7)}
                wanted = group.prototypes + group.criticisms
                assert shown == {e.stimulus for e in wanted}


def test_a_trial_holds_what_the_paradigm_needs(cast):
    items, trials = trials_of(cast, 1)
    trial = trials[0]
    assert len(trial.slots) == 37
    assert trial.question == "assignment"
    assert trial.key == {"group": str(items[0].right_group)}
    assert trial.truth is not None
    place = int(trial.truth["group"]) - 1
    assert trial.truth["groups"][place] == items[0].target.class_id
    assert trial.truth["item"] == items[0].id
    assert list(trial.classes) == sorted(trial.classes)
    assert len(trial.sources) == 37
    assert items[0].target.source_sha256 in trial.sources
    assert trial_from_json(trial_to_json(trial)) == trial


def test_mixed_groups_tell_nothing_by_place(cast):
    items, trials = trials_of(cast, 24)
    first: Counter[int] = Counter()
    for trial in trials:
        if trial.condition == "adversarial-3+3":
            for k, class_id in enumerate(trial.truth["groups"], start=1):
                best = exhibit(class_id, 30).stimulus
                slots = [trial.slots[f"group_{k}_{i}"] for i in range(1, 7)]
                first[slots.index(best)] += 1
    # The best prototype in 144 groups: 24 at each place, standard deviation 4.5.
    assert len(items) == 24
    assert all(abs(first[place] - 24) < 4 * 4.5 for place in range(6))


def test_told_apart_prototypes_come_first_and_the_question_says_so(cast):
    _, trials = trials_of(cast, is_told_apart=True)
    for trial in trials:
        has_both = trial.condition.endswith("3+3")
        assert trial.question == ("assignment-told-apart" if has_both else "assignment")
        if trial.condition == "adversarial-3+3":
            for k, class_id in enumerate(trial.truth["groups"], start=1):
                slots = [trial.slots[f"group_{k}_{i}"] for i in range(1, 4)]
                assert set(slots) == {f"{class_id}-{n}" for n in (30, 31, 32)}


def test_the_same_seed_gives_the_same_trials(cast):
    assert trials_of(cast) == trials_of(cast)


def test_too_few_classes_say_who_was_left_out():
    supplies = [supply(str(k)) for k in range(5)]
    supplies.append(supply("5", lacking="random-6"))
    with pytest.raises(
        BuildError,
        match=r"5 classes take part, an item needs 6; left out are class 5: random-6: 6 im",
    ):
        draw_items(cast_classes(supplies), 3, rng=rng_for(0))


def test_no_target_left_is_said():
    cast = cast_classes([supply(str(k), targets=(3,)) for k in range(6)])
    with pytest.raises(BuildError, match="no target is left: all 6 are among"):
        draw_items(cast, 3, rng=rng_for(0))


def test_held_out_targets_leave_what_the_selections_need():
    kept = hold_out(20, 5, rng=rng_for(0))
    assert len(kept.targets) == 5
    assert sorted([*kept.targets, *kept.rest]) == list(range(20))
    assert len(hold_out(8, 5, rng=rng_for(0)).targets) == 2
    assert len(hold_out(4, 5, rng=rng_for(0)).targets) == 0


def make_class(class_id: str, n: int, *, n_right: int):
    rng = rng_for(9, class_id)
    steps = np.where(np.arange(n) < n_right, rng.integers(1, 12, n), 0)
    candidates = Candidates(
        n=n,
        name=f"class {class_id}",
        features=rng.normal(size=(n, 4)),
        probabilities=rng.random(n),
        steps_to_flip=steps,
        n_steps=10,
        margins=rng.normal(size=n),
    )
    exhibits = [exhibit(class_id, number) for number in range(n)]
    return supply_class(
        candidates,
        exhibits,
        class_id=class_id,
        targets=[exhibit(class_id, 900)],
        selectors={name: selection() for name, selection in SELECTIONS.items()},
        rng_for=partial(rng_for, 3),
    )


def test_every_selection_supplies_every_condition():
    supplied = [make_class(str(k), 30, n_right=25) for k in range(6)]
    cast = cast_classes([each.supply for each in supplied])
    assert cast.left_out == {}
    _, trials = trials_of(cast, 6)
    assert len(trials) == 6 * 7
    first = supplied[0]
    chosen = first.selections["adversarial-3+3"]
    group = first.supply.groups["adversarial-3+3"]
    assert [e.stimulus for e in group.prototypes] == [
        f"0-{i}" for i in chosen.prototypes
    ]
    assert group.n_fallbacks == len(chosen.fallbacks)


def test_a_class_hardly_ever_right_is_noted_with_its_numbers():
    supplied = make_class("7", 30, n_right=4)
    assert supplied.supply.shortages["adversarial-6"].startswith(
        "class 7: 6 images classified right wanted, 4 there"
    )
    assert "random-6" in supplied.supply.groups


def group_of(trial: Trial) -> str:
    return str((trial.key or {})["group"])


def framed(cast) -> tuple[list[AssignmentItem], TrialFrame]:
    items = draw_items(cast, 5, rng=rng_for(1, "items"))
    return list(items), TrialFrame(cast=cast, rng_for=partial(rng_for, 1))


def test_a_catch_has_its_target_among_the_images_of_its_group(cast):
    items, frame = framed(cast)
    catches = build_catches(items, frame, n_per_block=2)
    # Ten of each of the seven conditions: two per block, for five blocks.
    assert Counter(t.condition for t in catches) == {c.name: 10 for c in CONDITIONS}
    for trial in catches:
        group = group_of(trial)
        images = [trial.slots[f"group_{group}_{i}"] for i in range(1, 7)]
        assert trial.slots["target"] in images
        assert (trial.role, trial.control) == ("catch", "among_them")
        assert len(trial.sources) == 36
        assert "item" not in (trial.truth or {})
    targets = Counter((t.condition, t.slots["target"]) for t in catches)
    assert set(targets.values()) == {1}
    assert len({trial.id for trial in catches}) == 70


def test_practice_looks_like_a_main_trial_and_asks_about_no_main_image(cast):
    items, frame = framed(cast)
    practice = build_practice(items, frame, n_trials=4)
    targets = {item.target.stimulus for item in items}
    for trial in practice:
        group = group_of(trial)
        class_id = (trial.truth or {})["groups"][int(group) - 1]
        assert trial.slots["target"].startswith(f"{class_id}-")
        assert trial.slots["target"] not in targets
        images = {name for slot, name in trial.slots.items() if slot != "target"}
        assert trial.slots["target"] not in images  # shown elsewhere, not here
        assert (trial.role, trial.condition, trial.control) == ("practice", "", "")
    assert len({trial.slots["target"] for trial in practice}) == 4


def test_with_one_condition_practice_shows_the_target_in_its_group(cast):
    items, frame = framed(cast)
    alone = replace(frame, conditions=CONDITIONS[:1])
    (trial,) = build_practice(items, alone, n_trials=1)
    group = group_of(trial)
    images = [trial.slots[f"group_{group}_{i}"] for i in range(1, 7)]
    assert trial.slots["target"] in images


def test_catches_and_practice_are_the_same_for_the_same_seed(cast):
    items, frame = framed(cast)
    for build in (
        partial(build_catches, n_per_block=1),
        partial(build_practice, n_trials=3),
    ):
        assert build(items, frame) == build(items, frame)
