"""What a mutant changes, and whether that is only what a message says."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from difflib import unified_diff


def differences(mutated: str) -> Mapping[str, str]:
    """What each mutant changes in its function.

    `mutmut show` says the same, in seconds for each.

    Args:
        mutated: A module as mutmut writes it: beside every function `f`, one
            `f__mutmut_orig` and as many `f__mutmut_1`, `f__mutmut_2`, ...

    Returns:
        mutmut's name, without the module, to a unified difference whose first line is
        the function's.
    """
    lines = mutated.splitlines()
    found: dict[str, list[str]] = {}
    for node in ast.walk(ast.parse(mutated)):
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name:
            body = lines[node.lineno - 1 : node.end_lineno]
            plain = node.name.split("__mutmut_")[0]
            found[node.name] = [body[0].replace(node.name, plain), *body[1:]]
    return {
        name: "\n".join(
            unified_diff(
                found[f"{name.split('__mutmut_')[0]}__mutmut_orig"], body, lineterm=""
            )
        )
        for name, body in found.items()
        if not name.endswith("__mutmut_orig")
    }


def changed(shown: str) -> list[str]:
    """Lines of a difference that were taken out and put in, signs first."""
    lines = [line for line in shown.splitlines() if re.match(r"[-+](?![-+])", line)]
    return [f"{line[0]} {line[1:].strip()}" for line in lines]


def is_text(source: str, name: str, shown: str) -> bool:
    """Whether the changed lines lie in a `raise`, or differ in a text with blanks."""
    lines = [line[2:] for line in changed(shown)]
    if len(lines) == 2 and len({_without_sentences(line) for line in lines}) == 1:
        return True
    start = _line_of_hunk(shown)
    first = _function_line(source, name)
    if start is None or first is None:
        return False
    at = first - 1 + start
    return any(
        isinstance(node, ast.Raise) and node.lineno <= at <= (node.end_lineno or 0)
        for node in ast.walk(ast.parse(source))
    )


def _without_sentences(line: str) -> str:
    # Every text is looked at, so that none ends where the next one begins.
    return re.sub(r'"([^"]*)"', lambda m: '""' if " " in m[1] else m[0], line)


def _line_of_hunk(shown: str) -> int | None:
    """Line, counted from the function's first, of the first one taken out."""
    lines = shown.splitlines()
    for place, line in enumerate(lines):
        if found := re.match(r"@@ -(\d+)", line):
            for before, after in enumerate(lines[place + 1 :]):
                if after.startswith("-"):
                    return int(found[1]) + before
    return None


def _function_line(source: str, name: str) -> int | None:
    """Line where the function begins that a mutant is named after."""
    plain = name.rsplit(".", 1)[-1].split("__mutmut_")[0]
    owner, _, wanted = plain.rpartition("ǁ")
    wanted = wanted.removeprefix("x_")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and owner.endswith(node.name):
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and each.name == wanted:
                    return _start(each)
        if not owner and isinstance(node, ast.FunctionDef) and node.name == wanted:
            return _start(node)
    return None


def _start(function: ast.FunctionDef) -> int:
    return min([function.lineno, *(each.lineno for each in function.decorator_list)])
