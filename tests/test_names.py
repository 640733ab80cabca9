"""No code names a paradigm, a question or a recruiter outside of its own folder.

Whoever reads responses reads what is declared, and whoever recruits asks the recruiter;
a name in a comparison or a table is a list that the next paradigm is missing from.
Documents, replications and tests are apart: they speak of particular studies.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from hit_templates.base import find_paradigms
from study_server.recruiters.registry import RECRUITERS

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("stimuli", "study_server", "analysis", "hit_templates")
PARADIGMS: Final = frozenset(find_paradigms().own)
QUESTIONS: Final = frozenset(
    name for one in find_paradigms().own.values() for name in one.questions
)
SOURCES: Final = frozenset(RECRUITERS.own)
HEADING: Final = re.compile(rf"\[recruiter\.({'|'.join(sorted(SOURCES))})\]")

# Words that mean something else as well, wherever they stand.
WORDS: Final = {
    "any": "an English word: devices, votes, rules",
    "category": "a column of tables that people write: the class, or what is right",
    "simulated": "an environment beside live and pilot",
}
# File and what it names, with the reason.
EXCEPTIONS: Final = {
    ("stimuli/recipes/questions.py", "relevant each assignment assignment-told-apart "
     "attributes odd-one-out"): "the recipes' own words, which ids of trials are made of",
    ("stimuli/recipes/predicted_classes.py", "each"): "a value of recipe files (ask)",
    ("stimuli/sources/known_contents.py", "relevant"): "a column of tables that people write",
    ("analysis/bundles/declarations.py", "attributes"): "what bundles of 0.1 do not declare",
    ("analysis/reporting/people_overlap.py", "lab"): "what bundles of 0.1 do not declare",
    ("analysis/reporting/people_overlap.py", "link"): "a key of study files of 0.1",
    ("analysis/bundles/example.py", "relevance relevant lab"): "a made-up study to read",
    ("analysis/importing/formats/mturk_csv.py", "mturk"): "whose files it reads",
    ("analysis/importing/formats/mturk_json.py", "mturk"): "whose files it reads",
    ("study_server/marketplace/protocol/service_model.py", "mturk"): "botocore's name of its service",
    ("stimuli/recipes/__init__.py", "categorise"): "a kind of set",
    ("stimuli/recipes/categorise.py", "categorise"): "a kind of set",
    ("stimuli/recipes/gradients.py", "preferred best-and-worst"): "values of recipe files (asks)",
    ("study_server/cli/demo.py", "relevance categorise"): "the names of demos",
    ("study_server/cli/hit.py", "assignment"): "MTurk's word for MTurk's thing",
    ("study_server/store/tables/market.py", "assignment"): "MTurk's word for its thing",
    ("study_server/services/participation/steps.py", "link"): "a part of addresses",
    ("study_server/services/study_files/page_texts.py", "link"): "a page's wording",
    ("study_server/web/failures.py", "link"): "a page's wording",
    ("study_server/services/study_files/init.py", "mturk"): "published studies",
}  # fmt: skip
ALLOWED: Final = {(path, name) for path, names in EXCEPTIONS for name in names.split()}


def test_names_stay_in_their_own_folders():
    found = {
        (path, name): line
        for path, name, line in _named()
        if name not in WORDS and not _is_own(path, name)
    }
    strays = sorted(set(found) - ALLOWED)
    assert not strays, [f"{path}:{found[path, name]}: {name}" for path, name in strays]
    # What is mended leaves the list.
    assert not sorted(ALLOWED - set(found))


@pytest.mark.parametrize("name", sorted(PARADIGMS | QUESTIONS | SOURCES))
def test_a_name_that_is_compared_with_is_found(name: str):
    tree = ast.parse(f"def f(asked):\n    return asked == {name!r}\n")
    assert [found for found, _ in _names_in(tree)] == [name]


def test_headings_of_recruiters_are_found_in_longer_texts():
    tree = ast.parse("print(f'add [recruiter.lab] to {file}')")
    assert [found for found, _ in _names_in(tree)] == ["lab"]


def _is_own(path: str, name: str) -> bool:
    owners = {name}
    if name in QUESTIONS:
        paradigms = find_paradigms().own.items()
        owners |= {folder for folder, one in paradigms if name in one.questions}
    return bool(owners & set(Path(path).parts[:-1]))


def _named() -> Iterator[tuple[str, str, int]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            for name, line in _names_in(tree):
                yield path.relative_to(ROOT).as_posix(), name, line


def _names_in(tree: ast.AST) -> Iterator[tuple[str, int]]:
    documents = {id(node.value) for node in _docstrings(tree)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) in documents:
            continue
        if node.value in PARADIGMS | QUESTIONS | SOURCES:
            yield node.value, node.lineno
        for heading in HEADING.finditer(node.value):
            yield heading[1], node.lineno


def _docstrings(tree: ast.AST) -> Iterator[ast.Expr]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and node.body and isinstance(node.body[0], ast.Expr):
            yield node.body[0]
