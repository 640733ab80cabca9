"""How sure people say they are."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Prose, Section


@dataclass(frozen=True)
class Sureness:
    """The mean of what people say of their confidence."""

    name: str = "sureness"

    def applies(self, bundle: Bundle) -> bool:
        """Whether anybody was asked."""
        return bool(len(self._said(bundle)))

    def sections(self, bundle: Bundle) -> list[Section]:
        """One line."""
        text = Prose(text=" ".join(self.headline(bundle)))
        return [Section(id="toy-sureness", title="How sure people are", blocks=[text])]

    def headline(self, bundle: Bundle) -> list[str]:
        """The mean and how many it is of."""
        said = self._said(bundle)
        return [f"toy: mean confidence {said.mean():.2f} of {len(said)} responses"]

    def _said(self, bundle: Bundle) -> pd.Series:
        rows = bundle.responses
        mine = rows[(rows["field"] == "confidence") & rows["is_counted"]]
        return pd.to_numeric(mine["value"])


sureness = Sureness()
