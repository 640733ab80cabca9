"""Write the generated tables of docs/, or check that they are current.

The tables come from the code itself, so they cannot describe what is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_origin

import click
from architecture import architecture_page
from coverage_pages import coverage_pages
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from testing_page import testing_page

from analysis.people.exclusion_rules import RULES
from hit_templates.base import Paradigm, find_paradigms
from hit_templates.examples import configured_example
from hit_templates.fitting import fitting_questions
from stimuli import plugins, recipe_file
from stimuli.files.text import MAX_BYTES, MAX_TABLE_BYTES
from stimuli.manifest import HOLDINGS
from stimuli.recipes import RECIPES
from stimuli.starters import find_starters
from study_server import cli, config
from study_server.marketplace import refusal_rules as refusals
from study_server.recruiters.base import Admits
from study_server.recruiters.registry import RECRUITERS
from study_server.services.study_files.parts import PartSection
from study_server.services.study_files.sections import StudyFile
from study_server.services.study_files.texts import SERVER_TEXTS

FOLDER = Path(__file__).parent
RECIPE_SECTIONS = {
    "controls": recipe_file.ControlsSection,
    "dataset": recipe_file.DatasetSection,
    "classifier": recipe_file.ClassifierSection,
    "display": recipe_file.DisplaySection,
    "examples": recipe_file.ExamplesSection,
    "execution": recipe_file.ExecutionSection,
}
TEXTS = (
    "Every wording participants read, by key: those of the pages below and "
    "[those of the paradigm](paradigms.md). A text is a string or "
    '`{ file = "name.md" }`; instructions, content warning and debriefing are '
    "Markdown. Places in braces must be kept. With these, `[study] language` and "
    "the texts of `[consent]`, `[comprehension]` and `[survey]` a study is wholly in "
    "another language.\n"
)
RULES_INTRO = (
    "The rules that these keys set, by the reason that is given. They are frozen with "
    "the study, applied when a session is completed, and applied again to the bundle "
    "by every report, which says where it comes to another end. A response counts if "
    "neither it nor its session is left out.\n"
)
FINISHED = (
    "## Who has finished\n\n"
    "A code that everybody gets proves nothing about who hands it in; where the other "
    "side can be asked, or takes a code for each session, that is better.\n"
)
FITTING = (
    "A set can be asked in any way that fits it: its trials fill the paradigm's slots, and "
    "hold what a question needs (what follows from its fields and vote, or "
    "`Question.needs`). `secondlook study init` offers what fits; `study create` puts "
    "trials in the paradigm's own terms.\n"
)
IDS = (
    "## Ids of people\n\n"
    "One person is one id, by whichever door it comes: an address, a table of responses "
    "from elsewhere, or a command. What is none of a recruiter's ids is refused.\n"
)
NOTE = "<!-- Written by `make docs`; change the code instead. -->\n"


def commands_page() -> str:
    """Every command with its options."""
    parts = [NOTE, "# Commands\n"]
    parts += ["`secondlook COMMAND --help` says the same in the terminal.\n"]
    for path, command in walk_commands(cli.main, ("secondlook",)):
        parts += [f"## `{' '.join(path)}`\n", f"{command.help or ''}\n"]
        parts += [table(("option", "meaning"), options_of(command))]
    return "\n".join(parts)


def walk_commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group that does something itself."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command, info_name=path[-1])
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None and not found.hidden:
            yield from walk_commands(found, (*path, name))


def options_of(command: click.Command) -> list[tuple[str, str]]:
    """A row per argument and option, in order."""
    context = click.Context(command)
    rows = []
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            rows.append((f"`{parameter.make_metavar(context)}`", "argument"))
        elif record := parameter.get_help_record(context):
            rows.append((f"`{record[0]}`", record[1]))
    return rows


def settings_page() -> str:
    """Every setting of the server."""
    meanings = attributes_of(config.Settings)
    rows = [
        (f"`{name}`", f"`{config.PREFIX}{name.upper()}`", meanings[name])
        for name in config.NAMES
    ]
    head = "# Settings\n\nFrom `secondlook.toml` or variables; variables win.\n"
    return "\n".join([NOTE, head, table(("key", "variable", "meaning"), rows)])


_AS_SAVED = (
    "Save them as UTF-8 with or without a byte order mark, or as UTF-16 with one; line "
    f"ends do not matter. The same holds for texts, `{config.FILE_NAME}` and tables beside the "
    f"images. Files of more than {MAX_BYTES >> 20} MB (tables: {MAX_TABLE_BYTES >> 20} "
    "MB) are refused."
)


def study_files_page() -> str:
    """Every key of study.toml and recipe.toml."""
    parts = [NOTE, "# The two files a researcher writes\n", f"{_AS_SAVED}\n"]
    parts += ["## study.toml\n"]
    parts += [section_tables(StudyFile)]
    for name, one in RECRUITERS.own.items():
        parts += [f"### `[recruiter.{name}]`\n", keys_table(one.section_type)]
    parts += ["## recipe.toml\n"]
    for kind, (section, _) in RECIPES.items():
        parts += [f'### `[recipe]` with `kind = "{kind}"`\n', keys_table(section)]
    for name, section in RECIPE_SECTIONS.items():
        parts += [f"### `[{name}]`\n", keys_table(section)]
    return "\n".join(parts)


def section_tables(file_model: type[BaseModel]) -> str:
    """One table per section of a file."""
    parts = []
    for name, field in file_model.model_fields.items():
        for section in models_in(field.annotation):
            heading = field.alias or name
            parts += [f"### `[{heading}]`\n", keys_table(section)]
        if name == "design":
            parts += ["### `[[design.parts]]`\n", keys_table(PartSection)]
        if name == "quality":
            parts += [RULES_INTRO, rules_table()]
        if name == "texts":
            parts += ["### `[texts]`\n", TEXTS, texts_table(SERVER_TEXTS)]
    return "\n".join(parts)


def rules_table() -> str:
    """Every rule for responses and sessions, with the keys that set it."""
    rows = [
        (
            f"`{rule.name}`",
            f"a {rule.level}",
            ", ".join(f"`{key}`" for key in rule.keys) or "always",
            rule.meaning,
        )
        for rule in RULES
    ]
    return table(("reason", "leaves out", "set by", "broken when"), rows)


def models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - any type
    """The section models an annotation mentions, recruiters apart."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found: list[type[BaseModel]] = []
    for inner in getattr(annotation, "__args__", ()):
        found += [m for m in models_in(inner) if m not in found]
    return [m for m in found if m.__name__ != "RecruiterSection"]


