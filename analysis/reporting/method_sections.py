"""How a study was done, in words for a paper and in full; and what it cannot say."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import pandas as pd

from analysis.bundles.clusters import trial_clusters
from analysis.bundles.reading import Bundle
from analysis.elements.sections import (
    Block,
    Chapter,
    DataTable,
    FileListing,
    Prose,
    Section,
)
from analysis.elements.wording import count, moment
from analysis.measures import measures_of
from analysis.measures.accepted_predictions.numbers import is_unlabelled
from analysis.measures.rectified_error.numbers import measured_shows
from analysis.people.exclusion_words import rules_in_words

_VERSIONS_OF: Final = ("secondlook", "numpy", "pandas", "scipy", "matplotlib")
_FILES: Final = (
    ("study.toml", "The study file, word for word"),
    ("recipe.toml", "The recipe of the stimuli, word for word"),
)
# What would let anybody claim to have taken part is left out of a page to pass on.
_CODE: Final = re.compile(r"^(\s*completion_code\s*=\s*).*$", re.MULTILINE)
_SHORT: Final = 12

_INTERVALS: Final = (
    "Both images and people are samples, and people judge many images each: somebody "
    "generous accepts on every image they see. The intervals count this. The variance "
    "of a {what} is that of independent images plus, for each person, the "
    "products of their swings on different images; a swing is a vote that alone "
    "decided its image, minus the mean of such votes. Bounds are Wilson's score bounds "
    "at the effective number of images, with Student's t where few people judged. In "
    "simulated studies with people crossed with images this covers the truth in 93 to "
    "97 % of studies (docs/statistics.md has the table). Differences between "
    "classifiers use the same variance on paired images."
)
_INTERVALS_OF_SHARES: Final = (
    "Both stimuli and people are samples, and people respond to many stimuli each. "
    "Intervals of shares count people and stimuli as clusters (docs/statistics.md has "
    "the method and its simulated coverage)."
)
_LIMITS: Final = (
    "The rectified error looks only at errors, so it is one-sided: it cannot rise. "
    "k-of-n is a rule of this design; with other k, n or wording it gives another "
    "number, and published rectified errors can be compared only under the same "
    "definition. People who say yes readily lower it; the controls measure how readily."
)
_LIMITS_UNLABELLED: Final = (
    "Without labels nobody knows which predictions are right; a prediction that people "
    "accept need not name what somebody else would have named. k-of-n is a rule of "
    "this design; with other k, n or wording it gives another number. People who say "
    "yes readily raise it; where there are controls, they measure how readily."
)
_LIMITS_ALWAYS: Final = (
    "Nobody is excluded for disagreeing with others or with the classifier. Intervals "
    "for images like these take the data set as a random draw of such images, and the "
    "people as a random draw of such people: who comes to one recruiter is not "
    "everybody. Several comparisons in one report are not corrected for unless it says "
    "so."
)
_LIMITS_IMPORTED: Final = (
    "The responses were collected elsewhere: how people came, what they saw and who was "
    "left out before is not known here."
)


def method(bundle: Bundle) -> list[Section]:
    """How it was done, what it cannot say, and what was changed after freezing."""
    settings = settings_of(bundle)
    frame = pd.DataFrame({"setting": list(settings), "value": list(settings.values())})
    table = DataTable(
        name="settings",
        caption="Every setting, hash and version, from the bundle.",
        shown=frame,
        numbers=frame,
        text_columns=2,
        is_folded=True,
    )
    blocks: list[Block] = [
        Prose(text=method_paragraph(bundle)),
        Prose(text=_intervals(bundle), kind="how"),
        *(Prose(text=words) for words in (clusters_in_words(bundle),) if words),
        table,
        *_listings(bundle),
    ]
    return [
        Section(id="method", chapter=Chapter.METHOD, title="Method", blocks=blocks),
        Section(
            id="limits",
            chapter=Chapter.LIMITS,
            title="What the numbers do not say",
            blocks=[Prose(text=text) for text in _limits(bundle)],
        ),
        _amendments(bundle),
    ]


# Measures whose intervals are for these very trials, drawn one by one at random, so that
# it does not matter to them which trials belong together.
DRAWN_AT_RANDOM: Final[Mapping[str, str]] = {
    "audit": "the audit",
    "audit-calibration": "the calibration by the audit",
}


def clusters_in_words(bundle: Bundle) -> str:
    """Which images the intervals take as one draw; empty where none are named.

    >>> from analysis.bundles.clusters import clustered_by
    >>> from analysis.bundles.example import example_bundle
    >>> print(clusters_in_words(clustered_by(example_bundle(), ["class"]))[:61])
    Images that share their class are clusters: intervals take th
    """
    clusters = trial_clusters(bundle)
    if clusters is None:
        return ""
    counts = ", ".join(
        f"{count(len(clusters))} trials in {count(clusters[name].nunique())} by {name}"
        for name in clusters
    )
    crossed = (
        " The ways cross, and each counts with what it adds."
        if len(clusters.columns) > 1
        else ""
    )
    fixed = (
        "as the study file names them"
        if _is_in_file(bundle)
        else "named for this report, not in the study file"
    )
    return (
        f"Images that share their {' or their '.join(bundle.cluster)} are clusters: intervals "
        f"take them as one draw ({counts}; {fixed}).{crossed} An image of which nothing "
        f"is said is a cluster of its own.{_drawn_at_random(bundle)}"
    )


def _drawn_at_random(bundle: Bundle) -> str:
    names = [measure.name for measure in measures_of(bundle)]
    found = [DRAWN_AT_RANDOM[name] for name in names if name in DRAWN_AT_RANDOM]
    if not found:
        return ""
    return (
        f" Intervals of {' and '.join(found)} are for these very errors, of which a part "
        "was drawn one by one: clusters change nothing there."
    )


def _is_in_file(bundle: Bundle) -> bool:
    analysis = bundle.study_file.get("analysis")
    named = analysis.get("cluster") if isinstance(analysis, dict) else None
    return list(named or ()) == list(bundle.cluster)


def method_paragraph(bundle: Bundle) -> str:
    """What a paper's method section needs: design, rules, people, versions, hashes."""
    return " ".join(
        sentence
        for sentence in (
            _asked(bundle),
            _classified(bundle),
            _designed(bundle),
            _ruled(bundle),
            _took_part(bundle),
            _locked(bundle),
            _computed(bundle),
        )
        if sentence
    )


