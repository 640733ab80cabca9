"""Rooms by feature: small, with their layers written down, and one word per thing."""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Final

import grimp
import pytest

PACKAGES: Final = ("stimuli", "hit_templates", "analysis", "study_server")
MOST_MODULES: Final = 20

# A class name that means one thing in two places, and why it does.
SAME_WORD: Final[dict[str, str]] = {
    "Assignment": "MTurk's, as a row of either database; and a paradigm's name",
    "Hit": "MTurk's, as a row of either database",
    "SignIn": "a row of either database",
    "SignInAttempt": "a row of either database",
    "Stimulus": "a set's record, and the row that keeps it",
    "Trial": "a set's record, and the row that keeps it",
    "Worker": "a person as the market names them, as a row of either database",
}

# A module that one module beside it imports and no other, and why it stands alone.
STANDS_ALONE: Final = {
    "its numbers are computed apart from how they are told": (
        "analysis.comparing.sides",
        "analysis.measures.assignment.logistic_models",
        "analysis.measures.responses.response_times",
        "analysis.people.attrition",
        "study_server.web.dashboard.charts",
    ),
    "a part of a report by itself; what imports it only puts parts together": (
        "analysis.comparing.share_sections",
        "analysis.comparing.side_sections",
        "analysis.comparing.study_sections",
        "analysis.reporting.people_overlap",
    ),
    "tables and figures; with the section they would pass 350 lines": (
        "analysis.measures.adversarial.tables",
        "analysis.measures.assignment.tables",
        "analysis.measures.imported_responses.tables",
        "analysis.measures.preferences.tables",
        "analysis.measures.rectified_error.figures",
        "analysis.measures.rectified_error.tables",
        "analysis.measures.representation.tables",
        "analysis.measures.responses.tables",
        "analysis.measures.responses.time_tables",
    ),
    "one subject, read by itself; together they would pass 350 lines": (
        "analysis.importing.hits.flattened_answers",
        "analysis.importing.observers",
        "analysis.statistics.panel_chances",
        "analysis.measures.responses.ordered_choices",
        "analysis.statistics.models.quadrature",
        "hit_templates.reading",
        "hit_templates.categorise.people",
        "hit_templates.prefer.people",
        "stimuli.classifiers.torchvision_models",
        "stimuli.engine.assembling",
        "stimuli.engine.picture_notes",
        "stimuli.observing.program",
        "stimuli.methods.attacks._checking",
        "stimuli.methods.selection._kernel_width",
        "stimuli.methods.selection._rbf_kernel",
        "stimuli.rendering.boards",
        "stimuli.sources.eight_bit_rgb",
        "stimuli.zoo.fitting",
        "stimuli.zoo.measuring",
        "study_server.cli._market",
        "study_server.marketplace.questions.question_form_checks",
        "study_server.recruiters.mturk.failures",
        "study_server.recruiters.mturk.records",
        "study_server.services.blocks.crossing",
        "study_server.services.blocks.part_cutting",
        "study_server.services.bundles.imported_rows",
        "study_server.services.bundles.rows",
        "study_server.services.market.page_intake",
        "study_server.services.simulation.simulated_person",
    ),
    "a list that grows: facts of the field, rules, wordings, refusals": (
        "analysis.people.exclusion_rules.response_rules",
        "analysis.people.exclusion_rules.session_rules",
        "stimuli.engine.label_orders",
        "study_server.marketplace.refusal_rules",
        "study_server.services.study_files.page_texts",
    ),
    "a painter of the demo world; what imports it only says which meet": (
        "stimuli.scenes.backdrops",
        "stimuli.scenes.foreground",
        "stimuli.scenes.grounds",
        "stimuli.scenes.photography",
        "stimuli.scenes.raymarch",
        "stimuli.scenes.repainting",
    ),
    "it needs what its importer must not: torch, Ray, boto3, a network": (
        "stimuli.engine.repredicting",
        "stimuli.engine.running.on_ray",
        "stimuli.observing.asking",
        "stimuli.observing.classifying",
        "stimuli.probing.sheet",
        "stimuli.publishing.uploading",
    ),
    "another guard: it protects a server, a purse or an import by itself": (
        "stimuli.classifiers.user_imports",
        "study_server.services.participation.start_limits",
        "study_server.web.participation.resuming",
        "study_server.webkit.request_rates",
    ),
    "sent to other processes, or to rows of another kind": (
        "stimuli.engine.judging_stage",
        "stimuli.observing.looking",
        "study_server.cli._processes",
        "study_server.marketplace.work.review_notes",
    ),
    "counts without people, beside bundles of people": (
        "analysis.importing.count_bundles",
    ),
    "a section of study files, as every feature with settings has one": (
        "hit_templates.attributes.settings",
        "hit_templates.categorise.settings",
        "hit_templates.prefer.settings",
    ),
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


@pytest.fixture(scope="module")
def rooms(repository: Path) -> dict[str, list[str]]:
    """Every folder of modules, and the names of what lies in it."""
    found = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((repository / package).rglob("*.py")):
            parts = path.relative_to(repository).with_suffix("").parts
            if "versions" in parts:
                continue
            if parts[-1] == "__init__":
                parts = parts[:-1]
            if len(parts) > 1:
                found[".".join(parts[:-1])].append(parts[-1])
    return dict(found)


def test_a_room_has_at_most_twenty_modules(
    repository: Path, rooms: dict[str, list[str]]
):
    sizes = {
        room: sum(
            (repository / room.replace(".", "/") / f"{name}.py").is_file()
            for name in names
        )
        for room, names in rooms.items()
    }
    assert sizes["study_server.services.participation"] > 10  # it looks at modules
    assert {room: n for room, n in sizes.items() if n > MOST_MODULES} == {}


def test_every_room_has_its_layers(repository: Path, rooms: dict[str, list[str]]):
    settings = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))
    layered = {
        container
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers" and contract.get("exhaustive")
        for container in contract["containers"]
    }
    assert sorted({r for r, names in rooms.items() if len(names) > 1} - layered) == []
    # What is gone leaves the list.
    assert sorted(layered - set(rooms)) == []


def test_a_public_class_name_means_one_thing(repository: Path):
    places = defaultdict(set)
    for package in PACKAGES:
        for path in (repository / package).rglob("*.py"):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].add(str(path.relative_to(repository)))
    doubled = {name: sorted(at) for name, at in places.items() if len(at) > 1}
    assert {name: at for name, at in doubled.items() if name not in SAME_WORD} == {}
    assert sorted(set(SAME_WORD) - set(doubled)) == []


def test_a_module_with_one_importer_beside_it_says_why(
    graph: grimp.ImportGraph, repository: Path
):
    alone = {}
    for module in graph.modules:
        importers = graph.find_modules_that_directly_import(module)
        room = module.rpartition(".")[0]
        is_package = (repository / module.replace(".", "/") / "__init__.py").is_file()
        if len(importers) != 1 or is_package:
            continue
        (importer,) = importers
        is_measure = module.startswith("analysis.measures.")
        if is_measure and module.endswith(".numbers"):
            continue  # a measure is a folder of numbers and a section
        if importer.rpartition(".")[0] == room and not graph.find_children(importer):
            alone[module] = importer
    explained = {module for modules in STANDS_ALONE.values() for module in modules}
    assert {at: by for at, by in alone.items() if at not in explained} == {}
    # What has become part of another, or found a second importer, leaves the list.
    assert sorted(explained - set(alone)) == []
