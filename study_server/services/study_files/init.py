"""Writing the two files a study begins with, anew or as a published study had them."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template
from typing import Final

from hit_templates.base import get_paradigm
from study_server.errors import StudyError
from study_server.recruiters.registry import RECRUITERS, find_starters
from study_server.services.study_files.file import StudyFileError, parse_study_file
from study_server.services.study_files.fitting_recipes import (
    FittingRecipe,
    beginning_of,
    own_settings,
    recipes_for,
)

_TITLE: Final = "A study about images"
_PLAN: Final = "share = 0.5               # yes (or right) responses expected"
_FUNCTION: Final = re.compile(r".+\.py:[A-Za-z_]\w*")
# The demo world's network, in place of a torchvision name.
DEMO_CLASSIFIER: Final = "demo"
_CATCHES_APART: Final = """\
# min_catch_yes_accuracy = 0.5     # catches whose class is there ...
# min_catch_no_accuracy = 0.5      # ... and is not, apart
"""
_K: Final = "k: yes votes out of n that make a prediction right"
_NO_K: Final = "k of n votes; nobody votes here, so nothing hangs on it"
REPLICATIONS: Final = Path(__file__).parents[2] / "replications"
_WEIGHTS: Final = "IMAGENET1K_V1"
# The networks of the first study, by torchvision's names; the others used the first.
NETWORKS: Final = ("resnet101", "resnet18", "densenet121", "densenet161")
_OF_SEVERAL: Final = frozenset({"relevance-top1", "relevance-top5"})
_OF_PEOPLE: Final = frozenset({"bias"})
# The market of the published studies; what they paid is not said.
_MASTERS: Final = """[recruiter.mturk]
masters = true              # the paper's workers had the Masters qualification
title = "Look at images and answer a question about each"
description = "A study about images. You see one after another and answer a question."
keywords = ["images", "study", "quick"]
reward = "1.00"             # per block; not said in the paper: set it by your pilot
minutes = 5                 # per block, your estimate
floor_per_hour = "10.00"
cap = "6000.00"             # never exceeded, fees included
"""


class InitError(StudyError):
    """Files that cannot be written."""


@dataclass(frozen=True, kw_only=True)
class StudyWishes:
    """What the two files are to say.

    Attributes:
        images: A folder per class, or a folder with labels.csv; relative to the
            working folder.
        classifier: A torchvision name, "file.py:function", or "demo" for the demo
            world's.
        weights: A file (relative to the working folder) or a name of torchvision's;
            None where the function brings its own.
        paradigm: The way of asking.
        recipe: What makes the images, one of those that fit; the usual one of the
            paradigm where left out.
        recruiter: Where people come from: the name of a recruiter's starter.
        completion_code: Of the market.
        name: The study's name; made from paradigm and classifier where left out.
        title: The title people read.
    """

    images: Path
    classifier: str
    weights: str | None
    paradigm: str
    recruiter: str
    recipe: str | None = None
    completion_code: str | None = None
    name: str | None = None
    title: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReplicationWishes:
    """What is open in a published study.

    Attributes:
        images: The folder of images, relative to the working folder.
        classifiers: Torchvision names, "file.py:function" or "demo"; empty takes
            the published ones.
        weights: For torchvision names; their first published weights where left
            out.
        recruiter: Where people come from; "mturk" asks for Masters as published.
        completion_code: Of a market that sends people with a link.
        name: The study's name; made from the replication's where left out.
        ethics_body: Who approved it.
        protocol_number: The approval's number.
    """

    images: Path
    classifiers: tuple[str, ...] = ()
    weights: str | None = None
    recruiter: str = "mturk"
    completion_code: str | None = None
    name: str | None = None
    ethics_body: str = ""
    protocol_number: str = ""


def write_study_files(
    folder: Path, wishes: StudyWishes, *, replace: bool = False
) -> tuple[Path, Path]:
    """Write `recipe.toml` and `study.toml` into a folder.

    Raises:
        InitError: If a file is there already, or what they name is missing; all
            problems at once.
        StudyFileError: If the study file would not be accepted.
    """
    problems = [*_missing(wishes), *([] if replace else _in_the_way(folder))]
    if problems:
        raise InitError("\n".join(problems))
    study_text = _study_text(wishes)
    _check_study_text(study_text)
    recipe_text = _recipe_text(wishes, folder)
    return _write_both(folder, recipe=recipe_text, study=study_text, force=replace)


def write_replication(
    like: str, folder: Path, wishes: ReplicationWishes, *, force: bool = False
) -> tuple[Path, Path]:
    """Write `recipe.toml` and `study.toml` with a published study's settings.

    Args:
        like: One of `find_replications`.
        folder: Made if it is missing.
        wishes: What the published study leaves open.
        force: Whether files that are there are replaced.

    Raises:
        InitError: If there is no such study, files are there already, or what
            they name is missing; all problems at once.
        StudyFileError: If the study file would not be accepted.
    """
    if like not in find_replications():
        raise InitError(
            f"no published study {like!r}; there are {', '.join(find_replications())}"
        )
    what = like.rpartition("/")[2]
    chosen = _with_published_classifiers(wishes, what)
    if problems := _replication_problems(chosen, what):
        raise InitError("\n".join(problems))
    recipe = _filled_template(
        like,
        "recipe.toml.in",
        images=_toml_string(_path_from(folder, chosen.images)),
        classifiers=_classifier_tables(chosen, folder),
    )
    study = _filled_template(
        like,
        "study.toml.in",
        name=chosen.name or like.replace("/", "-"),
        consent=_replication_consent(chosen),
        recruiter=_replication_recruiter(chosen),
    )
    _check_study_text(study)
    return _write_both(folder, recipe=recipe, study=study, force=force)


def find_replications() -> tuple[str, ...]:
    """Names of the published studies there are files for, "who/what"."""
    return tuple(
        path.parent.relative_to(REPLICATIONS).as_posix()
        for path in sorted(REPLICATIONS.glob("*/*/study.toml.in"))
    )


def require_room(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds the files already, before anybody is asked.

    Raises:
        InitError: If a file is there and `force` is not set.
    """
    if not force and (problems := _in_the_way(folder)):
        raise InitError("\n".join(problems))


