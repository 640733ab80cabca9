from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.bundles.reading import Bundle, read_bundle
from tests.analysis.bundle_maker import Plan, write_bundle

Maker = Callable[[Plan], Bundle]


@pytest.fixture
def make_bundle(tmp_path: Path) -> Maker:
    """A bundle of a simulated study, freshly written and read."""

    def make(plan: Plan) -> Bundle:
        folder = tmp_path / "bundle"
        return read_bundle(write_bundle(folder, plan, rng=np.random.default_rng(5)))

    return make


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A small study of one classifier, shared by tests that only read."""
    folder = tmp_path_factory.mktemp("small") / "bundle"
    plan = Plan(n_images=120, n_audited=40, n_dropped=3, invalid_share=0.45)
    return read_bundle(write_bundle(folder, plan, rng=np.random.default_rng(5)))
