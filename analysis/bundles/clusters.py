"""Which images belong together: of one scene, one video, one class.

Images that are nearly alike are not so many independent draws, and an interval that
takes them to be is too narrow. The study file names the columns of the images' table
that say which belong together (`[analysis] cluster`), or a report does (`--cluster`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from analysis.bundles.cluster_names import BUILT_IN, column_key, unknown_columns
from analysis.bundles.reading import Bundle
from analysis.errors import AnalysisError

_CLASS: Final = "class"
_SEPARATOR: Final = "|"
_PREFIX: Final = "cluster: "


def clustered_by(bundle: Bundle, names: Sequence[str]) -> Bundle:
    """The same study, its images clustered by these columns and no others.

    Args:
        bundle: The study.
        names: Columns, as `known_columns` lists them; empty for no clusters.

    Raises:
        AnalysisError: If a column is unknown, or named twice.

    >>> from analysis.bundles.example import example_bundle
    >>> clustered_by(example_bundle(), ["class"]).cluster
    ('class',)
    """
    named = [column_key(name) for name in names]
    if len(set(named)) < len(named):
        raise AnalysisError(f"clusters must differ, got {', '.join(names)}")
    found = replace(bundle, head={**bundle.head, "cluster": list(names)})
    _check(found)
    return found


def known_columns(bundle: Bundle) -> tuple[str, ...]:
    """What images can be clustered by: the columns of their table, class and image.

    "class" is the label that the data set gives, "image" the source image, which
    several stimuli may show.

    >>> from analysis.bundles.example import example_bundle
    >>> known_columns(example_bundle())
    ('class', 'image')
    """
    own = bundle.image_columns["column"].drop_duplicates().tolist()
    keys = {column_key(name) for name in own}
    return (*own, *(name for name in BUILT_IN if name not in keys))


def image_clusters(bundle: Bundle) -> pd.DataFrame | None:
    """The cluster of every image that predictions are judged of.

    Args:
        bundle: The study; `Bundle.cluster` names the columns.

    Returns:
        Index image (source, label and number, as
        `measures.rectified_error.numbers.uses_of` names them), a column of text per
        way in which images belong together; an image of which nothing is said is a
        cluster of its own. None where no column is named.

    Raises:
        AnalysisError: If a column is unknown.

    >>> from analysis.bundles.example import example_bundle
    >>> image_clusters(clustered_by(example_bundle(), ["class"]))["class"].to_list()
    ['1', '1', '0', '0']
    """
    if not bundle.cluster:
        return None
    _check(bundle)
    uses = bundle.uses
    group = ["classifier", "shows", "source_sha256", "label"]
    again = uses.groupby(group).cumcount().astype(str)
    image = uses["source_sha256"] + "/" + uses["label"] + "/" + again
    images = uses.assign(image=image).drop_duplicates("image").set_index("image")
    sources = images["source_sha256"]
    columns = {
        name: _alone(_of_image(bundle, name, images), sources)
        for name in bundle.cluster
    }
    return pd.DataFrame(columns, index=images.index)


def trial_clusters(bundle: Bundle) -> pd.DataFrame | None:
    """The cluster of every trial, by the images that it shows.

    Args:
        bundle: The study; `Bundle.cluster` names the columns.

    Returns:
        Index trial, columns as those of `image_clusters`. A trial that shows images
        of several clusters belongs to their combination.
        None where no column is named.

    Raises:
        AnalysisError: If a column is unknown.

    >>> from analysis.bundles.example import example_bundle
    >>> found = trial_clusters(clustered_by(example_bundle(), ["class"]))
    >>> found.loc[["i1", "i4"], "class"].to_list()
    ['1', '0']
    """
    if not bundle.cluster:
        return None
    _check(bundle)
    trials = bundle.trials.set_index("trial")
    shown = trials["sources"].str.split(_SEPARATOR, regex=False).explode()
    columns = {
        name: _alone(
            _joined(_of_source(bundle, name, shown), trials.index), trials.index
        )
        for name in bundle.cluster
    }
    return pd.DataFrame(columns, index=trials.index)


def clusters_of_images(clusters: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """Clusters of trials as those of the images that they show.

    >>> clusters = pd.DataFrame({"scene": ["s"]}, index=["t"])
    >>> judged = pd.DataFrame({"image": ["i"], "trial": ["t"]})
    >>> clusters_of_images(clusters, judged).loc["i", "scene"]
    's'
    """
    found = clusters.reindex(judged["trial"]).set_axis(judged["image"], axis=0)
    return found[~found.index.duplicated()]


def judged_clusters(bundle: Bundle) -> pd.DataFrame | None:
    """Clusters of images and of trials in one table, for what joins both.

    Returns:
        The rows of `image_clusters`, then those of `trial_clusters`. None where no
        column is named.

    Raises:
        AnalysisError: If a column is unknown.

    >>> from analysis.bundles.example import example_bundle
    >>> found = judged_clusters(clustered_by(example_bundle(), ["class"]))
    >>> "i1" in found.index, len(found)
    (True, 10)
    """
    images, trials = image_clusters(bundle), trial_clusters(bundle)
    if images is None or trials is None:
        return None
    found = pd.concat([images, trials])
    return found[~found.index.duplicated()]


def with_clusters(frame: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    """The frame with a column per way in which the study's images belong together.

    Args:
        frame: Has a column trial.
        bundle: The study.

    >>> from analysis.bundles.example import example_bundle
    >>> study = clustered_by(example_bundle(), ["class"])
    >>> clusters_in(with_clusters(study.votes, study))
    ['cluster: class']
    """
    found = trial_clusters(bundle)
    if found is None:
        return frame
    named = {f"{_PREFIX}{name}": said for name, said in found.items()}
    return frame.assign(
        **{name: frame["trial"].map(said) for name, said in named.items()}
    )


def clusters_in(frame: pd.DataFrame) -> list[str]:
    """The columns that `with_clusters` gave a frame; none where images are apart."""
    return [name for name in map(str, frame.columns) if name.startswith(_PREFIX)]


def _check(bundle: Bundle) -> None:
    known = known_columns(bundle)
    if unknown := unknown_columns(bundle.cluster, known):
        raise AnalysisError(
            f"images of {bundle.name} cannot be clustered by "
            f"{', '.join(map(repr, unknown))}: there are {', '.join(known)}; further "
            "columns of labels.csv are kept when a stimulus set is built"
        )


def _of_image(bundle: Bundle, name: str, images: pd.DataFrame) -> pd.Series:
    """What a column says of images of the data set; empty where it says nothing."""
    if not _is_own(bundle, name) and column_key(name) == _CLASS:
        is_labelled = (images["label"] != "").any()
        if is_labelled:
            return images["label"]
    return _of_source(bundle, name, images["source_sha256"])


def _of_source(bundle: Bundle, name: str, sources: pd.Series) -> pd.Series:
    """What a column says of source images; index of `sources`, empty for nothing."""
    if _is_own(bundle, name):
        rows = bundle.image_columns
        mine = rows[rows["column"].map(column_key) == column_key(name)]
        said = mine.set_index("source_sha256")["value"]
    elif column_key(name) == _CLASS:
        said = _labels(bundle)
    else:
        return sources
    return sources.map(said).astype(object).fillna("")


def _is_own(bundle: Bundle, name: str) -> bool:
    return column_key(name) in set(bundle.image_columns["column"].map(column_key))


def _labels(bundle: Bundle) -> pd.Series:
    """Source image to its label; of imported trials, the category they ask about."""
    tables = [
        table.loc[table["label"] != "", ["source_sha256", "label"]]
        for table in (bundle.stimuli, bundle.uses)
    ]
    asked = bundle.trials[["sources", "classes"]]
    asked = asked.set_axis(["source_sha256", "label"], axis=1)
    found = pd.concat(tables)
    found = asked[asked["label"] != ""] if found.empty else found
    return found.drop_duplicates("source_sha256").set_index("source_sha256")["label"]


def _joined(said: pd.Series, trials: pd.Index) -> pd.Series:
    """One text per trial of what its sources are; empty where one is not known."""
    if said.index.is_unique:
        return said
    grouped = said.groupby(level=0, sort=False)
    joined: pd.Series = grouped.agg(_combined)
    return joined.reindex(trials)


def _combined(said: pd.Series) -> str:
    distinct = sorted(set(said))
    return "" if "" in distinct else _SEPARATOR.join(distinct)


def _alone(said: pd.Series, names: pd.Series | pd.Index) -> pd.Series:
    """Unknown clusters get a name that no other has."""
    own = pd.Series("only " + pd.Index(names), index=said.index)
    return said.where(said != "", own)
