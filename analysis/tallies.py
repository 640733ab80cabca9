"""How many people accepted each trial of a study, counted once for the whole report."""

from __future__ import annotations

import pandas as pd

from analysis.bundles.kept import kept
from analysis.bundles.reading import Bundle
from analysis.statistics.k_of_n import tally


@kept
def counted_tally(bundle: Bundle) -> pd.DataFrame:
    """The counted votes by trial: the frame of `tally`, which nobody changes.

    >>> from analysis.bundles.example import example_bundle
    >>> counted_tally(example_bundle())["n_yes"].to_dict()
    {'i1': 3, 'i2': 2, 'i3': 1, 'i4': 0}
    """
    return tally(bundle.votes, n=bundle.n)
