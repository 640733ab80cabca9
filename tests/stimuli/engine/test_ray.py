"""Two Ray nodes on this machine; in an environment that has `requirements/cluster.txt`."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stimuli.engine.running.execution import ShardRunner
from stimuli.errors import BuildError, StimuliError
from stimuli.records.storage import Disk
from tests.stimuli import engines, toy
from tests.stimuli.engine.test_worker_pool import stage_of

ray = pytest.importorskip(
    "ray", reason="Ray is not installed: pip install -r requirements/cluster.txt"
)
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

# Four actors fit two nodes of one GPU only if they share it.
ACTORS = 'ray = "auto"\nactors = 4\ngpus_per_actor = 0.5\ndevice = "cpu"'
NODE = {"num_cpus": 2, "num_gpus": 1, "object_store_memory": 80 * 2**20}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    # The GPUs are pretended.
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    nodes = Cluster(initialize_head=True, head_node_args=NODE)
    ray.init(address=nodes.address, log_to_driver=False)
    yield nodes
    ray.shutdown()
    nodes.shutdown()


@pytest.fixture
def second(cluster: Any) -> Iterator[Any]:
    node = cluster.add_node(**NODE)
    cluster.wait_for_nodes()
    yield node
    if node in cluster.list_all_nodes():
        cluster.remove_node(node)


# First, while this process belongs to no cluster.
def test_a_cluster_that_is_not_there_is_said_in_words(tmp_path):
    recipe = engines.write(tmp_path, 'ray = "127.0.0.1:1"')
    with pytest.raises(StimuliError, match=r"no Ray cluster at '127\.0\.0\.1:1'"):
        toy.build(recipe, tmp_path / "set")


def test_two_nodes_with_actors_that_share_gpus_give_the_bytes_of_this_process(
    tmp_path, second
):
    toy.build(engines.write(tmp_path, 'device = "cpu"'), tmp_path / "here")
    recipe = engines.write(tmp_path, ACTORS)
    (tmp_path / "pace").write_text("0.3")
    built = toy.build(recipe, tmp_path / "there")
    done = built.summary["execution"]
    assert (done["engine"], done["workers"], done["incidents"]) == ("ray", 4, [])
    assert engines.content(tmp_path / "there") == engines.content(tmp_path / "here")


def test_a_killed_actor_is_replaced_and_its_shard_done_again(tmp_path, second):
    toy.build(engines.write(tmp_path, 'device = "cpu"'), tmp_path / "here")
    recipe = engines.write(tmp_path, ACTORS)
    (tmp_path / "armed").write_text("once")
    built = toy.build(recipe, tmp_path / "there")
    (incident,) = built.summary["execution"]["incidents"]
    assert "the Ray actor on" in incident
    assert "shard 5 (4 images, bee/20.png to bee/23.png) is done again" in incident
    assert engines.content(tmp_path / "there") == engines.content(tmp_path / "here")


def take_away(cluster: Any, node: Any, *, work: Path) -> None:
    """Ends a node, as a power cut would, once two shards are done."""
    while len(list(work.glob("shard-*.json"))) < 2:
        time.sleep(0.05)
    cluster.remove_node(node, allow_graceful=False)


def test_a_lost_node_costs_no_image_and_is_named(tmp_path, cluster, second):
    toy.build(engines.write(tmp_path, 'device = "cpu"'), tmp_path / "here")
    recipe = engines.write(tmp_path, ACTORS)
    (tmp_path / "pace").write_text("3")
    saboteur = threading.Thread(
        target=take_away,
        args=(cluster, second),
        kwargs={"work": tmp_path / "there/.build"},
    )
    saboteur.start()
    built = toy.build(recipe, tmp_path / "there")
    saboteur.join()
    incidents = built.summary["execution"]["incidents"]
    # Two actors lived on it; whoever was between two shards is missed by nobody.
    assert 1 <= len(incidents) <= 4
    assert any(f"(node {second.node_id[:12]})" in words for words in incidents)
    assert engines.content(tmp_path / "there") == engines.content(tmp_path / "here")


def test_a_picture_that_kills_every_actor_is_named(tmp_path, second):
    recipe = engines.write(tmp_path, ACTORS)
    (tmp_path / "armed").write_text("always")
    with pytest.raises(BuildError, match=r"each of the 3 .*next are bee/20.png"):
        toy.build(recipe, tmp_path / "set")
    assert list((tmp_path / "set/.build").glob("shard-*.json"))


def test_a_cluster_without_a_place_is_not_waited_for_for_ever(tmp_path, cluster):
    from stimuli.engine.running.on_ray import OnRay

    engine = OnRay(
        address="auto", n_workers=2, threads=1, gpus_per_actor=4, patience_s=3
    )
    runner = ShardRunner(
        engine=engine, folder=tmp_path, disk=Disk(), open_progress=toy._quiet
    )
    stage = stage_of(8)
    with pytest.raises(BuildError, match=r"takes 1 CPU and 4 GPU, the cluster's"):
        runner.run(stage)
