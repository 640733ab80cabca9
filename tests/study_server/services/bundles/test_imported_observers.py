"""A stored import holds people; what it leaves out of a file, it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.importing import ImportOptions
from study_server.services import Services
from study_server.services.bundles.imported_bundles import imported_bundle
from study_server.services.bundles.importing import (
    ImportingError,
    ImportReceipt,
    import_study,
)

HEADER = "subj,session,trial,rt,object_response,category,condition,imagename\n"
PERSON = "subject-01,1,1,0.5,dog,dog,c100,0001_cs_s01_c100_dog_00_a.png\n"
NETWORK = "resnet50,1,1,NaN,cat,dog,c100,0001_cs_dnn_c100_dog_00_a.png\n"


def imported(
    services: Services, folder: Path, text: str, **more: object
) -> ImportReceipt:
    path = folder / "raw.csv"
    path.write_text(HEADER + text, "utf-8")
    given = ImportOptions(name="mvh", **more)  # type: ignore[arg-type] # any option
    return import_study(services, [path], given, format_name="model-vs-human")


def test_observers_are_left_out_and_said_to_be(opened: Services, tmp_path):
    receipt = imported(opened, tmp_path, PERSON + NETWORK, levels="contrast=log")
    assert receipt.n_added == 1
    assert any("what observers responded (1) is not stored" in n for n in receipt.notes)
    stored = imported_bundle(opened, "mvh")
    assert stored.sessions["participant"].nunique() == 1
    assert stored.observations.empty
    assert stored.levels is not None
    assert stored.levels["of"] == {"c100": 100.0}


def test_a_file_of_observers_alone_is_refused(opened: Services, tmp_path):
    with pytest.raises(ImportingError, match="all responses are those of observers"):
        imported(opened, tmp_path, NETWORK)


def test_everybody_can_be_said_to_be_a_person(opened: Services, tmp_path):
    receipt = imported(opened, tmp_path, PERSON + NETWORK, observers=("none",))
    assert receipt.n_added == 2
