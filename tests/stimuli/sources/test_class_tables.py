"""The coarse groups of ImageNet: whole, disjoint, and right where it is plain."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from stimuli.manifest import ClassInfo
from stimuli.records.classes import ClassList
from stimuli.sources.class_tables import read_groups


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "stimuli" / "groups"


@pytest.fixture(scope="module")
def groups(folder) -> dict[str, str]:
    infos = tuple(ClassInfo(id=str(i), name=f"class {i}") for i in range(1000))
    return read_groups(folder / "imagenet_coarse.csv", ClassList(infos=infos))


def test_every_class_is_in_exactly_one_group(groups):
    assert set(groups) == {str(i) for i in range(1000)}
    counts = Counter(groups.values())
    assert len(counts) == 24
    # Six prototypes, and some left as targets.
    assert min(counts.values()) >= 12


def test_ranges_cover_0_to_999_once_and_make_the_same_groups(folder):
    with (folder / "imagenet_ranges.csv").open(newline="") as handle:
        ranges = list(csv.DictReader(handle))
    spelled = [
        (str(index), row["group"])
        for row in ranges
        for index in range(int(row["first"]), int(row["last"]) + 1)
    ]
    assert [index for index, _ in spelled] == [str(i) for i in range(1000)]
    with (folder / "imagenet_coarse.csv").open(newline="") as handle:
        written = [(row["class"], row["group"]) for row in csv.DictReader(handle)]
    assert written == spelled


@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("fish", [0, 1, 6, 389, 397]),
        ("birds", [7, 24, 80, 100, 127, 134, 146]),
        ("amphibians and reptiles", [25, 50, 68]),
        ("hounds and terriers", [151, 162, 204]),
        ("other dogs", [207, 235, 268]),
        ("cats", [281, 282, 283, 284, 285, 291]),
        ("wild carnivores", [269, 277, 296, 388]),
        ("insects and spiders", [75, 301, 326]),
        ("monkeys and apes", [365, 382]),
        ("hoofed animals", [339, 340, 344, 355]),
        ("musical instruments", [402, 579, 889]),
        ("land vehicles", [407, 517, 779, 817]),
        ("ships and aircraft", [404, 510, 895]),
        ("tools and weapons", [587, 726, 784]),
        ("sports and toys", [430, 852, 981]),
        ("food and drink", [924, 954, 963]),
        ("plants and landscapes", [970, 980, 985, 998]),
        ("furniture and household", [526, 765, 999]),
    ],
)
def test_what_is_plain_is_so(groups, group, members):
    assert {groups[str(index)] for index in members} == {group}


def test_dogs_are_dogs_and_nothing_else_is(groups):
    dogs = {
        int(i) for i, g in groups.items() if g in {"hounds and terriers", "other dogs"}
    }
    assert dogs == set(range(151, 269))


@pytest.mark.real_data
def test_names_that_end_in_a_kind_are_in_its_group(groups, real_data):
    with (real_data / "photos" / "labels.csv").open(newline="") as handle:
        names = {row["label"]: row["name"] for row in csv.DictReader(handle)}
    kinds = {
        "shark": "fish",
        "snake": "amphibians and reptiles",
        "terrier": "hounds and terriers",
        "retriever": "other dogs",
        "fox": "wild carnivores",
        "bear": "wild carnivores",
        "monkey": "monkeys and apes",
        "crab": "sea creatures",
        "truck": "land vehicles",
        "guitar": "musical instruments",
        "piano": "musical instruments",
        "squash": "food and drink",
        "ball": "sports and toys",
        "boot": "clothing and what is worn",
        "bottle": "kitchenware and containers",
        "clock": "devices and stationery",
        "bridge": "buildings and streets",
    }
    for index, name in names.items():
        for kind, group in kinds.items():
            if name.split()[-1] == kind:
                assert groups[index] == group, name
