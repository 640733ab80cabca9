"""`secondlook stimuli publish`: the command; boto3 is imported inside it only."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from stimuli.errors import StimuliError
from stimuli.manifest import StimulusSet
from stimuli.publishing.target import (
    PublishError,
    PublishingTarget,
    UploadCounts,
    explain_cors,
    explain_private,
)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("address", metavar="s3://BUCKET/PREFIX")
@click.option(
    "--workers",
    default=16,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Images in flight at once.",
)
@click.option("--region", help="Of the bucket; default: your profile's.")
@click.option("--endpoint-url", help="Of a service other than Amazon's.")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    default=["*"],
    help="Where the pages come from (https://study.example.org); repeatable.",
)
@click.option("--set-cors", is_flag=True, help="Let those pages read the bucket.")
@click.option("--json", "is_json", is_flag=True, help="Print the result as JSON.")
def publish(
    folder: Path,
    address: str,
    *,
    workers: int,
    region: str | None,
    endpoint_url: str | None,
    origins: tuple[str, ...],
    set_cors: bool,
    is_json: bool,
) -> None:
    """Send the images of the stimulus set in DIR to a bucket.

    Only images are sent, named by their hash. What is there already is left
    alone, so the same command goes on after an interruption.
    """
    from stimuli.publishing import uploading as s3

    try:
        target = PublishingTarget.parse(address)
        client = s3.connect(endpoint_url=endpoint_url, region=region, n_workers=workers)
        published = _send(folder, target, client=client, n_workers=workers)
        warnings = _check_access(
            target, client, origins=origins, is_setting_cors=set_cors
        )
        anonymous = s3.connect(
            endpoint_url=endpoint_url, region=region, is_anonymous=True
        )
        if not _is_public(folder, target, anonymous):
            warnings.append(explain_private(target))
    except StimuliError as error:
        raise click.ClickException(str(error)) from error
    _print(published, target, warnings, is_json=is_json)


def _send(
    folder: Path,
    target: PublishingTarget,
    *,
    client: Any,  # noqa: ANN401 - boto3's client
    n_workers: int,
) -> UploadCounts:
    from tqdm import tqdm

    from stimuli.publishing.uploading import publish_set

    with tqdm(unit="image", desc="publish", disable=None) as bar:

        def show(n_done: int, n_all: int) -> None:
            bar.total = n_all
            bar.update(n_done - bar.n)

        return publish_set(
            folder, target, client=client, n_workers=n_workers, progress=show
        )


def _check_access(
    target: PublishingTarget,
    client: Any,  # noqa: ANN401 - boto3's client
    *,
    origins: tuple[str, ...],
    is_setting_cors: bool,
) -> list[str]:
    """Warnings; the images are up by now, so what cannot be told is no error."""
    from stimuli.publishing import uploading as s3

    try:
        gaps = s3.find_cors_gaps(client, target, origins)
    except PublishError as error:
        if is_setting_cors:
            raise
        return [f"{error}\n{explain_cors(target, origins)}"]
    if gaps and is_setting_cors:
        s3.set_cors(client, target, gaps)
        return []
    return [explain_cors(target, gaps)] if gaps else []


def _is_public(folder: Path, target: PublishingTarget, client: Any) -> bool:  # noqa: ANN401
    from stimuli.publishing.uploading import is_public

    first = next(StimulusSet.open(folder).stimuli(), None)
    return first is None or is_public(client, target, stimulus_id=first.id)


def _print(
    published: UploadCounts,
    target: PublishingTarget,
    warnings: list[str],
    *,
    is_json: bool,
) -> None:
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)
    if is_json:
        result = asdict(published) | {"target": str(target), "warnings": warnings}
        click.echo(json.dumps(result))
        return
    click.echo(
        f"{published.n_images} images in {target}: {published.n_uploaded} sent "
        f"({published.n_bytes / 1e6:.1f} MB), {published.n_present} there already"
    )
