"""Publishing against moto's S3 over HTTP, and against a bucket that refuses."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner
from moto.server import ThreadedMotoServer

from stimuli.manifest import Stimulus, StimulusSetError, stimulus_to_json
from stimuli.publishing.cli import publish
from stimuli.publishing.target import PublishError, PublishingTarget, find_refused
from stimuli.publishing.uploading import (
    connect,
    find_cors_gaps,
    is_public,
    publish_set,
    set_cors,
)
from stimuli.sources.images import encode_png

TARGET = PublishingTarget.parse("s3://stimuli-of-ours/relevance/")


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    httpx.post(f"{endpoint}/moto-api/reset").raise_for_status()
    made = connect(endpoint_url=endpoint, region="us-east-1")
    made.create_bucket(Bucket=TARGET.bucket)
    yield made
    made.close()


def write_set(folder: Path, n: int) -> list[str]:
    rng = np.random.default_rng(0)
    ids, lines = [], []
    (folder / "images").mkdir(parents=True)
    for number in range(n):
        blob = encode_png(rng.integers(0, 255, (6, 5, 3), dtype=np.uint8))
        name = hashlib.sha256(blob).hexdigest()
        (folder / "images" / f"{name}.png").write_bytes(blob)
        stimulus = Stimulus(
            id=name,
            file=f"images/{name}.png",
            width=5,
            height=6,
            source=f"{number}.png",
            source_sha256=name,
            label="0",
            predictions=(),
            method="crop",
        )
        ids.append(name)
        lines.append(stimulus_to_json(stimulus) + "\n")
    (folder / "manifest.jsonl").write_text("".join(lines))
    for name in ("recipe.toml", "classes.json", "trials.jsonl", "summary.json"):
        (folder / name).write_text("secret keys and truths")
    return sorted(ids)


@pytest.fixture
def folder(tmp_path):
    write_set(tmp_path / "set", 12)
    return tmp_path / "set"


def keys(client, bucket=TARGET.bucket):
    pages = client.list_objects_v2(Bucket=bucket)
    return [entry["Key"] for entry in pages.get("Contents", [])]


def test_addresses_are_read():
    assert PublishingTarget.parse("s3://bucket/a/b") == PublishingTarget(
        bucket="bucket", prefix="a/b/"
    )
    assert PublishingTarget.parse("s3://bucket/a/b/").key("0f") == "a/b/0f.png"
    assert PublishingTarget.parse("s3://bucket").key("0f") == "0f.png"
    for wrong in ("bucket/a", "https://bucket/a", "s3://", "s3://UPPER/a", "s3://a"):
        with pytest.raises(PublishError, match="expected s3://bucket/prefix"):
            PublishingTarget.parse(wrong)


def test_images_alone_go_up_whole_under_their_hash(client, folder):
    published = publish_set(folder, TARGET, client=client)
    ids = sorted(path.stem for path in (folder / "images").iterdir())
    assert keys(client) == [f"relevance/{name}.png" for name in ids]
    assert (published.n_uploaded, published.n_present) == (12, 0)
    sizes = [path.stat().st_size for path in (folder / "images").iterdir()]
    assert published.n_bytes == sum(sizes)
    stored = client.get_object(Bucket=TARGET.bucket, Key=TARGET.key(ids[0]))
    assert hashlib.sha256(stored["Body"].read()).hexdigest() == ids[0]
    assert stored["ContentType"] == "image/png"
    assert stored["CacheControl"] == "public, max-age=31536000, immutable"
    assert stored["Metadata"] == {"sha256": ids[0]}


def test_a_second_run_sends_nothing(client, folder):
    publish_set(folder, TARGET, client=client)
    again = publish_set(folder, TARGET, client=client)
    assert (again.n_uploaded, again.n_present, again.n_bytes) == (0, 12, 0)


def test_what_is_missing_or_differs_is_sent_again(client, folder):
    publish_set(folder, TARGET, client=client)
    paths = sorted((folder / "images").iterdir())
    client.delete_object(Bucket=TARGET.bucket, Key=TARGET.key(paths[0].stem))
    right = {"Bucket": TARGET.bucket, "ContentType": "image/png"}
    # Shorter; as long but other bytes; the right bytes under the wrong type.
    client.put_object(Key=TARGET.key(paths[1].stem), Body=b"short", **right)
    size = paths[2].stat().st_size
    client.put_object(Key=TARGET.key(paths[2].stem), Body=b"x" * size, **right)
    client.put_object(
        Bucket=TARGET.bucket,
        Key=TARGET.key(paths[3].stem),
        Body=paths[3].read_bytes(),
        Metadata={"sha256": paths[3].stem},
    )
    again = publish_set(folder, TARGET, client=client)
    assert (again.n_uploaded, again.n_present) == (4, 8)
    for path in paths[:4]:
        stored = client.get_object(Bucket=TARGET.bucket, Key=TARGET.key(path.stem))
        assert stored["Body"].read() == path.read_bytes()
        assert stored["ContentType"] == "image/png"


def test_progress_counts_every_image(client, folder):
    seen = []
    publish_set(folder, TARGET, client=client, progress=lambda *at: seen.append(at))
    assert seen == [(k, 12) for k in range(1, 13)]


def test_a_set_that_changed_sends_nothing(client, folder):
    first, second, *_ = sorted((folder / "images").iterdir())
    first.write_bytes(b"other")
    second.unlink()
    with pytest.raises(PublishError) as caught:
        publish_set(folder, TARGET, client=client)
    assert f"{first.name}: its bytes changed" in str(caught.value)
    assert f"{second.name}: No such file" in str(caught.value)
    assert keys(client) == []


def test_an_unfinished_set_is_refused(client, tmp_path):
    with pytest.raises(StimulusSetError, match="not a finished stimulus set"):
        publish_set(tmp_path, TARGET, client=client)


def test_a_missing_bucket_is_named(client, folder):
    target = PublishingTarget.parse("s3://nobodys-bucket/a")
    with pytest.raises(
        PublishError, match=r"bucket 'nobodys-bucket' does not let us list .*create it"
    ):
        publish_set(folder, target, client=client)


def test_credentials_without_rights_are_told_which_right(client, endpoint, folder):
    # From here on moto asks whether the caller may; the made-up one may nothing.
    httpx.post(f"{endpoint}/moto-api/reset-auth", content="0").raise_for_status()
    try:
        with pytest.raises(
            PublishError, match=r"bucket 'stimuli-of-ours' does not let us list objects"
        ) as caught:
            publish_set(folder, TARGET, client=client)
    finally:
        httpx.post(f"{endpoint}/moto-api/reset-auth", content="inf").raise_for_status()
    assert "credentials" in str(caught.value)


def test_a_connection_that_fails_names_the_bucket(monkeypatch, folder):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    nowhere = connect(endpoint_url="http://127.0.0.1:9", region="us-east-1")
    with pytest.raises(PublishError, match="bucket 'stimuli-of-ours' does not let us"):
        publish_set(folder, TARGET, client=nowhere)
    nowhere.close()


@dataclass
class Refusing:
    """A bucket that takes a few images and then no more."""

    n_taken: int
    stored: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    code: str = "AccessDenied"

    def get_paginator(self, _):
        return self

    def paginate(self, **_):
        return []

    def put_object(self, *, Key, **_):  # noqa: N803 - boto3's own name
        with self.lock:
            if len(self.stored) == self.n_taken:
                raise ClientError(
                    {"Error": {"Code": self.code, "Message": "no"}}, "PutObject"
                )
            self.stored.append(Key)


def test_a_refusal_midway_stops_and_says_how_far_it_got(folder):
    bucket = Refusing(n_taken=5)
    with pytest.raises(PublishError) as caught:
        publish_set(folder, TARGET, client=bucket, n_workers=1)
    message = str(caught.value)
    assert "bucket 'stimuli-of-ours' does not let us store images" in message
    assert "give these credentials the right to s3:PutObject" in message
    assert "5 of 12 images are in s3://stimuli-of-ours/relevance/" in message
    assert len(bucket.stored) == 5


def test_cors_is_checked_and_set_without_losing_other_rules(client):
    other = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://a.example"]}
    client.put_bucket_cors(
        Bucket=TARGET.bucket, CORSConfiguration={"CORSRules": [other]}
    )
    origins = ["https://a.example", "https://study.example"]
    assert find_cors_gaps(client, TARGET, origins) == tuple(origins)
    set_cors(client, TARGET, ["https://*.example"])
    assert find_cors_gaps(client, TARGET, origins) == ()
    assert find_cors_gaps(client, TARGET, ["https://b.test"]) == ("https://b.test",)
    rules = client.get_bucket_cors(Bucket=TARGET.bucket)["CORSRules"]
    assert [rule["AllowedMethods"] for rule in rules] == [["PUT"], ["GET", "HEAD"]]


def test_a_bucket_without_cors_rules_has_gaps(client):
    assert find_cors_gaps(client, TARGET, ["*"]) == ("*",)


def test_one_named_origin_is_not_everyone():
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"]}
    assert find_refused([rule], ["*", "https://a.example"]) == ("*",)


def test_public_means_readable_without_credentials(client, endpoint, folder):
    publish_set(folder, TARGET, client=client)
    name = next((folder / "images").iterdir()).stem
    anonymous = connect(endpoint_url=endpoint, region="us-east-1", is_anonymous=True)
    assert is_public(anonymous, TARGET, stimulus_id=name) is False
    client.put_object_acl(Bucket=TARGET.bucket, Key=TARGET.key(name), ACL="public-read")
    assert is_public(anonymous, TARGET, stimulus_id=name) is True
    anonymous.close()


def invoke(folder, endpoint, *more):
    address = "s3://stimuli-of-ours/relevance"
    arguments = [str(folder), address, "--endpoint-url", endpoint]
    return CliRunner().invoke(publish, [*arguments, "--region", "us-east-1", *more])


def test_the_command_says_what_it_did_and_what_is_amiss(client, endpoint, folder):
    first = invoke(folder, endpoint)
    assert first.exit_code == 0, first.output
    assert "12 images in s3://stimuli-of-ours/relevance/: 12 sent" in first.stdout
    assert "aws s3api put-bucket-cors --bucket stimuli-of-ours" in first.stderr
    assert "cannot be read without credentials" in first.stderr
    origin = ("--origin", "https://study.example", "--set-cors", "--json")
    second = invoke(folder, endpoint, *origin)
    result = json.loads(second.stdout)
    assert (result["n_uploaded"], result["n_present"]) == (0, 12)
    assert "CORS" not in second.stderr
    assert find_cors_gaps(client, TARGET, ["https://study.example"]) == ()


def test_the_command_prints_a_refusal_without_a_traceback(client, endpoint, folder):
    client.delete_bucket(Bucket=TARGET.bucket)
    refused = invoke(folder, endpoint)
    assert refused.exit_code == 1
    assert "Error: bucket 'stimuli-of-ours' does not let us list" in refused.output
    assert "Traceback" not in refused.output
