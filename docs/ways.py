"""The ways through the code, read from the code: who calls whom, file by file.

A way begins at one function and follows every call that the source names: functions,
functions handed on, and methods of what a parameter, a field or a local variable is
annotated as. What is chosen as the program runs (a recruiter, a recipe, a measure) ends
a branch. Each function is walked once, in the order of its lines.

Counted are calls of a function in another file. To ask an object that is already in
hand is no way to another file: its methods are followed, but not counted.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGES = ("study_server", "analysis", "hit_templates", "stimuli")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Call:
    """One function calls another that lies in another file.

    Attributes:
        caller: Its dotted name.
        called: Its dotted name.
        depth: How many such calls lead here.
        is_return: Whether the way has been in that file before.
    """

    caller: str
    called: str
    depth: int
    is_return: bool


@dataclass(frozen=True)
class Way:
    """What a walk met: the files in order, and each call between two of them."""

    files: tuple[str, ...]
    calls: tuple[Call, ...]

    @property
    def n_returns(self) -> int:
        """Calls into a file that the way had left before."""
        return sum(call.is_return for call in self.calls)


@dataclass(frozen=True)
class _Module:
    """A file.

    Attributes:
        name: Dotted.
        imports: Local name -> dotted name of what it stands for.
        definitions: `function`, `Class` and `Class.method` -> where it is defined.
    """

    name: str
    imports: dict[str, str]
    definitions: dict[str, ast.AST]


class Code:
    """Every function of a source tree, by its dotted name."""

    def __init__(self, root: Path) -> None:
        self._modules: dict[str, _Module] = {}
        for package in PACKAGES:
            for path in sorted((root / package).rglob("*.py")):
                module = _read_module(path, root)
                self._modules[module.name] = module

    def walk(
        self, entry: str, within: tuple[str, ...], without: tuple[str, ...]
    ) -> Way:
        """The way from a function, through the modules within these packages."""
        walk = _Walk(self, within, without)
        walk.files.append(self.module_of(entry))
        walk.go(entry, depth=0)
        return Way(tuple(walk.files), tuple(walk.calls))

    def module_of(self, dotted: str) -> str:
        """The module in which a definition lies."""
        while dotted not in self._modules:
            dotted = dotted.rpartition(".")[0]
        return dotted

    def find(self, dotted: str, *, n_left: int = 6) -> str | None:
        """Where a name is defined, through the imports that hand it on."""
        module_name, rest = dotted, ""
        while module_name and module_name not in self._modules:
            module_name, _, last = module_name.rpartition(".")
            rest = f"{last}.{rest}" if rest else last
        if not module_name or not rest or not n_left:
            return None
        module = self._modules[module_name]
        if rest in module.definitions:
            return f"{module_name}.{rest}"
        first, _, others = rest.partition(".")
        if first not in module.imports:
            return None
        target = module.imports[first] + (f".{others}" if others else "")
        return self.find(target, n_left=n_left - 1)

    def node(self, dotted: str) -> ast.AST:
        """The definition of a name that `find` gave."""
        module = self.module_of(dotted)
        return self._modules[module].definitions[dotted[len(module) + 1 :]]

    def named(self, module: str, name: str) -> str | None:
        """What a local name of a module stands for."""
        return self.find(f"{module}.{name}")

    def calls_of(self, function: str) -> Iterator[tuple[str, bool]]:
        """What a function calls or hands on, in order; True for an object's method."""
        node = self.node(function)
        if not isinstance(node, Function):
            return
        module = self.module_of(function)
        types = self._types(function, node)
        for part in _in_order(node):
            if isinstance(part, ast.Call):
                handed = [*part.args, *(word.value for word in part.keywords)]
                for used in (part.func, *handed):
                    found = self._resolve(module, used, types)
                    if found is None:
                        continue
                    if isinstance(self.node(found), Function):
                        yield found, _is_asked(used, types)
                    else:
                        yield from ((method, True) for method in self._made(found))

    def _resolve(
        self, module: str, used: ast.expr, types: dict[str, str]
    ) -> str | None:
        match used:
            case ast.Name(id=name):
                return self.named(module, name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                if name in types:
                    return self.find(f"{types[name]}.{attribute}")
                return self.named(module, f"{name}.{attribute}")
            case ast.Attribute(
                value=ast.Attribute(value=ast.Name(id="self"), attr=name), attr=method
            ):
                held = types.get(f"self.{name}")
                return None if held is None else self.find(f"{held}.{method}")
        return None

    def _made(self, holder: str) -> Iterator[str]:
        """What runs when an object is made, and when it is called."""
        for name in ("__init__", "__post_init__", "__call__"):
            found = self.find(f"{holder}.{name}")
            if found is not None:
                yield found

    def _types(self, function: str, node: Function) -> dict[str, str]:
        """Parameters, fields of self and local variables -> their class."""
        module = self.module_of(function)
        types = {}
        holder = function.rpartition(".")[0]
        if holder != module:
            types["self"] = holder
            for name, annotation in _fields(self.node(holder)):
                self._note(types, f"self.{name}", module, annotation)
        arguments = node.args
        for argument in (*arguments.args, *arguments.kwonlyargs):
            self._note(types, argument.arg, module, argument.annotation)
        for part in _in_order(node):
            match part:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func)):
                    called = self._resolve(module, func, types)
                    if called is not None:
                        self._note_result(types, name, called)
        return types

    def _note_result(self, types: dict[str, str], name: str, called: str) -> None:
        node = self.node(called)
        if isinstance(node, ast.ClassDef):
            types[name] = called
        elif isinstance(node, Function):
            self._note(types, name, self.module_of(called), node.returns)

    def _note(
        self, types: dict[str, str], name: str, module: str, annotation: ast.AST | None
    ) -> None:
        for part in ast.walk(annotation) if annotation is not None else ():
            if isinstance(part, ast.Subscript):
                return
            if isinstance(part, ast.Name | ast.Attribute):
                found = self.named(module, ast.unparse(part))
                if found is not None and isinstance(self.node(found), ast.ClassDef):
                    types[name] = found
                    return