def settings_of(bundle: Bundle) -> dict[str, str]:
    """Every setting, hash and version, by name; times are not among them."""
    head = bundle.head
    found: dict[str, str] = {}
    for part in ("study", "design", "quality", "versions"):
        found |= _flat(head.get(part) or {}, part)
    if bundle.cluster:
        found["design cluster"] = ", ".join(bundle.cluster)
    summary = head["stimuli"]
    of_recipe = ("kind", "shows", "ask", "seed", "recipe_sha256", "created_at")
    found |= _flat({key: summary.get(key) for key in of_recipe}, "recipe")
    for part in ("settings", "dataset", "display", "trials", "execution"):
        prefix = "recipe" if part == "settings" else part
        found = {**_flat(summary.get(part) or {}, prefix), **found}
    for entry in summary["classifiers"]:
        found |= _flat(entry, f"classifier {entry.get('name', '')}")
    found |= {f"analysis {name}": _installed(name) for name in _VERSIONS_OF}
    if digest := _bundle_hash(bundle):
        found["bundle sha256"] = digest
    found["analysis python"] = platform.python_version()
    order = ("bundle", "study", "design", "quality", "recipe", "classifier")
    return dict(sorted(found.items(), key=lambda item: _place(item[0], order)))


def _place(name: str, order: tuple[str, ...]) -> int:
    first = name.split(" ", 1)[0]
    return order.index(first) if first in order else len(order)


def _asked(bundle: Bundle) -> str:
    main = bundle.trials[bundle.trials["role"] == "main"]
    summary = bundle.head["stimuli"]
    kind, seed = summary.get("kind"), summary.get("seed")
    made = f" of the kind “{kind}”" if kind else ""
    seeded = f" (seed {seed})" if seed is not None else ""
    others = bundle.trials["role"].value_counts()
    beside = ", ".join(
        f"{count(others[role])} {role} trials"
        for role in ("catch", "control", "practice")
        if others.get(role)
    )
    return (
        f"{count(len(main))} main trials{f' ({beside} beside them)' if beside else ''} "
        f"were put to people in the paradigm “{bundle.head['study']['paradigm']}”, from "
        f"stimuli{made}{seeded}."
    )


def _classified(bundle: Bundle) -> str:
    told = []
    for entry in bundle.head["stimuli"]["classifiers"]:
        weights = str(entry.get("weights_sha256") or "")
        hashed = f"weights SHA-256 {weights[:_SHORT]}…; " if weights else ""
        told.append(
            f"{entry['name']} ({hashed}first prediction wrong on "
            f"{count(float(entry.get('n_top1_wrong') or 0))} of "
            f"{count(float(entry['n_seen']))} labelled images)"
        )
    if not told:
        return ""
    plural = "classifiers were" if len(told) > 1 else "classifier was"
    return f"The {plural} {'; '.join(told)}."


def _designed(bundle: Bundle) -> str:
    design = bundle.head["design"]
    size, composition = design.get("trials_per_block"), design.get("composition")
    blocks = f" in blocks of {size} trials ({composition} composition)" if size else ""
    most = design.get("max_blocks_per_participant")
    per_person = f", at most {most} to a person" if size and most else ""
    accepted = (
        f", and a prediction is accepted when at least k = {bundle.k} of them accept it"
        if _has_votes(bundle)
        else ""
    )
    return (
        f"Each trial was put to n = {bundle.n} people{blocks}{per_person}; the first "
        f"{bundle.n} valid responses by order of acceptance count{accepted}."
    )


