"""A stimulus set's images to S3: in parallel, checked, resumable.

Only images go up, under `<prefix>/<id>.png`: the set's text files hold keys and
truths, which a public bucket must not have. What is there already, with the
same size, hash and headers, is not sent again, so an interrupted run is gone on
with by the same command.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from stimuli.errors import list_problems
from stimuli.manifest import StimulusSet
from stimuli.publishing.target import (
    CACHE_CONTROL,
    MEDIA_TYPE,
    PublishError,
    PublishingTarget,
    UploadCounts,
    find_refused,
    make_rule,
)

# boto3 makes its clients' classes at run time; a fake only needs the methods.
Client = Any

_ADVICE: Final = {
    "NoSuchBucket": "create it, or mend the name",
    "AccessDenied": "give these credentials the right to {action} on it",
    "403": "give these credentials the right to {action} on it",
    "InvalidAccessKeyId": "check the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID)",
    "SignatureDoesNotMatch": "check the credentials (AWS_SECRET_ACCESS_KEY)",
    "ExpiredToken": "sign in again",
    "PermanentRedirect": "it lies in another region; say which with --region",
    "SlowDown": "try again with fewer --workers",
}


@dataclass(frozen=True, kw_only=True)
class _Image:
    id: str
    path: Path
    key: str


def connect(
    *,
    endpoint_url: str | None = None,
    region: str | None = None,
    n_workers: int = 16,
    is_anonymous: bool = False,
) -> Client:
    """An S3 client that retries and has a connection per worker.

    Credentials come from where boto3 looks for them (environment, profile,
    instance role).

    Args:
        endpoint_url: Of a service that speaks S3; None means Amazon's.
        region: None means the profile's.
        n_workers: Connections kept.
        is_anonymous: Without credentials, as browsers come.

    Raises:
        PublishError: If the settings make no sense.
    """
    config = Config(
        retries={"mode": "standard", "max_attempts": 5},
        max_pool_connections=n_workers,
        signature_version=UNSIGNED if is_anonymous else None,
    )
    try:
        return boto3.client(
            "s3", endpoint_url=endpoint_url, region_name=region, config=config
        )
    except (BotoCoreError, ValueError) as error:
        raise PublishError(f"no connection to S3 can be made: {error}") from error


def publish_set(
    folder: Path,
    target: PublishingTarget,
    *,
    client: Client,
    n_workers: int = 16,
    progress: Callable[[int, int], None] | None = None,
) -> UploadCounts:
    """Send the images that are missing or differ.

    Args:
        folder: A finished stimulus set.
        target: Where to.
        client: From `connect`.
        n_workers: Objects in flight at once.
        progress: Called with images done and in all.

    Raises:
        StimulusSetError: If the set is not finished.
        PublishError: If images are missing or changed (nothing is sent), or
            the bucket refuses (what was sent stays; run it again to go on).
    """
    stimulus_set = StimulusSet.open(folder)
    ids = sorted({stimulus.id for stimulus in stimulus_set.stimuli()})
    images = [
        _Image(id=i, path=stimulus_set.image_path(i), key=target.key(i)) for i in ids
    ]
    pool = ThreadPoolExecutor(n_workers)
    try:
        _check_files(folder, images, pool)
        sender = _Sender(client=client, target=target, sizes=_sizes(client, target))
        futures = [pool.submit(sender.send, image) for image in images]
        sent = _gather(futures, target, progress=progress)
    finally:
        # On Ctrl-C and on a refusal alike: finish what is on its way, no more.
        pool.shutdown(wait=True, cancel_futures=True)
    return UploadCounts(
        n_images=len(images),
        n_uploaded=sum(size > 0 for size in sent),
        n_present=sum(size == 0 for size in sent),
        n_bytes=sum(sent),
    )


def is_public(client: Client, target: PublishingTarget, *, stimulus_id: str) -> bool:
    """Whether an image can be read without credentials.

    Args:
        client: From `connect(is_anonymous=True)`.
        target: Where the images are.
        stimulus_id: One that was published.
    """
    try:
        client.head_object(Bucket=target.bucket, Key=target.key(stimulus_id))
    except ClientError as error:
        if _code(error) in {"403", "AccessDenied"}:
            return False
        raise _refusal(
            error, target, doing="read images", action="s3:GetObject"
        ) from error
    return True


def find_cors_gaps(
    client: Client, target: PublishingTarget, origins: Sequence[str]
) -> tuple[str, ...]:
    """Those of `origins` whose pages may not read images.

    Raises:
        PublishError: If the bucket does not tell.
    """
    return find_refused(_read_rules(client, target), origins)


def set_cors(client: Client, target: PublishingTarget, origins: Sequence[str]) -> None:
    """Let pages of `origins` read images; rules that are there stay.

    Raises:
        PublishError: If the bucket refuses.
    """
    rules = [*_read_rules(client, target), make_rule(origins)]
    with _in_words(target, doing="set CORS rules", action="s3:PutBucketCORS"):
        client.put_bucket_cors(
            Bucket=target.bucket, CORSConfiguration={"CORSRules": rules}
        )


def _read_rules(client: Client, target: PublishingTarget) -> list[dict[str, Any]]:
    with _in_words(target, doing="show its CORS rules", action="s3:GetBucketCORS"):
        try:
            rules = client.get_bucket_cors(Bucket=target.bucket)["CORSRules"]
        except ClientError as error:
            if _code(error) == "NoSuchCORSConfiguration":
                return []
            raise
    return list(rules)


def _check_files(
    folder: Path, images: Iterable[_Image], pool: ThreadPoolExecutor
) -> None:
    """No byte leaves before the whole set is known to be what it says."""
    problems = [found for found in pool.map(_file_problem, images) if found]
    if problems:
        message = list_problems(str(folder), problems)
        raise PublishError(f"{message}\nNothing was sent; build the set again.")


def _file_problem(image: _Image) -> str:
    try:
        found = hashlib.sha256(image.path.read_bytes()).hexdigest()
    except OSError as error:
        return f"{image.path.name}: {error.strerror}"
    return "" if found == image.id else f"{image.path.name}: its bytes changed"


def _sizes(client: Client, target: PublishingTarget) -> dict[str, int]:
    """Key to size, in bytes, of what is there."""
    with _in_words(target, doing="list objects", action="s3:ListBucket"):
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=target.bucket, Prefix=target.prefix
        )
        return {
            entry["Key"]: entry["Size"]
            for page in pages
            for entry in page.get("Contents", [])
        }


@dataclass(frozen=True, kw_only=True)
class _Sender:
    client: Client
    target: PublishingTarget
    sizes: Mapping[str, int]

    def send(self, image: _Image) -> int:
        """Bytes sent; 0 if the object is there already."""
        blob = image.path.read_bytes()
        if self.sizes.get(image.key) == len(blob) and self._is_same(image):
            return 0
        with _in_words(self.target, doing="store images", action="s3:PutObject"):
            self.client.put_object(
                Bucket=self.target.bucket,
                Key=image.key,
                Body=blob,
                ContentType=MEDIA_TYPE,
                CacheControl=CACHE_CONTROL,
                Metadata={"sha256": image.id},
                # The bucket itself refuses bytes that changed on the way.
                ChecksumSHA256=base64.b64encode(bytes.fromhex(image.id)).decode(),
            )
        return len(blob)

    def _is_same(self, image: _Image) -> bool:
        with _in_words(self.target, doing="show an image", action="s3:GetObject"):
            head = self.client.head_object(Bucket=self.target.bucket, Key=image.key)
        found = (head["Metadata"].get("sha256"), head.get("ContentType"))
        return found == (image.id, MEDIA_TYPE)


def _gather(
    futures: Sequence[Future[int]],
    target: PublishingTarget,
    *,
    progress: Callable[[int, int], None] | None,
) -> list[int]:
    sent: list[int] = []
    for future in as_completed(futures):
        try:
            sent.append(future.result())
        except PublishError as error:
            raise PublishError(
                f"{error}\n{len(sent)} of {len(futures)} images are in {target}; the "
                "same command goes on from there"
            ) from error
        if progress:
            progress(len(sent), len(futures))
    return sent


@contextmanager
def _in_words(target: PublishingTarget, *, doing: str, action: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise _refusal(error, target, doing=doing, action=action) from error


def _refusal(
    error: ClientError | BotoCoreError,
    target: PublishingTarget,
    *,
    doing: str,
    action: str,
) -> PublishError:
    code = _code(error)
    if isinstance(error, NoCredentialsError):
        reason = "there are no credentials"
        advice = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    else:
        reason = str(error)
        advice = _ADVICE.get(code, "look at the bucket and the connection")
    return PublishError(
        f"bucket {target.bucket!r} does not let us {doing}: {reason}; "
        f"{advice.format(action=action)}"
    )


def _code(error: ClientError | BotoCoreError) -> str:
    if not isinstance(error, ClientError):
        return ""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code
