"""Every format of files that were made elsewhere; one line adds one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from analysis.importing.base import ImportFormat
from analysis.importing.formats.count_tables import CountTables
from analysis.importing.formats.crowd_kit import CrowdKit
from analysis.importing.formats.long_table import LongTable
from analysis.importing.formats.model_vs_human import ModelVsHuman
from analysis.importing.formats.mturk_csv import MturkCsv
from analysis.importing.formats.mturk_json import MturkJson
from analysis.importing.formats.vote_arrays import VoteArrays

FORMATS: Final[Mapping[str, ImportFormat]] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            LongTable(),
            ModelVsHuman(),
            CrowdKit(),
            VoteArrays(),
            CountTables(),
            MturkCsv(),
            MturkJson(),
        )
    }
)
