"""Which mutants only change what a message says."""

from __future__ import annotations

import ast
import re


def changed(shown: str) -> list[str]:
    """Lines of a difference that were taken out and put in, signs first."""
    lines = [line for line in shown.splitlines() if re.match(r"[-+](?![-+])", line)]
    return [f"{line[0]} {line[1:].strip()}" for line in lines]


def is_text(source: str, name: str, shown: str) -> bool:
    """Whether the changed lines lie in a `raise`, or differ in a text with blanks."""
    lines = [line[2:] for line in changed(shown)]
    pattern = re.compile(r'f?"[^"]* [^"]*"')
    if len(lines) == 2 and len({pattern.sub('""', line) for line in lines}) == 1:
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