def _write_both(
    folder: Path, *, recipe: str, study: str, force: bool
) -> tuple[Path, Path]:
    """Write both texts into a folder.

    Raises:
        InitError: If a file is there already and `force` is not set.
    """
    require_room(folder, force=force)
    folder.mkdir(parents=True, exist_ok=True)
    paths = (folder / "recipe.toml", folder / "study.toml")
    for path, text in zip(paths, (recipe, study), strict=True):
        path.write_text(text, "utf-8")
    return paths


def _in_the_way(folder: Path) -> list[str]:
    return [
        f"{path} is there already; --force replaces it"
        for path in (folder / "recipe.toml", folder / "study.toml")
        if path.exists()
    ]


def _check_study_text(study_text: str) -> None:
    """Read a study file's text as `study create` will.

    Raises:
        StudyFileError: Naming every problem.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.toml"
        path.write_text(study_text, "utf-8")
        try:
            parse_study_file(path)
        except StudyFileError as error:
            # Nobody finds a file in a folder that is gone by the time they read this.
            raise StudyFileError(str(error).replace(str(path), path.name)) from error


def _missing(wishes: StudyWishes) -> list[str]:
    problems = list(_misfits(wishes))
    if not wishes.images.is_dir():
        problems.append(f"images: expected a folder, got {wishes.images}")
    problems += _classifier_problems(wishes)
    if _is_file_name(wishes.weights) and not Path(str(wishes.weights)).is_file():
        problems.append(f"weights: there is no file {wishes.weights}")
    return problems


def _misfits(wishes: StudyWishes) -> Iterator[str]:
    """Why no recipe file can be written for this way of asking."""
    name, paradigm = wishes.paradigm, get_paradigm(wishes.paradigm)
    if own := own_settings(paradigm):
        likes = [f"--like {like}" for like in _published_with(name)]
        hint = f", and {' or '.join(likes)} writes a published study" if likes else ""
        yield (
            f"paradigm: {name} asks about what only you can say ([{name}] "
            f"{', '.join(own)}), so no study file can be written for you; "
            f"hit_templates/{name}/README.md shows one{hint}"
        )
        return
    kinds = [recipe.kind for recipe in recipes_for(paradigm)]
    if not kinds:
        yield (
            f"paradigm: no recipe makes trials that {name} can ask (slots "
            f"{', '.join(paradigm.slots[:4])}); docs/paradigms.md says what recipes make"
        )
    elif wishes.recipe not in (None, *kinds):
        yield (
            f"recipe: {name} can ask trials of {', '.join(kinds)}, not of "
            f"{wishes.recipe}; choose one of them, or another paradigm"
        )


def _published_with(name: str) -> tuple[str, ...]:
    """Published studies that ask this way, as `study init --like` names them."""
    return tuple(
        path.parent.relative_to(REPLICATIONS).as_posix()
        for path in sorted(REPLICATIONS.glob("*/*/study.toml.in"))
        if f'\nparadigm = "{name}"' in path.read_text("utf-8")
    )


def _classifier_problems(wishes: StudyWishes) -> list[str]:
    """What the recipe would be refused for."""
    problems = []
    file, has_function, _ = wishes.classifier.rpartition(":")
    if has_function and not Path(file).is_file():
        problems.append(f"classifier: there is no file {file}")
    if has_function and not _FUNCTION.fullmatch(wishes.classifier):
        problems.append(
            "classifier: expected file.py:function, a torchvision name or "
            f"{DEMO_CLASSIFIER!r}, got {wishes.classifier!r}"
        )
    is_torchvision = not has_function and wishes.classifier != DEMO_CLASSIFIER
    if is_torchvision and wishes.weights is None:
        problems.append("weights: a torchvision name needs a file or a weights name")
    if not is_torchvision and wishes.weights is not None:
        problems.append(
            f"weights: {wishes.classifier} brings its own, so leave out "
            f"{wishes.weights}; weights go with a torchvision name"
        )
    return problems


def _recipe(wishes: StudyWishes) -> FittingRecipe:
    recipes = recipes_for(get_paradigm(wishes.paradigm))
    return next(one for one in recipes if wishes.recipe in (None, one.kind))


def _recipe_text(wishes: StudyWishes, folder: Path) -> str:
    return f"""# What is shown. Paths are relative to this file.

