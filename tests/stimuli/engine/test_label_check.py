"""Labels that are numbered otherwise than outputs are noticed; bad classifiers are not."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from stimuli.cli import stimuli
from stimuli.engine.label_check import LabelledAnswers, OrderCheck, check_order
from stimuli.engine.label_orders import ilsvrc_places, known_orders
from stimuli.errors import BuildError
from stimuli.records.classes import ClassList, describe_classes
from tests.stimuli import toy


def check(labels, predicted, *, n_classes=None, names=None) -> OrderCheck:
    n = n_classes or int(max(np.max(labels), np.max(predicted))) + 1
    names = names or [f"class {chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(n)]
    answers = LabelledAnswers(
        labels=np.asarray(labels), predicted=np.asarray(predicted), kinds=np.arange(n)
    )
    classes = ClassList(tuple(describe_classes(names, [""] * n)))
    return check_order(answers, "net", classes=classes)


def found(checked: OrderCheck) -> tuple[int, int, str | None, int]:
    if (better := checked.better) is None:
        return checked.n_right, checked.n, None, 0
    return checked.n_right, checked.n, better.name, better.n_right


def test_labels_that_count_from_one_are_told():
    # Thirteen classes by three images; every label is one too high.
    true = np.repeat(np.arange(13), 3)
    checked = check(true + 1, true, n_classes=14)
    assert found(checked) == (0, 39, "one-lower", 39)
    assert "0 of 39 images (0.0 %) are right as the labels stand, 39 (100.0 %) if" in (
        checked.warning()
    )


def test_a_background_class_first_is_told():
    labels = np.arange(40)
    assert found(check(labels, labels + 1, n_classes=41)) == (0, 40, "one-higher", 40)


def test_numbers_sorted_as_text_are_told_either_way_round():
    # 0, 1, 10, 11, 2, ..., 9: only 0 and 1 keep their places, so 4 of 24 are right.
    places = np.array([0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9])
    labels = np.repeat(np.arange(12), 2)
    text_labels = check(labels, places[labels])
    assert found(text_labels) == (4, 24, "numbers-as-text", 24)
    assert "the labels are numbered" in text_labels.warning()
    text_outputs = check(places[labels], labels)
    assert found(text_outputs) == (4, 24, "numbers-as-text", 24)
    assert "the classifier's outputs are numbered" in text_outputs.warning()


def test_the_alphabetical_order_of_names_is_told():
    names = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse"]
    # Sorted: bird, car, cat, deer, dog, frog, horse, plane.
    rank = np.array([7, 1, 0, 2, 3, 4, 5, 6])
    labels = np.repeat(np.arange(8), 3)
    assert found(check(labels, rank[labels], names=names)) == (
        3,
        24,
        "alphabetical",
        24,
    )


def test_the_order_of_imagenets_development_kit_is_told():
    places = ilsvrc_places()
    # ILSVRC2012_ID 1 is n02119789, the kit fox: number 278 of the WordNet ids sorted.
    assert (places[0], len(set(places.tolist()))) == (278, 1000)
    labels = np.arange(1000)
    from_zero = check(labels, places)
    assert found(from_zero) == (0, 1000, "ilsvrc2012-ids", 1000)
    # Counted from 1 as the kit does, the last class (1000) has no output.
    from_one = check(labels[1:], places[:-1], n_classes=1000)
    assert found(from_one)[2:] == ("ilsvrc2012-ids", 999)


def test_any_other_order_is_learned_and_judged_on_the_other_half():
    order = np.array([3, 1, 7, 0, 9, 2, 8, 4, 5, 6])
    labels = np.repeat(np.arange(10), 4)
    checked = check(labels, order[labels])
    # Class 1 alone stands for itself: 4 of 40.
    assert found(checked) == (4, 40, "learned", 40)
    assert "class aa (0) for class ad (3)" in checked.warning()
    assert "9 classes stand for others" in checked.warning()


def test_a_known_order_that_fits_in_part_is_not_taken_for_the_cause():
    # Sixteen classes under twelve labels: four of them are where a background class
    # would put them, twelve can be right.
    true = np.repeat(np.arange(16), 20)
    rng = np.random.default_rng(2)
    predicted = np.where(rng.random(320) < 0.6, true, rng.integers(0, 16, 320))
    checked = check((5 * true + 3) % 12, predicted)
    assert checked.better is not None
    assert checked.better.name == "learned"
    # 0.6 * 12 / 16 = 0.45, and a few by chance.
    assert 0.4 < checked.better.n_right / 320 < 0.55


def test_folders_of_ten_classes_beside_a_thousand_outputs_are_told():
    outputs = np.array([0, 217, 482, 491, 497, 566, 569, 571, 574, 701])
    labels = np.repeat(np.arange(10), 6)
    checked = check(labels, outputs[labels], n_classes=1000)
    assert found(checked) == (6, 60, "learned", 60)


def test_a_poor_classifier_with_shifted_labels_is_told():
    rng = np.random.default_rng(5)
    true = np.repeat(np.arange(20), 20)
    is_right = rng.random(400) < 0.3
    predicted = np.where(is_right, true, rng.integers(0, 20, 400))
    checked = check((true + 1) % 20, predicted)
    assert checked.better is not None
    assert checked.better.name == "one-lower"


@pytest.mark.parametrize("n_classes", [2, 3, 10, 200])
@pytest.mark.parametrize("n_images", [10, 60, 600])
def test_a_classifier_that_guesses_is_only_bad(n_classes, n_images):
    rng = np.random.default_rng([n_classes, n_images])
    for _ in range(8):
        labels, predicted = rng.integers(0, n_classes, (2, n_images))
        assert check(labels, predicted, n_classes=n_classes).better is None


def test_a_good_classifier_is_never_told_off():
    rng = np.random.default_rng(1)
    for share in (0.5, 0.7, 0.95):
        labels = np.repeat(np.arange(10), 30)
        # Errors go to the next class, as among relatives in ImageNet's order.
        wrong = np.minimum(labels + 1, 9)
        predicted = np.where(rng.random(300) < share, labels, wrong)
        assert check(labels, predicted).better is None


def test_mistakes_that_all_go_one_way_are_no_order():
    # Of each of three classes, 35 in 100 are right and 62 are the next: 186 of 300
    # under the exchange is more than 105, by far more than chance, and not enough.
    labels = np.repeat(np.arange(3), 100)
    steps = np.tile(np.repeat([0, 1, 2], [35, 62, 3]), 3)
    assert found(check(labels, (labels + steps) % 3)) == (105, 300, None, 0)


def test_one_answer_to_everything_fits_no_order():
    # 90 images of class 0 and ten of class 1: "1" of all is right on a tenth, and
    # would be on nine tenths if the labels were exchanged.
    labels = np.repeat([0, 1], [90, 10])
    assert check(labels, np.ones(100, dtype=int)).better is None
    lopsided = np.repeat(np.arange(5), [5, 80, 5, 5, 5])
    assert check(lopsided, np.full(100, 2), n_classes=5).better is None


def test_ten_images_say_nothing():
    labels = np.arange(10)
    assert check(labels + 1, labels, n_classes=11).better is None
    assert check(labels, np.roll(labels, 4)).better is None


def test_one_image_per_class_in_another_order_is_no_better_than_guessing():
    # 200 classes by one image: no half tells of the other, and none is right.
    checked = check(np.arange(200), np.roll(np.arange(200), 71))
    assert checked.better is None
    assert "right on 0 of 200 images (0.0 %), no more than guessing among 200" in (
        checked.warning()
    )


@pytest.mark.parametrize(
    ("n_right", "n_images", "n_classes", "is_told"),
    [
        # One in 40 of 40 images: three or more come with 0.078, four or more with 0.018.
        (3, 40, 40, True),
        (4, 40, 40, False),
        (18, 40, 2, True),
        (22, 40, 2, False),
        (0, 19, 40, False),
        # A poor classifier of a thousand classes is far from guessing.
        (3, 40, 1000, False),
    ],
)
def test_only_what_guessing_gives_is_told(n_right, n_images, n_classes, is_told):
    checked = OrderCheck(
        classifier="net", n=n_images, n_right=n_right, n_kinds=n_classes
    )
    assert bool(checked.warning()) is is_told


def test_two_classes_are_told_only_when_nearly_all_are_exchanged():
    labels = np.repeat([0, 1], 20)
    # 12 of 40 right is what guessing gives now and then; 2 of 40 is not.
    few, next_to_none = labels.copy(), 1 - labels
    few[[*range(14), *range(20, 34)]] ^= 1
    next_to_none[[0, 20]] ^= 1
    assert found(check(labels, few)) == (12, 40, None, 0)
    assert found(check(labels, next_to_none)) == (2, 40, "learned", 38)


def test_groups_are_what_counts_where_there_are_groups():
    # Within a group everything is right as it stands, whatever the numbers.
    labels = np.repeat(np.arange(6), 10)
    predicted = (labels + 1) % 6
    answers = LabelledAnswers(
        labels=labels, predicted=predicted, kinds=np.zeros(6, dtype=np.int64)
    )
    classes = ClassList(tuple(describe_classes(list("abcdef"), [""] * 6)))
    checked = check_order(answers, "net", classes=classes)
    assert (checked.n_right, checked.better) == (60, None)


def test_every_known_order_differs_from_the_given_one_and_from_the_others():
    orders = known_orders([f"a{1000 - i}" for i in range(1000)])
    outputs = [tuple(order.outputs) for order in orders]
    assert len(set(outputs)) == len(outputs)
    assert tuple(range(1000)) not in outputs
    assert {order.name for order in orders} == {
        *("one-lower", "one-higher", "numbers-as-text", "alphabetical"),
        *("numbers-in-names", "ilsvrc2012-ids"),
    }


def paint_shifted(folder, *, n_classes=9) -> None:
    """Thirty-nine pictures of the first classes, whose labels are one too high."""
    lines = ["file,label"]
    for i in range(39):
        true = i % n_classes
        toy.paint(folder / f"photos/{i:02}.png", true, 9, confidence=150 + i)
        lines.append(f"{i:02}.png,{true + 1}")
    (folder / "photos/labels.csv").write_text("\n".join(lines))


def test_a_build_says_before_anybody_is_asked_that_labels_are_numbered_apart(tmp_path):
    paint_shifted(tmp_path)
    args = ["build", str(toy.write_recipe(tmp_path)), "--out", str(tmp_path / "set")]
    ran = CliRunner().invoke(stimuli, args)
    assert ran.exit_code == 0
    assert "WARNING: labels and outputs of toy seem to be numbered apart" in ran.stderr
    assert "0 of 39 images" in ran.stderr
    summary = json.loads((tmp_path / "set/summary.json").read_text("utf-8"))
    (warning,) = summary["warnings"]
    assert "39 (100.0 %) if every label means the output before" in warning
    order = summary["classifiers"][0]["label_order"]
    assert (order["n_right"], order["n_labelled"]) == (0, 39)
    assert (order["better"]["name"], order["better"]["n_right"]) == ("one-lower", 39)
    # Asked again, it says so again.
    assert "WARNING" in CliRunner().invoke(stimuli, args).stderr


def test_a_build_that_stops_over_wrong_labels_says_so_too(tmp_path):
    paint_shifted(tmp_path, n_classes=3)
    # The five of class 0, 1 and 2 are these, 9, and what is left of 0 to 3: the label
    # is always among them, so that no image is an error.
    kind = 'kind = "misclassified"\nshows = "top5-of-top5-errors"'
    recipe = toy.write_recipe(tmp_path, recipe=kind)
    with pytest.raises(BuildError, match="warning: labels and outputs of toy seem"):
        toy.build(recipe, tmp_path / "set")