def keys_table(section: type[BaseModel]) -> str:
    """Key, default and meaning."""
    meanings = attributes_of(section)
    rows = []
    for name, field in section.model_fields.items():
        default = "required" if field.is_required() else default_of(field)
        meaning = field.description or meanings.get(name, "")
        rows.append((f"`{name}`", default, meaning))
    return table(("key", "default", "meaning"), rows)


def default_of(field: FieldInfo) -> str:
    """A default as code, or in words where it is a table of its own."""
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        return "its own defaults"
    return f"`{shown(value)}`"


def shown(value: object) -> str:
    """A default in TOML's spelling, shortened."""
    text = {None: "not set", True: "true", False: "false"}.get(
        value if isinstance(value, bool | None) else "", repr(value)
    )
    text = text.replace("\n", " ").replace("`", "'")
    return text if len(text) <= 60 else f"{text[:57]}..."


def attributes_of(documented: type) -> dict[str, str]:
    """Attribute to meaning, from Google-style docstrings, its parents' included."""
    meanings: dict[str, str] = {}
    for kind in reversed(documented.__mro__):
        text = (kind.__doc__ or "").partition("Attributes:")[2]
        found = re.findall(r"^ {8}(\w+): (.+(?:\n {12}.+)*)", text, flags=re.MULTILINE)
        meanings |= {name: " ".join(meaning.split()) for name, meaning in found}
    return meanings


def paradigms_page() -> str:
    """Every way of asking."""
    parts = [NOTE, "# Paradigms\n", "A folder of `hit_templates/` each.\n"]
    parts += [FITTING, fitting_table(), table(("word", "what trials hold"), holdings())]
    for name, paradigm in find_paradigms().own.items():
        slots = in_short([f"`{slot}`" for slot in paradigm.slots])
        questions = ", ".join(f"`{question}`" for question in paradigm.questions)
        parts += [f"## `{name}`: {paradigm.title}\n"]
        devices = ", ".join(paradigm.default_devices)
        parts += [f"Slots: {slots}. Questions: {questions}. Devices: {devices}.\n"]
        parts += [declared_table(paradigm)]
        parts += settings_tables(name, paradigm.settings_model)
        parts += [texts_table(paradigm.default_texts)]
    return "\n".join(parts)


def declared_table(paradigm: Paradigm) -> str:
    """What each question declares; fields of the study's own as its examples have them."""
    rows = []
    for question in configured_example(paradigm).questions.values():
        voting = {each.name for each in question.vote_fields}
        for each in question.fields:
            choices = ", ".join(f"`{value}`" for value in each.choices)
            if each.takes_classes:
                choices = f"the trial's classes, {choices}"
            if each.numbers_classes:
                choices = ", ".join(filter(None, ("one for each class", choices)))
            rows.append(
                (
                    f"`{question.name}`",
                    f"`{each.name}`",
                    each.measured_on,
                    choices,
                    ", ".join(f"`{value}`" for value in each.yes)
                    if each.name in voting
                    else "",
                    question.shuffled,
                )
            )
    heads = ("question", "field", "scale", "choices", "accepts", "shuffled")
    return table(heads, rows)


def fitting_table() -> str:
    """What recipes make, and who can ask it."""
    rows = []
    for starter in find_starters(find=lambda _group: ()):
        fits = [
            f"`{name}` ({found[0].name})"
            for name, one in find_paradigms().own.items()
            if (found := fitting_questions(one, starter.posed))
        ]
        slots = ", ".join(f"`{slot}`" for slot in starter.posed.slots)
        holds = ", ".join(f"`{word}`" for word in starter.posed.holds)
        rows.append((f"`{starter.kind}`", slots, holds, ", ".join(fits)))
    head = ("recipe", "slots", "holds", "can be asked by (the question)")
    return table(head, list(dict.fromkeys(rows)))


