from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import run
from benchmarks.harness import FACTOR, Row, time_pairs
from benchmarks.run import Measured, is_close, judged, main, summary

_MEASURE = """
import os
from benchmarks.harness import Row, Skipped, peak_bytes

def measure():
    {body}
"""
_ROW = "return [Row(name='{name}', ours='1', peer='1', ratio={ratio}, bar={bar})]"


@pytest.fixture
def measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write modules that measure; the runner then has these and no others."""
    root = Path(run.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{root}")

    def write(**bodies: str) -> None:
        for name, body in bodies.items():
            (tmp_path / f"{name}.py").write_text(_MEASURE.format(body=body))
        monkeypatch.setattr(run, "MEASURES", {name: (name, 30) for name in bodies})

    return write


def row(*, ratio: float = 0.5, bar: float | None = 1.0, name: str = "fast") -> Row:
    return Row(name=name, ours="1 s", peer="2 s", ratio=ratio, bar=bar)


def test_each_measure_has_its_own_process_and_its_own_peak(measures):
    peak = "return [Row(name=str(os.getpid()), ours='', peer='', ratio=peak_bytes(), bar=None)]"
    measures(big=f"block = b'x' * 300_000_000; {peak}", small=peak)
    big, small = (judged(name).rows[0] for name in ("big", "small"))
    assert big.name != small.name
    assert big.ratio > 300e6 > 100e6 > small.ratio


def test_what_comes_close_to_its_bar_is_measured_twice_as_often(measures):
    told = (
        f"Row(name=os.environ['{FACTOR}'], ours='', peer='', ratio={{ratio}}, bar=2.0)"
    )
    measures(
        near=f"return [{told.format(ratio=1.97)}]",
        far=f"return [{told.format(ratio=1.9)}]",
    )
    assert [judged(name).rows[0].name for name in ("near", "far")] == ["2", "1"]


def test_pairs_are_timed_as_often_as_asked(monkeypatch: pytest.MonkeyPatch):
    assert len(time_pairs(int, int, n_pairs=2).ours) == 2
    monkeypatch.setenv(FACTOR, "2")
    assert len(time_pairs(int, int, n_pairs=2).ours) == 4


def test_only_a_bar_can_be_close():
    assert [
        is_close(row(ratio=ratio, bar=bar))
        for ratio, bar in ((1.01, 1.0), (0.97, 1.0), (1.0, None), (0.0, 0.0))
    ] == [True, False, False, False]


def test_a_run_says_how_long_it_takes_and_ends_by_what_passed(measures):
    measures(
        good=_ROW.format(name="fast", ratio=0.5, bar=1.0),
        slow=_ROW.format(name="slow one", ratio=1.5, bar=1.0),
        gone="raise Skipped('no card here')",
    )
    done = CliRunner().invoke(main, ["--no-record"])
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert lines[0].startswith("3 measures, about 2 min on two quiet cores")
    assert "gone | skipped: no card here" in lines
    assert lines[-5:] == [
        "pass       1  fast",
        "short      1  slow one",
        "no bar     0",
        "skipped    1  gone",
        "failed     0",
    ]


def test_a_measure_that_breaks_stops_no_other_and_fails_the_run(measures):
    measures(
        broken="raise ValueError('spoilt')",
        good=_ROW.format(name="fast", ratio=0.5, bar=1.0),
    )
    done = CliRunner().invoke(main, ["--no-record"])
    assert done.exit_code == 1
    assert "broken ended with an error (exit 1)" in done.output
    assert "pass       1  fast" in done.output


def test_the_last_table_names_every_row():
    found = {"one": Measured(rows=(row(), row(name="no limit", bar=None)))}
    assert summary(found).splitlines()[0] == "pass       1  fast"
    assert "no bar     1  no limit" in summary(found)