{_recipe(wishes).text(wishes.images)}
[dataset]
path = {_toml_string(_path_from(folder, wishes.images))}

[classifier]
{_classifier_lines(wishes, folder)}
"""


def _classifier_lines(wishes: StudyWishes, folder: Path) -> str:
    """What a recipe says of the classifier, under its heading."""
    file, has_function, function = wishes.classifier.rpartition(":")
    if wishes.classifier == DEMO_CLASSIFIER:
        lines = ["demo = true"]
    elif has_function:
        lines = [
            f"function = {_toml_string(f'{_path_from(folder, Path(file))}:{function}')}"
        ]
    else:
        lines = [f"torchvision = {_toml_string(wishes.classifier)}"]
    if _is_file_name(wishes.weights):
        lines.append(
            f"weights = {_toml_string(_path_from(folder, Path(str(wishes.weights))))}"
        )
    elif wishes.weights is not None:
        lines.append(f"weights = {_toml_string(wishes.weights)}")
    return "\n".join(lines)


def _study_text(wishes: StudyWishes) -> str:
    name = wishes.name or _slug(f"{wishes.paradigm}-{_stem(wishes.classifier)}")
    beginning = beginning_of(wishes.paradigm)
    title = wishes.title or str(beginning.get("title", _TITLE))
    plan = str(beginning.get("plan", _PLAN)).strip()
    design = _recipe(wishes).starter.design.strip()
    questions = get_paradigm(wishes.paradigm).questions.values()
    has_votes = any(question.vote is not None for question in questions)
    return f"""# How people are asked.

[study]
name = {_toml_string(name)}
title = {_toml_string(title)}
paradigm = {_toml_string(wishes.paradigm)}
seed = 0

[design]
responses_per_trial = 5   # n
trials_per_block = 20     # main, catch and control trials one person gets
max_blocks_per_participant = 1
{f"{design}{chr(10)}" if design else ""}
[quality]                 # what leaves a session or a response out; none is agreement
min_catch_accuracy = 0.8
{_CATCHES_APART if has_votes else ""}# max_same_response_share = 0.95   # straight-lining
# max_hidden_share = 0.5           # page out of sight
# response_seconds = [0.3, 300]    # single responses, by the page's own clock

[analysis]
agreement = 4             # {_K if has_votes else _NO_K}
hypotheses = []

[plan]                    # guesses for `secondlook study plan`: put your own in
{plan}
sd_participant = 0.5      # how far people differ, log odds
sd_stimulus = 2.0         # how far images differ
power = 0.8

