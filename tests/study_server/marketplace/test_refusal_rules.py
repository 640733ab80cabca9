"""Every refusal of the requester API has a sentence somewhere that allows it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.loaders
import pytest

from study_server.marketplace.refusal_rules import KINDS, RULES

FOLDER = Path(__file__).parents[3] / "study_server" / "marketplace"
# What makes a refusal, and the rule that is meant where none is given.
REFUSALS = {
    "RequestError": None,
    "ServiceFault": None,
    "does_not_exist": None,
    "wrong_state": None,
    "_invalid": None,
    "schema_error": "schema",
}


@cache
def service_model() -> dict[str, Any]:
    loader = botocore.loaders.Loader()
    found: dict[str, Any] = loader.load_service_model("mturk", "service-2")
    return found


def sentence_at(where: str) -> str:
    """The documentation at an operation, a structure, or a member of one."""
    model = service_model()
    name, _, member = where.partition(".")
    operation = model["operations"].get(name)
    if not member:
        return plain(operation["documentation"])
    shape = model["shapes"][operation["input"]["shape"] if operation else name]
    return plain(shape["members"][member]["documentation"])


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


BY_MODEL = {name: rule for name, rule in RULES.items() if rule.kind == "model"}


@pytest.mark.parametrize("name", BY_MODEL)
def test_a_rule_of_the_service_model_stands_there(name: str):
    rule = BY_MODEL[name]
    assert rule.words
    assert rule.words in sentence_at(rule.where)


def test_the_other_rules_say_where_they_come_from():
    others = [rule for rule in RULES.values() if rule.kind != "model"]
    assert all(rule.kind in KINDS and rule.where and rule.says for rule in others)
    # What nobody has written down is seldom a reason to refuse.
    unwritten = [rule for rule in others if rule.kind in ("seen", "ours")]
    assert len(unwritten) <= 9


def rules_named() -> Iterator[tuple[str, str | None]]:
    """Place and rule of every refusal in the code."""
    for path in sorted(FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if not isinstance(node, ast.Call) or name not in REFUSALS:
                continue
            given = {word.arg: word.value for word in node.keywords}.get("rule")
            place = f"{path.name}:{node.lineno}"
            if isinstance(given, ast.Constant):
                yield place, str(given.value)
            elif given is None:
                yield place, REFUSALS[name]
            # Else a helper passes on what its caller names.


def test_every_refusal_names_a_rule_and_every_rule_is_one_of_a_refusal():
    named = dict(rules_named())
    assert len(named) > 50
    assert [place for place, rule in named.items() if rule not in RULES] == []
    code = "".join(path.read_text("utf-8") for path in FOLDER.rglob("*.py"))
    in_tables = set(re.findall(r"\(-?\d[\w, *_]*, \"([\w-]+)\"\)", code))
    assert set(RULES) - set(named.values()) - in_tables == set()
