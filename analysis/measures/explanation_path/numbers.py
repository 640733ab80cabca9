"""How many superpixels does it take until people see what the classifier says?

An image is revealed superpixel by superpixel, the most important first; every
frame asks whether the class is relevant.

Source:
    Stock & Cisse (2018), "ConvNets and ImageNet Beyond Accuracy", figure 10b.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.reading import Bundle
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.intervals import Estimate

PUT_UP: Final = "explained"
_CONDITION: Final = "superpixels-"
_SLOT: Final = "frame_"


@dataclass(frozen=True, kw_only=True)
class FrameShare:
    """How often people accept the class of frames with so many superpixels.

    Attributes:
        n_superpixels: Shown in the frame.
        accepted: Share of votes; people and images as clusters.
        n_images: Images judged with so many.
    """

    n_superpixels: int
    accepted: Estimate
    n_images: int


def path_frames(bundle: Bundle) -> pd.DataFrame:
    """Columns image, trial, n_superpixels, stimulus, predicted: every frame.

    A path that is one trial of all frames has several rows of one trial.
    """
    uses = bundle.uses[bundle.uses["shows"].isin(bundle.labels_of(PUT_UP))]
    found = uses.merge(bundle.trials[["trial", "slots", "condition"]], on="trial")
    rows = []
    for use in found.to_dict("records"):
        slots = json.loads(str(use["slots"]) or "{}")
        for number, stimulus in _frames(slots, str(use["condition"])).items():
            rows.append(
                {
                    "image": use["source_sha256"],
                    "trial": use["trial"],
                    "n_superpixels": number,
                    "stimulus": stimulus,
                    "predicted": use["predicted"],
                }
            )
    columns = ["image", "trial", "n_superpixels", "stimulus", "predicted"]
    return pd.DataFrame(rows, columns=columns).drop_duplicates(ignore_index=True)


def _frames(slots: Mapping[str, str], condition: str) -> dict[int, str]:
    if condition.startswith(_CONDITION):
        return {int(condition.removeprefix(_CONDITION)): slots.get("target", "")}
    return {
        int(name.removeprefix(_SLOT)): stimulus
        for name, stimulus in slots.items()
        if name.startswith(_SLOT)
    }


def frame_shares(bundle: Bundle) -> list[FrameShare]:
    """The share of votes for every number of superpixels, the fewest first."""
    frames = path_frames(bundle)[["image", "trial", "n_superpixels"]]
    votes = with_clusters(bundle.votes, bundle).merge(frames, on="trial")
    return [
        FrameShare(
            n_superpixels=int(str(number)),
            accepted=clustered_mean(
                mine, value="accepts", stimulus="image", clusters=clusters_in(mine)
            ),
            n_images=mine["image"].nunique(),
        )
        for number, mine in votes.groupby("n_superpixels", sort=True)
    ]