def _has_votes(bundle: Bundle) -> bool:
    """Whether any question's responses accept a prediction or do not."""
    return any(question.vote is not None for question in bundle.questions.values())


def _ruled(bundle: Bundle) -> str:
    return f"Quality rules: {rules_in_words(bundle.head.get('quality'))}."


def _took_part(bundle: Bundle) -> str:
    sessions = bundle.sessions
    what, cast = (
        ("votes", bundle.votes)
        if _has_votes(bundle)
        else (
            "responses",
            bundle.counted_responses,
        )
    )
    recruiters = ", ".join(sorted(map(str, sessions["recruiter"].unique())))
    times = bundle.responses["received_at"].dropna()
    when = ""
    if len(times):
        first, last = times.min().isoformat(), times.max().isoformat()
        when = f" between {moment(first)} and {moment(last)}"
    through = f" through the recruiter {recruiters}" if recruiters else ""
    return (
        f"{count(sessions['participant'].nunique())} people took part{through} "
        f"(environment {bundle.head['environment']}){when}; {count(cast['participant'].nunique())} "
        f"of them gave the {count(len(cast))} {what} that count."
    )


def _locked(bundle: Bundle) -> str:
    study = bundle.head["study"]
    seed = study.get("seed")
    seeded = f" Orders were drawn from seed {seed}." if seed is not None else ""
    if bundle.is_imported:
        return "What was fixed before the responses came in is not known here."
    if not bundle.is_frozen:
        return f"The study was not frozen.{seeded}"
    frozen = str(study.get("frozen_sha256") or "")
    n_changes = len(study.get("amendments") or [])
    changed = f"{n_changes or 'no'} amendment{'' if n_changes == 1 else 's'}"
    hashed = f" (SHA-256 {frozen[:_SHORT]}…)" if frozen else ""
    return (
        f"The study was frozen at {moment(study['frozen_at'])}{hashed}, with {changed} "
        f"since.{seeded}"
    )


def _computed(bundle: Bundle) -> str:
    head = bundle.head
    collected = head.get("versions") or {}
    served = f"collected with Secondlook {collected.get('secondlook', '?')}, "
    used = ", ".join(f"{name} {_installed(name)}" for name in _VERSIONS_OF)
    digest = _bundle_hash(bundle)
    hashed = f"; bundle.json, SHA-256 {digest[:_SHORT]}…" if digest else ""
    if bundle.is_imported and not head.get("exported_at"):
        return f"Responses were imported and analysed with {used} on Python {platform.python_version()}."
    return (
        f"Responses were {served if collected else ''}exported at "
        f"{moment(head.get('exported_at'))} (state “{head['study'].get('state', '?')}”"
        f"{hashed}) and analysed with {used} on Python {platform.python_version()}."
    )


def _bundle_hash(bundle: Bundle) -> str:
    """SHA-256 of `bundle.json`, which holds those of every other file."""
    path = bundle.folder / "bundle.json"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _intervals(bundle: Bundle) -> str:
    if is_unlabelled(bundle):
        return _INTERVALS.format(what="share of accepted predictions")
    if measured_shows(bundle):
        return _INTERVALS.format(what="rectified error")
    return _INTERVALS_OF_SHARES


def _limits(bundle: Bundle) -> Iterator[str]:
    if is_unlabelled(bundle):
        yield _LIMITS_UNLABELLED
    elif measured_shows(bundle):
        yield _LIMITS
    if bundle.is_imported:
        yield _LIMITS_IMPORTED
    yield _LIMITS_ALWAYS


def _listings(bundle: Bundle) -> Iterator[FileListing]:
    for name, caption in _FILES:
        path = bundle.folder / name
        if path.is_file():
            text = _CODE.sub(r"\1(left out)", path.read_text("utf-8", "replace"))
            yield FileListing(name=name, caption=f"{caption} ({name})", text=text)


def _flat(values: Mapping[str, Any], prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in values.items():
        if key == "amendments":
            continue
        name = f"{prefix} {key}"
        if isinstance(value, Mapping):
            found |= _flat(value, name)
        elif isinstance(value, list) and any(isinstance(v, Mapping) for v in value):
            for number, each in enumerate(value, start=1):
                found |= _flat({str(number): each}, name)
        elif text := _written(value):
            found[name] = text
    return found


def _written(value: object) -> str:
    """A setting as a person writes it; empty for one that is not set.

    >>> _written(True), _written([1, "a"]), _written(None), _written(0.0001)
    ('yes', '1, a', '', '0.0001')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(filter(None, map(_written, value)))
    return "" if value is None else str(value)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _amendments(bundle: Bundle) -> Section:
    changes = bundle.head["study"].get("amendments") or []
    blocks: list[Block] = [
        Prose(text=f"{moment(change['at'])}: {change['text']}") for change in changes
    ]
    if not changes:
        blocks.append(Prose(text="No amendments were made after freezing."))
    return Section(
        id="amendments", chapter=Chapter.AMENDMENTS, title="Amendments", blocks=blocks
    )