[consent]                 # people read this; fill it in before you go live
version = "1"
ethics_body = ""
protocol_number = ""
contact = ""

{_recruiter_text(wishes.recruiter, name=name, code=wishes.completion_code)}"""


def _recruiter_text(recruiter: str, *, name: str, code: str | None) -> str:
    """The sections of recruiters in a study file: the one asked for, and to try it out.

    Args:
        recruiter: The name of a starter.
        name: The study's name.
        code: A completion code, where the recruiter needs one.

    Raises:
        InitError: If there is no such starter.
    """
    starters = find_starters()
    if recruiter not in starters:
        raise InitError(
            f"recruiter: expected one of {', '.join(starters)}, got {recruiter!r}"
            f"{RECRUITERS.why_not(recruiter)}"
        )
    wanted = [one for one in starters.values() if one.is_for_trying]
    if starters[recruiter] not in wanted:
        wanted.insert(0, starters[recruiter])
    values = {"name": name, "code": _toml_string(code or "")}
    return "\n".join(Template(one.text).safe_substitute(values) for one in wanted)


def _with_published_classifiers(
    wishes: ReplicationWishes, what: str
) -> ReplicationWishes:
    if wishes.classifiers:
        return wishes
    published = NETWORKS if what in _OF_SEVERAL else NETWORKS[:1]
    return replace(wishes, classifiers=published)


def _replication_problems(wishes: ReplicationWishes, what: str) -> list[str]:
    problems = []
    if not wishes.images.is_dir():
        problems.append(
            f"images: expected the folder of images, got {wishes.images}; the study "
            "used ImageNet's, a folder per WordNet id"
        )
    for single in _singly(wishes):
        problems += _classifier_problems(single)
    if len(wishes.classifiers) > 1 and what not in _OF_SEVERAL:
        problems.append(
            f"classifier: {what} is about one classifier, got "
            f"{len(wishes.classifiers)}; write the files once for each"
        )
    if what in _OF_PEOPLE and not (wishes.ethics_body and wishes.protocol_number):
        problems.append(
            "ethics: the pictures show people, so give --ethics-body and "
            "--protocol-number, who approved the study and under which number"
        )
    return problems


def _singly(wishes: ReplicationWishes) -> Sequence[StudyWishes]:
    """One set of wishes per classifier, as `study init` knows them."""
    return [
        StudyWishes(
            images=wishes.images,
            classifier=name,
            weights=(wishes.weights or _WEIGHTS) if _is_torchvision(name) else None,
            paradigm="",
            recruiter="simulated",
        )
        for name in wishes.classifiers
    ]


def _is_torchvision(name: str) -> bool:
    return name != DEMO_CLASSIFIER and ".py:" not in name


def _classifier_tables(wishes: ReplicationWishes, folder: Path) -> str:
    found = [_classifier_lines(single, folder) for single in _singly(wishes)]
    if len(found) == 1:
        return f"[classifier]\n{found[0]}"
    return "\n\n".join(f"[[classifier]]\n{lines}" for lines in found)


def _replication_consent(wishes: ReplicationWishes) -> str:
    return f"""[consent]                   # people read this; fill it in before you go live
version = "1"
ethics_body = {_toml_string(wishes.ethics_body)}
protocol_number = {_toml_string(wishes.protocol_number)}
contact = ""
"""


def _replication_recruiter(wishes: ReplicationWishes) -> str:
    simulated = "[recruiter.simulated]       # to try it out\n"
    if wishes.recruiter == "mturk":
        return f"{_MASTERS}\n{simulated}"
    return _recruiter_text(
        wishes.recruiter, name=wishes.name or "NAME", code=wishes.completion_code
    )


def _filled_template(like: str, file: str, **values: str) -> str:
    text = (REPLICATIONS / like / file).read_text("utf-8")
    return Template(text).substitute(values).rstrip() + "\n"


def _path_from(folder: Path, path: Path) -> str:
    """The path as seen from the folder the recipe lies in."""
    if path.is_absolute():
        return path.as_posix()
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _is_file_name(weights: str | None) -> bool:
    return weights is not None and ("." in weights or "/" in weights)


def _stem(classifier: str) -> str:
    return Path(classifier.partition(":")[0]).stem


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")


def _toml_string(text: str) -> str:
    """The text as TOML writes it, in quotation marks."""
    # JSON's strings are TOML's basic strings.
    return json.dumps(text, ensure_ascii=False)
