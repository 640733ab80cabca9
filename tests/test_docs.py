"""The generated pages say what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_generated_pages_are_current(repository: Path):
    ran = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
