"""Which responses count: the first n valid ones of each main trial."""

from __future__ import annotations

import pandas as pd


def is_given(responses: pd.DataFrame) -> pd.Series:
    """Whether each row's response holds anything; a display failure does not.

    Args:
        responses: Columns response, value, n_display_failures; one row per field.

    Returns:
        Boolean, index of `responses`; the same for every field of a response.

    >>> frame = pd.DataFrame(
    ...     {"response": ["1", "2"], "value": ["yes", ""], "n_display_failures": [0, 1]}
    ... )
    >>> is_given(frame).tolist()
    [True, False]
    """
    has_value = responses["value"] != ""
    if not has_value.all() and not responses["response"].is_unique:
        has_value = has_value.groupby(responses["response"]).transform("any")
    given: pd.Series = has_value | (responses["n_display_failures"] == 0)
    return given.astype(bool)


def answers_of(responses: pd.DataFrame) -> pd.Series:
    """What each response says in all its fields, as one text; index response.

    Args:
        responses: Columns response, value; one row per field.

    >>> from analysis.bundles.example import example_bundle
    >>> answers_of(example_bundle().responses).loc[["ann-i1", "ann-i4"]].to_list()
    ['yes', 'no']
    """
    if responses["response"].is_unique:
        values = responses["value"].astype(object)
        return values.set_axis(pd.Index(responses["response"]))
    found: pd.Series = responses.groupby("response", sort=False)["value"].agg("|".join)
    return found


def is_repeated(responses: pd.DataFrame) -> pd.Series:
    """Whether each row is of a person's second or later response to a trial.

    Args:
        responses: Columns response, participant, trial, value,
            n_display_failures, acceptance_order; one row per field.

    Returns:
        Boolean, index of `responses`. A display failure is not repeated.

    >>> from analysis.bundles.example import example_bundle
    >>> bool(is_repeated(example_bundle().responses).any())
    False
    """
    columns = ["response", "participant", "trial", "acceptance_order"]
    given = responses.loc[is_given(responses), columns]
    single = given.drop_duplicates("response")
    if not single.duplicated(["participant", "trial"]).any():
        return pd.Series(data=False, index=responses.index)
    ordered = single.sort_values("acceptance_order", kind="stable")
    later = ordered[ordered.duplicated(["participant", "trial"])]["response"]
    return responses["response"].isin(later)


def is_counted(responses: pd.DataFrame, *, trials: pd.DataFrame, n: int) -> pd.Series:
    """Whether each row belongs to one of the first n valid responses of its trial.

    A response counts whether or not it is a vote. Display failures never count,
    nor do responses to trials that are not main trials.

    Args:
        responses: Columns response, trial, value, n_display_failures, is_valid,
            acceptance_order; one row per field.
        trials: Columns trial, role.
        n: Responses that count per trial.

    Returns:
        Boolean, index of `responses`.

    >>> from analysis.bundles.example import example_bundle
    >>> bundle = example_bundle()
    >>> int(is_counted(bundle.responses, trials=bundle.trials, n=3).sum())
    12
    """
    main = trials.loc[trials["role"] == "main", "trial"]
    may_count = (
        responses["trial"].isin(main)
        & responses["is_valid"].fillna(value=False).astype(bool)
        & is_given(responses)
    )
    single = responses[may_count].drop_duplicates("response")
    ordered = single.sort_values(["trial", "acceptance_order"])
    first = ordered.groupby("trial", sort=False).head(n)["response"]
    return responses["response"].isin(first)