class _Walk:
    def __init__(
        self, code: Code, within: tuple[str, ...], without: tuple[str, ...]
    ) -> None:
        self.files: list[str] = []
        self.calls: list[Call] = []
        self._code = code
        self._within = within
        self._without = without
        self._walked: set[str] = set()

    def go(self, function: str, *, depth: int) -> None:
        self._walked.add(function)
        here = self._code.module_of(function)
        for called, is_asked in dict.fromkeys(self._code.calls_of(function)):
            there = self._code.module_of(called)
            if not _lies_in(there, self._within) or _lies_in(there, self._without):
                continue
            is_counted = there != here and not is_asked
            is_known = called in self._walked
            if is_counted:
                is_return = there in self.files
                self.calls.append(Call(function, called, depth + 1, is_return))
                if not is_return:
                    self.files.append(there)
            if not is_known:
                self.go(called, depth=depth + is_counted)


def _is_asked(used: ast.expr, types: dict[str, str]) -> bool:
    """Whether the function is reached through an object in hand."""
    match used:
        case ast.Attribute(value=ast.Name(id=name)):
            return name in types
        case ast.Attribute():
            return True
    return False


@cache
def read_code(root: Path) -> Code:
    """The source tree there, read once."""
    return Code(root)


def _lies_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in packages)


def _read_module(path: Path, root: Path) -> _Module:
    parts = path.relative_to(root).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    tree = ast.parse(path.read_text("utf-8"))
    package = name if is_package else name.rpartition(".")[0]
    return _Module(name, dict(_imports(tree, package)), dict(_definitions(tree)))


def _imports(tree: ast.Module, package: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            near = (package, node.module) if node.level else (node.module,)
            start = ".".join(part for part in near if part)
            for alias in node.names:
                yield alias.asname or alias.name, f"{start}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name, alias.name


def _definitions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, Function):
                    yield f"{node.name}.{member.name}", member


def _fields(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for part in node.body if isinstance(node, ast.ClassDef) else ():
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            yield part.target.id, part.annotation


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    found = [part for part in ast.walk(node) if isinstance(part, ast.expr | ast.stmt)]
    return iter(sorted(found, key=lambda part: (part.lineno, part.col_offset)))
