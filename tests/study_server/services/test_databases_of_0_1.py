"""A database of version 0.1 is upgraded, exported and gives the numbers of then."""

from __future__ import annotations

import pytest

from analysis.bundles.reading import read_bundle
from study_server.services.bundles.exporting import export_study
from study_server.services.bundles.imported_bundles import export_imported
from study_server.store import upgrade
from tests.fixtures.old_studies import check_says_the_same, unpack_database
from tests.study_server.conftest import FakeClock, make_services


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old")
    url = f"sqlite:///{unpack_database(folder)}"
    upgrade(url)
    made = make_services(url, clock=FakeClock(), data_dir=folder)
    yield made
    made.store.close()


@pytest.mark.parametrize(
    "name",
    [
        "portrait",
        pytest.param("criticism", marks=pytest.mark.slow),
        pytest.param("top5each", marks=pytest.mark.slow),
    ],
)
def test_a_study_run_before_gives_the_same_numbers(name, old, tmp_path):
    out = tmp_path / "bundle"
    export_study(old, name, out=out, images="none", environment="simulated")
    check_says_the_same(read_bundle(out), name)


@pytest.mark.parametrize(
    "name",
    [
        "imported-votes",
        pytest.param("imported-categories", marks=pytest.mark.slow),
    ],
)
def test_a_study_imported_before_gives_the_same_numbers(name, old, tmp_path):
    out = export_imported(old, name, out=tmp_path / "bundle")
    check_says_the_same(read_bundle(out), name)


@pytest.mark.slow
def test_numbers_imported_before_are_codes_and_no_order(old, tmp_path):
    """An order is said now (`--scale`), and no longer taken from being numbers."""
    out = export_imported(old, "imported-ratings", out=tmp_path / "bundle")
    check_says_the_same(
        read_bundle(out),
        "imported-ratings",
        less={"agreement_of_people": lambda line: ",nominal," in line},
    )
