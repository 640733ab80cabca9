"""Where a stimulus set is published, and what the bucket must allow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from stimuli.errors import StimuliError

CACHE_CONTROL: Final = "public, max-age=31536000, immutable"
MEDIA_TYPE: Final = "image/png"

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")


class PublishError(StimuliError):
    """A bucket that refuses, or a set that must not be published."""


@dataclass(frozen=True, kw_only=True)
class PublishingTarget:
    """Where images go.

    Attributes:
        bucket: Its name.
        prefix: Before every key; "" or ends in "/".
    """

    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, address: str) -> PublishingTarget:
        """The target meant by `s3://bucket/prefix`.

        Raises:
            PublishError: If it is no such address.
        """
        scheme, _, rest = address.partition("://")
        bucket, _, prefix = rest.partition("/")
        if scheme != "s3" or not _BUCKET.match(bucket):
            raise PublishError(
                f"expected s3://bucket/prefix, got {address!r}; bucket names have 3 to "
                "63 lower-case letters, digits, dots and hyphens"
            )
        prefix = prefix.strip("/")
        return cls(bucket=bucket, prefix=f"{prefix}/" if prefix else "")

    def key(self, stimulus_id: str) -> str:
        """The object's key: flat, the hash of the bytes, nothing else."""
        return f"{self.prefix}{stimulus_id}.png"

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


@dataclass(frozen=True, kw_only=True)
class UploadCounts:
    """What a run did.

    Attributes:
        n_images: In the set.
        n_uploaded: Sent now.
        n_present: There before, and the same.
        n_bytes: Sent now.
    """

    n_images: int
    n_uploaded: int
    n_present: int
    n_bytes: int


def make_rule(origins: Sequence[str]) -> dict[str, Any]:
    """The CORS rule that lets pages of `origins` read images."""
    return {
        "AllowedMethods": ["GET", "HEAD"],
        "AllowedOrigins": list(origins),
        "AllowedHeaders": ["*"],
        "MaxAgeSeconds": 86400,
    }


def find_refused(
    rules: Sequence[Mapping[str, Any]], origins: Sequence[str]
) -> tuple[str, ...]:
    """Those of `origins` that no rule lets GET."""

    def is_allowed(origin: str) -> bool:
        return any(
            "GET" in rule.get("AllowedMethods", [])
            and any(fnmatchcase(origin, way) for way in rule.get("AllowedOrigins", []))
            for rule in rules
        )

    return tuple(origin for origin in origins if not is_allowed(origin))


def explain_cors(target: PublishingTarget, origins: Sequence[str]) -> str:
    """What to do so that pages may read images."""
    rules = json.dumps({"CORSRules": [make_rule(origins)]})
    return (
        f"bucket {target.bucket!r} has no CORS rule that lets {', '.join(origins)} "
        "read images; pages on other hosts then cannot check that an image is whole. "
        "Run again with --set-cors, or let the bucket's owner run\n"
        f"  aws s3api put-bucket-cors --bucket {target.bucket} "
        f"--cors-configuration '{rules}'"
    )


def explain_private(target: PublishingTarget) -> str:
    """What to do so that browsers may fetch images without credentials."""
    return (
        f"{target} cannot be read without credentials, so browsers will not see the "
        "images. If they are to come straight from the bucket, allow s3:GetObject on "
        f"arn:aws:s3:::{target.bucket}/{target.prefix}* to everyone (and turn off "
        '"block public access"); behind a CDN with access of its own nothing is amiss.'
    )
