"""Responses collected elsewhere, as bundles."""

from analysis.importing.base import ImportFormat, ImportOptions, ImportRefusedError
from analysis.importing.formats import FORMATS
from analysis.importing.imported_bundles import (
    import_bundle,
    import_counts,
    import_frame,
)
from analysis.importing.reading import Imported, read_files, read_responses

__all__ = [
    "FORMATS",
    "ImportFormat",
    "ImportOptions",
    "ImportRefusedError",
    "Imported",
    "import_bundle",
    "import_counts",
    "import_frame",
    "read_files",
    "read_responses",
]
