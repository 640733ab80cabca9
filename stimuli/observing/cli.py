"""`secondlook stimuli observe`: the command; torch is imported inside it only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stimuli.errors import StimuliError
from stimuli.manifest import StimulusSet
from stimuli.observations import OBSERVATIONS

if TYPE_CHECKING:
    from stimuli.observing.keeping import ObservedSet


@click.command()
@click.argument("folder", metavar="SET", type=click.Path(path_type=Path))
@click.option(
    "--classifier",
    help="demo, demo:robust, demo:stylised, a torchvision name, or your own "
    "file.py:function.",
)
@click.option("--weights", help="Of a torchvision name: a file, or torchvision's name.")
@click.option(
    "--name", help="What tables call the observer; else the classifier's name."
)
@click.option(
    "--rule",
    type=click.Choice(["top1", "top5"]),
    help="For questions whether a class is relevant: yes if it is the classifier's "
    "first (default), or among its five.",
)
@click.option(
    "--keep",
    "n_kept",
    default=5,
    show_default=True,
    type=click.IntRange(0),
    help="Outputs whose probability is kept, most probable first; 0 keeps all.",
)
@click.option("--command", help="Instead: a program that is asked trial by trial.")
@click.option("--prompt", help="Goes out to the program with every trial.")
@click.option("--program-version", help="Of the program, or the model behind it.")
@click.option("--temperature", type=click.FloatRange(0), help="Goes out with a trial.")
@click.option("--repeats", type=click.IntRange(1, 1000), help="Of every trial; 1.")
@click.option(
    "--timeout", type=click.FloatRange(0.1), help="Seconds for one response; 60."
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option("--batch-size", help="Pictures per forward pass, or calibrate.")
@click.option("--threads", type=click.IntRange(1, 512), help="Batches at a time.")
@click.option("--workers", type=click.IntRange(1, 512), help="Processes, not threads.")
@click.option("--ray", help="Address of a Ray cluster, or local.")
@click.option("--fresh", is_flag=True, help="Throw away what this observer responded.")
@click.option("--json", "is_json", is_flag=True, help="Print the outcome as JSON.")
def observe(folder: Path, *, fresh: bool, is_json: bool, **given: Any) -> None:  # noqa: ANN401 - click's options
    """Let a classifier, or a program, respond to SET's own trials.

    It looks at the bytes that people see.

    Its responses lie in SET beside the trials, never among people's; an interrupted
    run goes on with the same command.
    """
    from stimuli.records.storage import only_writer

    _check_options(given)
    opened = StimulusSet.open(folder)
    ask = _observe_program if given["command"] else _observe_classifier
    with only_writer(folder):
        done = ask(opened, given, is_fresh=fresh)
    if is_json:
        click.echo(json.dumps(_facts(done), ensure_ascii=False))
        return
    for words in done.incidents:
        click.echo(f"note: {words}", err=True)
    click.echo(_describe(done, folder))


_OF_CLASSIFIERS = ("weights", "rule", "batch_size", "threads", "workers", "ray")
_OF_PROGRAMS = ("prompt", "program_version", "temperature", "repeats", "timeout")


def _check_options(given: dict[str, Any]) -> None:
    """Refuse what does not go together.

    Raises:
        click.UsageError: Naming it.
    """
    if bool(given["classifier"]) == bool(given["command"]):
        raise click.UsageError(
            "say who responds, either --classifier or --command: demo, a torchvision "
            "name, file.py:function; or a program"
        )
    of = "--command" if given["classifier"] else "--classifier"
    for name in _OF_PROGRAMS if given["classifier"] else _OF_CLASSIFIERS:
        if given[name] is not None:
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option} goes with {of}")


def _observe_program(
    opened: StimulusSet, given: dict[str, Any], *, is_fresh: bool
) -> ObservedSet:
    from stimuli.observing.asking import TIMEOUT_S, HowAsked, ProgramObserver
    from stimuli.observing.keeping import ObserverShelf
    from stimuli.records.progress import open_bar

    how = HowAsked(
        command=given["command"],
        prompt=given["prompt"] or "",
        version=given["program_version"] or "",
        temperature=given["temperature"],
        n_repeats=given["repeats"] or 1,
    )
    observer = ProgramObserver(
        shelf=ObserverShelf(set=opened),
        how=how,
        open_progress=open_bar,
        name=given["name"],
        timeout_s=given["timeout"] or TIMEOUT_S,
    )
    return observer.observe(is_fresh=is_fresh)


def _observe_classifier(
    opened: StimulusSet, given: dict[str, Any], *, is_fresh: bool
) -> ObservedSet:
    from stimuli.observing.classifying import ClassifierObserver, execution_of
    from stimuli.observing.keeping import ObserverShelf
    from stimuli.probing.classifiers import name_classifiers
    from stimuli.records.progress import open_bar

    execution = execution_of(
        {
            "device": given["device"],
            "batch_size": _batch_size(given["batch_size"]),
            **{key: given[key] for key in ("threads", "workers", "ray")},
        }
    )
    weights = [given["weights"]] if given["weights"] else []
    recipe = name_classifiers([given["classifier"]], weights, execution=execution)
    observer = ClassifierObserver(
        shelf=ObserverShelf(set=opened),
        recipe=recipe,
        open_progress=open_bar,
        wanted=given["rule"],
        n_kept=given["n_kept"],
        name=given["name"],
    )
    return observer.observe(is_fresh=is_fresh)


def _batch_size(text: str | None) -> int | str | None:
    if text is None or text == "calibrate":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise StimuliError(
            f"--batch-size is a number from 1, or calibrate, got {text!r}"
        )
    return int(text)


def _facts(done: ObservedSet) -> dict[str, Any]:
    observer = done.record.observer
    return {
        "observer": observer.name,
        "kind": observer.kind,
        "facts": dict(observer.facts),
        "is_new": done.is_new,
        "n_observations": len(done.record.observations),
        "n_refused": done.record.n_refused,
        "n_left_out": done.n_left_out,
    }


def _describe(done: ObservedSet, folder: Path) -> str:
    name = done.record.observer.name
    if not done.is_new:
        return f"{folder} holds the responses of {name} already; nothing to do."
    lines = [f"{name} responded to {len(done.record.observations)} trials"]
    if done.record.n_refused:
        lines[0] += f" ({done.record.n_refused} refused)"
    if done.n_left_out:
        lines.append(
            f"{done.n_left_out} trials were left out: they say nothing of observers"
        )
    lines.append(f"its responses lie in {folder / OBSERVATIONS}")
    return "\n".join(lines)