def holdings() -> list[tuple[str, ...]]:
    """Words for what trials hold."""
    return [(f"`{word}`", meaning) for word, meaning in HOLDINGS.items()]


def settings_tables(name: str, section: type[BaseModel] | None) -> list[str]:
    """What a study file says to a paradigm, in a section of its name."""
    if section is None:
        return []
    parts = [f"In study.toml under `[{name}]`:\n", keys_table(section)]
    for key, field in section.model_fields.items():
        is_one = not _is_list(field.annotation)
        heading = f"`[{name}.{key}]`:\n" if is_one else f"Each `[[{name}.{key}]]`:\n"
        for inner in models_in(field.annotation):
            parts += [heading, keys_table(inner)]
    return parts


def _is_list(annotation: Any) -> bool:  # noqa: ANN401 - any type
    """Whether a setting holds several of a kind."""
    parts = getattr(annotation, "__args__", ())
    return get_origin(annotation) is tuple or any(map(_is_list, parts))


def in_short(names: list[str]) -> str:
    """All of a few names, the first and the last of many."""
    if len(names) <= 6:
        return ", ".join(names)
    return f"{', '.join(names[:3])} … {names[-1]}"


def texts_table(texts: Mapping[str, str]) -> str:
    """Key and default wording."""
    rows: list[tuple[str, ...]] = [
        (f"`{key}`", first_line(text) or "(empty)") for key, text in texts.items()
    ]
    return table(("text (`[texts]`)", "default"), rows)


def first_line(text: str) -> str:
    """The first line of a text, for a table."""
    lines = text.strip().splitlines() or [""]
    return lines[0] + (" …" if len(lines) > 1 else "")


def recruiters_page() -> str:
    """Every source of participants."""
    parts = [NOTE, "# Recruiters\n"]
    for name, one in RECRUITERS.own.items():
        section = one.section_type
        parts += [f"## `{name}`\n", f"{(section.__doc__ or '').strip()}\n"]
        parts += [keys_table(section)]
    rows = [(f"`{name}`", one.learns) for name, one in RECRUITERS.own.items()]
    parts += [FINISHED, table(("recruiter", "how the other side learns of it"), rows)]
    rows = [(f"`{name}`", id_words(one)) for name, one in RECRUITERS.own.items()]
    parts += [IDS, table(("recruiter", "ids of people"), rows)]
    return "\n".join(parts)


def id_words(recruiter: Admits[Any]) -> str:
    """How the ids of a recruiter's people are read."""
    issuers = (recruiter.name, "link:")
    rules = (recruiter.id_rule(issuer) for issuer in issuers)
    return next(rule.words for rule in rules if rule is not None)


REFUSALS_INTRO = (
    "Nothing that a requester asks of [the marketplace](marketplace.md) is refused "
    "without one of these; the reply's `Rule` names it. What the service model itself "
    "says of types, required members, patterns, lengths and words comes on top.\n"
)


def refusals_page() -> str:
    """What every refusal of the requester API rests on."""
    parts = [NOTE, "# What a refusal rests on\n", REFUSALS_INTRO]
    for kind, source in refusals.KINDS.items():
        rows = [
            (f"`{rule.where}`" if kind == "model" else rule.where, rule.says)
            for rule in refusals.RULES.values()
            if rule.kind == kind
        ]
        parts += [f"## {source[:1].upper()}{source[1:]}\n"]
        parts += [table(("where", "what it says, in our words"), rows)]
    return "\n".join(parts)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table; nothing where there are no rows."""
    if not rows:
        return ""
    lines = [head, tuple("---" for _ in head), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "study-files.md": study_files_page,
    "paradigms.md": paradigms_page,
    "recruiters.md": recruiters_page,
    "marketplace-refusals.md": refusals_page,
    "architecture.md": lambda: f"{NOTE}\n{architecture_page()}",
    **coverage_pages(),
    "testing.md": lambda: f"{NOTE}\n{testing_page()}",
}


@contextmanager
def only_ours() -> Iterator[None]:
    """As if no other package were installed; registries ask for entry points late."""
    asked = plugins.entry_points
    vars(plugins)["entry_points"] = lambda **_group: ()
    try:
        yield
    finally:
        vars(plugins)["entry_points"] = asked


@click.command()
@click.option("--check", is_flag=True, help="Only say which pages are stale.")
def main(check: bool) -> None:
    """Write the pages, or exit 1 naming the stale ones.

    They describe what is here; what other installed packages bring is left out.
    """
    with only_ours():
        pages = {name: page() for name, page in PAGES.items()}
    stale = []
    for name, page in pages.items():
        path, text = FOLDER / name, re.sub(r"\n{3,}", "\n\n", page)
        if not path.is_file() or path.read_text("utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, "utf-8")
    if check and stale:
        raise click.ClickException(
            f"stale: {', '.join(stale)}; write them with `make docs`"
        )


if __name__ == "__main__":
    main()
