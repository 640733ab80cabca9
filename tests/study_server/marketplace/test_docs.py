"""docs/marketplace.md says what is there, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from study_server.marketplace import fault_injection
from study_server.marketplace.protocol.service_model import operation_names


def rows_of(text: str, heading: str) -> list[str]:
    """The first cells of the table under a heading."""
    part = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \|", part, re.MULTILINE)
    return rows[1:]


def test_the_table_of_operations_is_the_models(repository: Path):
    text = (repository / "docs" / "marketplace.md").read_text("utf-8")

    assert sorted(rows_of(text, "The 39 operations")) == sorted(operation_names())


def test_every_fault_is_described(repository: Path):
    text = (repository / "docs" / "marketplace.md").read_text("utf-8")
    described = re.findall(r"`(\w+)`", " ".join(rows_of(text, "Faults on demand")))

    assert sorted(described) == sorted(fault_injection.NAMES)


def test_every_error_code_of_the_code_is_described(repository: Path):
    text = (repository / "docs" / "marketplace.md").read_text("utf-8")
    described = set(re.findall(r"`(\w+)`", " ".join(rows_of(text, "Errors"))))
    folder = repository / "study_server" / "marketplace"
    code = "\n".join(path.read_text("utf-8") for path in folder.rglob("*.py"))
    raised = set(re.findall(r'(?:RequestError|ServiceFault)\(\s*"(\w+)"', code))
    raised |= {
        f"{n}DoesNotExist" for n in re.findall(r'does_not_exist\(\s*"(\w+)"', code)
    }
    raised |= {f"Invalid{n}State" for n in re.findall(r'wrong_state\(\s*"(\w+)"', code)}

    assert len(raised) > 20
    assert raised - described == set()
