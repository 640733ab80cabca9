"""What a study fixed before its first response, as a text to deposit.

Everything comes from the locked study file and the summary of its stimulus set, so
that the text cannot say anything else than what is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from analysis.people.exclusion_words import rules_in_words
from hit_templates.rendering import worded
from study_server.errors import StudyError
from study_server.services.studies.ingest import n_main_per_block
from study_server.services.studies.records import StudyRecord
from study_server.services.studies.session_parts import ORDER_IN_WORDS, parts_in_words
from study_server.services.study_files.paradigm import paradigm_of

_DRAFT: Final = (
    "**DRAFT.** The study is not frozen: everything below can still change, and nothing "
    "is preregistered until `secondlook study freeze {name}` has locked it."
)
_LATE: Final = "**AMENDED.** The study was changed after it was frozen; the changes stand at the end."
_NONE: Final = (
    "None was written down (`[analysis] hypotheses`), so the results are exploratory."
)
_EXCLUDED: Final = (
    "These rules are applied to everybody alike, by the program, whatever the result. "
    "Nobody is left out for disagreeing with others or with the classifier."
)
_STOPPING: Final = (
    "Collection ends when every main trial has its n = {n} valid responses, or when the "
    "study is closed; no result is looked at to decide it. The first {n} valid responses "
    "of a trial, in the order in which the server accepted them, count; later ones do "
    "not. A trial with fewer is unresolved and listed, with bounds that take it as "
    "accepted and as rejected."
)
_INTERVALS: Final = (
    "All intervals are 95 % intervals. People and images are both taken as samples, so "
    "that an interval holds for images like these and other people; people judge many "
    "images each, and the intervals count that."
)


class PreregistrationError(StudyError):
    """A text that cannot be written, in words."""


def preregistration(
    record: StudyRecord, *, plan: Mapping[str, Any] | None = None
) -> str:
    """The preregistration of a study, in Markdown.

    Hypotheses, design, stimuli, exclusions, stopping rule, analysis and power; marked
    as a draft while the study is not frozen.

    Args:
        record: The study.
        plan: What `study plan --json` said of it; None where no plan was made.

    Raises:
        PreregistrationError: If the plan is none, or another study's.
    """
    if plan is not None:
        _check_plan(record, plan)
    parts = {
        "Hypotheses": _hypotheses(record),
        "Design": _design(record),
        "Stimuli": _stimuli(record),
        "Exclusions": [_EXCLUDED, "", *_bullets(_rules(record))],
        "Stopping": [
            _STOPPING.format(n=_n(record)),
            "",
            *_bullets(_recruiters(record)),
        ],
        "Analysis": _analysis(record),
        "Power": _power(record, plan),
        "Amendments": [
            f"- {each.at:%Y-%m-%d}: {each.text}" for each in record.amendments
        ],
    }
    lines = [f"# Preregistration: {record.title}", "", *_locked(record)]
    for title, said in parts.items():
        if said:
            lines += ["", f"## {title}", "", *said]
    return "\n".join(lines) + "\n"


def _locked(record: StudyRecord) -> list[str]:
    if record.frozen_at is None:
        return [_DRAFT.format(name=record.name)]
    said = (
        f"Study “{record.name}”, frozen on {record.frozen_at:%Y-%m-%d at %H:%M} UTC, "
        "before its first response. SHA-256 of what was locked (study file, settings, "
        f"stimulus set): `{record.frozen_sha256}`; of the study file alone: "
        f"`{record.file.toml_sha256}`; of the stimulus set: `{record.set_sha256}`."
    )
    return [said, "", _LATE] if record.amendments else [said]


def _hypotheses(record: StudyRecord) -> list[str]:
    found = record.file.analysis.hypotheses
    if not found:
        return [_NONE]
    return [f"{number}. {each}" for number, each in enumerate(found, start=1)]


def _design(record: StudyRecord) -> list[str]:
    file, design = record.file, record.file.design
    asked = worded(paradigm_of(file), file.texts)
    found = [
        f"The way of asking is “{record.paradigm}”; a trial asks one of its questions:",
        "",
    ]
    found += _bullets(f"“{each.wording}”" for each in asked.values() if each.wording)
    per_person = design.max_blocks_per_participant
    found += [
        "",
        f"Each main trial gets n = {_n(record)} valid responses by different people. A "
        f"block has {design.trials_per_block} trials, {_main(record)} of them main ones "
        f"({design.composition} composition); one person does at most {per_person}. The "
        f"random orders follow from the seed {record.seed}.",
    ]
    found += _parts(record)
    found += _screen(record)
    if design.levels:
        found.append(f"Conditions: {', '.join(design.levels)} ({_varied(record)}).")
    return found


def _screen(record: StudyRecord) -> list[str]:
    """What is measured of screens; nothing where nothing is."""
    screen = record.file.screen
    if screen is None:
        return []
    said = "The size of every screen is measured with a bank card"
    said += ", and the distance from it by the blind spot." if screen.distance else "."
    if screen.size_degrees is not None:
        said += (
            f" Images have {screen.size_degrees:g} degrees of visual angle on their "
            "longer side."
        )
    who = "do not take part" if screen.required else "see images in their usual size"
    return [f"{said} People who leave it out {who}."]


def _parts(record: StudyRecord) -> list[str]:
    """The parts of a session and their order; nothing where it has none."""
    design = record.file.design
    if not design.parts:
        return []
    said = (
        f"A session has {len(design.parts)} parts, {ORDER_IN_WORDS[design.part_order]}:"
    )
    return ["", said, "", *_bullets(parts_in_words(record.file)), ""]


def _varied(record: StudyRecord) -> str:
    return {
        "between": "between people: a person stays in one",
        "within": "within people: a person meets every one, each image in one of them",
        "by-image": "by image: every image in one of them, drawn per person",
    }[record.file.design.conditions]


def _stimuli(record: StudyRecord) -> list[str]:
    summary = record.set_summary
    counts = summary.get("trials")
    counts = counts if isinstance(counts, Mapping) else {}
    there = ", ".join(f"{n} {role}" for role, n in counts.items() if n)
    found = [
        f"A set of the kind “{summary.get('kind', 'unknown')}”"
        + (f" with trials: {there}." if there else "."),
        "",
    ]
    found += _bullets(
        f"classifier {each.get('name')}: first prediction wrong on "
        f"{each.get('n_top1_wrong')} of {each.get('n_seen')} labelled images (weights "
        f"SHA-256 {str(each.get('weights_sha256', ''))[:12]}…)"
        for each in summary.get("classifiers") or ()
    )
    return found


def _rules(record: StudyRecord) -> list[str]:
    said = rules_in_words(record.file.quality.model_dump(mode="json"))
    comprehension = record.file.comprehension
    found = [] if said == "none" else said.split("; ")
    found.append("a second response of one person to one trial is left out")
    if comprehension.enabled:
        found.append(
            "whoever fails the comprehension check "
            f"{comprehension.tries} times does not begin"
        )
    return found


def _recruiters(record: StudyRecord) -> Iterator[str]:
    for name, section in record.file.recruiter.items():
        cap = getattr(section, "cap", None)
        limit = f", until the cap of {cap} dollars, fees included" if cap else ""
        yield f"people come by the recruiter “{name}”{limit}"


def _analysis(record: StudyRecord) -> list[str]:
    analysis = record.file.analysis
    found = []
    if any(each.vote for each in paradigm_of(record.file).questions.values()):
        found.append(
            f"A prediction is accepted when at least k = {analysis.agreement} of the "
            f"n = {_n(record)} people accept it."
        )
    named = ", ".join(f"`{name}`" for name in analysis.confirmatory)
    found.append(
        f"Confirmatory measures: {named}. Every other measure is exploratory."
        if named
        else "Confirmatory measures: those that have a headline in the report; whatever "
        "else describes is exploratory."
    )
    found.append(_INTERVALS)
    if analysis.cluster:
        found.append(
            f"Images that share their {' or their '.join(analysis.cluster)} are "
            "clusters: intervals take them as one draw."
        )
    found.append(
        "The report gives the results before and after exclusion, by condition, and is "
        "made by `secondlook report make` from the exported bundle."
    )
    return "\n\n".join(found).split("\n")


def _power(record: StudyRecord, plan: Mapping[str, Any] | None) -> list[str]:
    said = _bullets(_expected(record))
    if plan is not None:
        return [*said, "", *_planned(plan)] if said else list(_planned(plan))
    advice = (
        "No power analysis stands here: write one with `secondlook study plan STUDY.toml "
        f"--json > plan.json` and give it, `study preregister {record.name} --plan "
        "plan.json`."
    )
    return [*said, "", advice] if said else [advice]


def _expected(record: StudyRecord) -> Iterator[str]:
    """What `[plan]` says, by the words that the study file has for its keys."""
    plan = record.file.plan
    for name, field in type(plan).model_fields.items():
        value = getattr(plan, name)
        if value is not None:
            yield f"{field.description}: {value:g}"


def _planned(plan: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"Simulated with {plan['n_studies']} studies per size (seed {plan['seed']}), "
        f"measure: {plan['measure']}; how often the interval leaves out "
        f"{plan['tested']:g}, and how wide it is:"
    )
    yield ""
    yield "| images | responses | power | width (points) |"
    yield "|---|---|---|---|"
    for size in plan["sizes"]:
        found = size["simulated"]
        yield (
            f"| {found['n_images']} | {found['n_responses']} | "
            f"{100 * found['power']:.1f} % ± {196 * found['power_se']:.1f} | "
            f"{100 * found['width']:.2f} |"
        )


def _check_plan(record: StudyRecord, plan: Mapping[str, Any]) -> None:
    needed = {"study", "measure", "tested", "n_studies", "seed", "sizes"}
    if not needed <= set(plan):
        raise PreregistrationError(
            "the plan is not what `secondlook study plan STUDY.toml --json` prints: "
            f"{', '.join(sorted(needed - set(plan)))} missing"
        )
    if plan["study"] != record.name:
        raise PreregistrationError(
            f"the plan is of the study {plan['study']!r}, not of {record.name!r}"
        )
    n_planned = (plan.get("design") or {}).get("responses_per_trial")
    if n_planned != _n(record):
        raise PreregistrationError(
            f"the plan has {n_planned} responses per trial, the study {_n(record)}: plan "
            "the study as it is"
        )


def _n(record: StudyRecord) -> int:
    return record.file.design.responses_per_trial


def _main(record: StudyRecord) -> int:
    return n_main_per_block(record.file, record.set_summary)


def _bullets(said: Iterable[str]) -> list[str]:
    return [f"- {each}" for each in said]
