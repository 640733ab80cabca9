"""The page on the rooms of the code and the ways through them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from ways import PACKAGES, Way, read_code

ROOT = Path(__file__).parents[1]
_SERVER = ("study_server.web", "study_server.services")
_BOTTOM_OF_STIMULI = (
    "stimuli.errors", "stimuli.files", "stimuli.manifest", "stimuli.plugins",
    "stimuli.records", "stimuli.starters",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Route:
    """A way worth drawing, and what it was when all modules lay in flat folders.

    Attributes:
        title: What goes this way.
        says: What happens on it, in a sentence.
        entry: The function where it begins.
        within: Packages that it is followed in.
        without: Packages in these that are not counted: what lies at the bottom.
        before: Files, calls between files and returns in the flat layout.
        is_halved: Whether it has to have at most half of those returns.
    """

    title: str
    says: str
    entry: str
    within: tuple[str, ...]
    without: tuple[str, ...] = ()
    before: tuple[int, int, int]
    is_halved: bool = True


ROUTES = (
    Route(
        title="A response",
        says="A browser posts what somebody did on a trial; when the reply comes, it "
        "is on disk.",
        entry="study_server.web.participation.participant.respond",
        within=_SERVER,
        before=(14, 15, 2),
    ),
    Route(
        title="A HIT, to the market",
        says="What is missing to n valid responses is quoted, agreed to, written down "
        "and posted.",
        entry="study_server.services.market.posting.post_missing",
        within=_SERVER,
        before=(19, 55, 37),
    ),
    Route(
        title="A HIT, taken in",
        says="Assignments that were handed in become sessions and responses, judged by "
        "the study's rules.",
        entry="study_server.services.market.collecting.sync",
        within=_SERVER,
        before=(23, 43, 21),
    ),
    Route(
        title="A recipe, to a set",
        says="A recipe is read and checked, its images are predicted on shard by "
        "shard, and the set is put together.",
        entry="stimuli.engine.building.Builder.build",
        within=("stimuli",),
        without=_BOTTOM_OF_STIMULI,
        before=(32, 83, 52),
    ),
    Route(
        title="A bundle, out of the database",
        says="A study is written as tables with a dictionary.",
        entry="study_server.services.bundles.exporting.export_study",
        within=_SERVER,
        before=(7, 18, 12),
        is_halved=False,
    ),
    Route(
        title="A bundle, to a report",
        says="Every measure that fits brings its part; the parts become a page, "
        "tables and figures.",
        entry="analysis.reporting.report.make_report",
        within=("analysis",),
        without=("analysis.errors", "analysis.statistics", "analysis.elements"),
        before=(26, 50, 25),
        is_halved=False,
    ),
)

_INTRO = """# Architecture

Four packages, one above the other: `study_server` over `analysis` over `hit_templates`
over `stimuli`. Inside each, rooms by feature: a folder holds what one feature needs, and
its layers are written down in `pyproject.toml`, where a module that nobody placed fails
`make check`. `tests/test_rooms.py` keeps a room at 20 modules, a public class name at
one meaning, and asks of every module with a single importer beside it why it is not
part of that one.
"""

_WAYS_INTRO = """## Ways

What happens to a response, a HIT, a recipe and a bundle, drawn from the code: each line
is a call of a function in another file, under the function that calls it. ↩ marks a
return: a call into a file that the way has left before. What is chosen as the program
runs, such as a recruiter, a recipe or a measure, ends a branch; what an object in hand
is asked is followed, but is no call between files. Queries (`store`) and recruiters lie
below the services' ways, records and readers of files below the stimuli's.

`tests/test_architecture.py` holds these drawings against the code, and the returns of
the first four at half of what they were when the modules lay in flat folders.
"""


def architecture_page() -> str:
    """The rooms and the ways, as Markdown."""
    code = read_code(ROOT)
    ways = [
        (route, code.walk(route.entry, route.within, route.without)) for route in ROUTES
    ]
    parts = [_INTRO, "## Rooms\n", *map(_rooms, PACKAGES), _WAYS_INTRO, _counts(ways)]
    for route, way in ways:
        parts += [f"### {route.title}\n\n{route.says}\n\n{_drawing(route, way)}"]
    return "\n".join(parts)


def _rooms(package: str) -> str:
    rows = [f"### {package}\n", "| room | what is in it | modules |", "|---|---|---|"]
    for init in sorted((ROOT / package).rglob("__init__.py")):
        folder = init.parent
        modules = [
            path.stem
            for path in sorted(folder.glob("*.py"))
            if not path.stem.startswith("__")
        ]
        name = ".".join(folder.relative_to(ROOT).parts)
        says = (ast.get_docstring(ast.parse(init.read_text("utf-8"))) or "").split("\n")
        listed = ", ".join(f"`{module}`" for module in modules)
        rows.append(f"| `{name}` | {says[0]} | {listed} |")
    return "\n".join(rows) + "\n"


def _counts(ways: list[tuple[Route, Way]]) -> str:
    head = (
        "| way | files before | calls | returns | files now | calls | returns |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    rows = []
    for route, way in ways:
        now = (len(way.files), len(way.calls), way.n_returns)
        numbers = " | ".join(str(number) for number in (*route.before, *now))
        rows.append(f"| {route.title} | {numbers} |")
    return head + "\n".join(rows) + "\n"


def _drawing(route: Route, way: Way) -> str:
    lines = [_short(route.entry)]
    for call in way.calls:
        mark = "↩ " if call.is_return else ""
        lines.append(f"{'  ' * call.depth}{mark}{_short(call.called)}")
    return "```text\n" + "\n".join(lines) + "\n```\n"


def _short(dotted: str) -> str:
    return dotted.partition(".")[2]
