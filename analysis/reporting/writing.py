"""Tables as CSV and LaTeX, figures as SVG, PDF and PNG."""

from __future__ import annotations

import io
import re
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from analysis.bundles.csv_frames import write_csv
from analysis.elements.figures import COLOURS, INK, LINE, QUIET, STYLE
from analysis.elements.sections import DataTable, Drawing, ShownTrial

_TEX: Final = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "−": "$-$",
    "“": "``",
    "”": "''",
    "\N{NARROW NO-BREAK SPACE}": r"\,",
    "\N{NO-BREAK SPACE}": "~",
}
# Bytes that change from run to run would make every report look different.
_METADATA: Final[dict[str, dict[str, Any]]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
# The ground is the first thing that a figure draws.
_WHITE_GROUND: Final = "fill: #ffffff"
# Fine enough for print at the width of a column.
_PNG_DPI: Final = 300


def write_table(table: DataTable, *, folder: Path, has_raw_cells: bool = False) -> None:
    """`NAME.csv` with unrounded numbers and `NAME.tex` as read in the page."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table.name}.csv"
    write_csv(table.numbers, path, is_raw=has_raw_cells)
    (folder / f"{table.name}.tex").write_text(to_latex(table), "utf-8")


def to_latex(table: DataTable) -> str:
    """The table as shown, for a document that uses booktabs."""
    columns = list(table.shown.columns)
    n_words = table.text_columns
    layout = "l" * n_words + "r" * (len(columns) - n_words)
    body = [_tex_row(row) for row in table.shown.itertuples(index=False)]
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_tex(table.caption)}}}",
        rf"\label{{tab:{table.name.replace('_', '-')}}}",
        rf"\begin{{tabular}}{{{layout}}}",
        r"\toprule",
        _tex_row(columns),
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape_tex(text: str) -> str:
    r"""Text that LaTeX sets as it is.

    >>> print(escape_tex("9.5 % of a_b"))
    9.5 \% of a\_b
    """
    return "".join(_TEX.get(letter, letter) for letter in text)


def write_drawing(drawing: Drawing, *, folder: Path) -> None:
    """`NAME.svg` and `.pdf`, text as text, and `.png`; all on white."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in _METADATA:
        path = folder / f"{drawing.name}.{suffix}"
        saved = _saved(drawing.figure, suffix)
        if suffix == "svg":
            saved = titled(saved.decode("utf-8"), drawing).encode("utf-8")
        path.write_bytes(saved)


def write_trial(page: ShownTrial, *, folder: Path) -> None:
    """`NAME.html`, the trial as people saw it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{page.name}.html").write_text(page.html, "utf-8")


def inline_svg(drawing: Drawing) -> str:
    """The figure as an element of the page, in the page's own colours."""
    text = titled(_saved(drawing.figure, "svg").decode("utf-8"), drawing)
    svg = text[text.index("<svg") :].replace(_WHITE_GROUND, "fill: none", 1)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{drawing.name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{drawing.name}-", svg)
    svg = re.sub(r'href="#', f'href="#{drawing.name}-', svg)
    svg = svg.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
    names = [f"--series-{number}" for number in (1, 2, 3)]
    series = zip(COLOURS, names, strict=False)
    greys = ((INK, "--ink"), (QUIET, "--quiet"), (LINE, "--line"))
    for colour, name in (*greys, *series):
        svg = svg.replace(colour, f"var({name})")
    # Outlined shapes on the page's own ground; white letters on colour stay white.
    return re.sub(r"fill: #ffffff; (?=stroke: (?!none))", "fill: var(--paper); ", svg)


def titled(svg: str, drawing: Drawing) -> str:
    """The figure with its caption as a title, which browsers show and readers speak."""
    start = svg.index("<svg")
    opened = svg.index(">", start)
    title = f'<title id="title">{escape(drawing.caption)}</title>'
    named = ' role="img" aria-labelledby="title"'
    return f"{svg[:opened]}{named}{svg[opened : opened + 1]}{title}{svg[opened + 1 :]}"


def _tex_row(cells: Any) -> str:  # noqa: ANN401 - a list or a named tuple
    row = " & ".join(escape_tex(str(cell)) for cell in cells)
    # Behind the line before, "[" and "*" would be arguments of its line break.
    guard = "{}" if row.lstrip()[:1] in ("[", "*") else ""
    return f"{guard}{row} \\\\"


@lru_cache(maxsize=64)
def _saved(figure: Figure, suffix: str) -> bytes:
    """The figure on white; kept, because a page shows what a folder holds."""
    target = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(
            target,
            format=suffix,
            facecolor="white",
            metadata=_METADATA[suffix],
            dpi=_PNG_DPI if suffix == "png" else "figure",
        )
    # Laid out once: the same in every format, and much faster.
    figure.set_layout_engine("none")
    return target.getvalue()
