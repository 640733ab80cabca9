from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.bundles.example import example_bundle
from analysis.errors import AnalysisError
from analysis.statistics.aggregation.dawid_skene import Prior, dawid_skene
from analysis.statistics.aggregation.majority import majority
from tests.stimuli.peers import import_peer

# Dawid & Skene (1979), table 1: 45 patients, rated 1 to 4 by five anaesthetists, the
# first of them on three occasions.
ANAESTHETISTS = """
111 1 1 1 1, 333 4 3 3 4, 112 2 1 2 2, 222 3 1 2 1, 222 3 2 2 2,
222 3 3 2 2, 122 2 1 1 1, 333 3 4 3 3, 222 2 2 2 3, 232 2 2 2 3,
444 4 4 4 4, 222 3 3 4 3, 111 1 1 1 1, 222 3 2 1 2, 121 1 1 1 1,
111 2 1 1 1, 111 1 1 1 1, 111 1 1 1 1, 222 2 2 2 1, 222 1 3 2 2,
222 2 2 2 2, 222 2 2 2 1, 222 3 2 2 2, 221 2 2 2 2, 111 1 1 1 1,
111 1 1 1 1, 232 2 2 2 2, 111 1 1 1 1, 111 1 1 1 1, 112 1 1 2 1,
111 1 1 1 1, 333 3 2 3 3, 111 1 1 1 1, 222 2 2 2 2, 222 3 2 3 2,
433 4 3 4 3, 221 2 2 3 2, 232 3 2 3 3, 333 3 4 3 2, 111 1 1 1 1,
111 1 1 1 1, 121 2 1 1 1, 232 2 2 2 2, 121 1 1 1 1, 222 2 2 2 2
"""


def anaesthetists():
    rows = [
        (patient, observer, int(rating))
        for patient, said in enumerate(ANAESTHETISTS.split(","), start=1)
        for observer, ratings in enumerate(said.split(), start=1)
        for rating in ratings
    ]
    return pd.DataFrame(rows, columns=["task", "worker", "label"])


def simulated(rng, *, n_tasks=400, n_workers=25, per_task=5, skills=(0.6, 0.95)):
    """Binary truth, 40 % yes; workers right on yes and on no at their own rates."""
    truth = rng.random(n_tasks) < 0.4
    right = rng.uniform(*skills, size=(n_workers, 2))
    task = np.repeat(np.arange(n_tasks), per_task)
    race = rng.random((n_tasks, n_workers))
    worker = np.argsort(race, axis=1)[:, :per_task].ravel()
    is_right = rng.random(len(task)) < right[worker, truth[task].astype(int)]
    label = np.where(is_right, truth[task], ~truth[task])
    votes = pd.DataFrame({"task": task, "worker": worker, "label": label})
    return votes, truth, right


def test_the_anaesthetists_of_dawid_and_skene():
    # Table 2 of the paper: marginals .40 .42 .11 .07; first observer's rows.
    found = dawid_skene(anaesthetists(), repeats="count")
    assert found.n == 45 * 7
    assert found.shares.round(2).to_list() == [0.40, 0.42, 0.11, 0.07]
    first = found.confusions[found.confusions["worker"] == 1]
    table = first.pivot(index="class", columns="label", values="share")
    assert table.round(2).to_numpy().tolist() == [
        [0.89, 0.11, 0.00, 0.00],
        [0.07, 0.88, 0.05, 0.00],
        [0.00, 0.34, 0.66, 0.00],
        [0.00, 0.00, 0.56, 0.44],
    ]
    assert found.is_converged


def test_the_printed_table_is_the_file_of_it(real_data):
    file = pd.read_csv(real_data / "dawid-skene-1979.csv")
    file = file.sort_values(["patient", "observer", "occasion"])
    assert file["rating"].to_list() == anaesthetists()["label"].to_list()
    assert file["observer"].to_list() == anaesthetists()["worker"].to_list()


def test_an_observer_on_several_occasions_is_refused_unless_meant():
    with pytest.raises(
        AnalysisError, match=r"a task twice: rows 2, 3, 9 and 87 more .worker 1, task 1"
    ):
        dawid_skene(anaesthetists())


def test_known_workers_and_truth_come_back():
    votes, truth, right = simulated(np.random.default_rng(0), n_tasks=1500)
    found = dawid_skene(votes)
    agrees = (found.labels()["label"] == truth).mean()
    raw = votes.groupby("task")["label"].mean() > 0.5
    assert agrees > (raw == truth).mean()
    assert found.shares[True] == pytest.approx(truth.mean(), abs=0.03)
    own = found.confusions[found.confusions["class"] == found.confusions["label"]]
    table = own.pivot(index="worker", columns="class", values="share")
    # 1500 · 5 / 25 = 300 votes per worker, 120 of them on yes: se at most .045.
    assert np.abs(table.to_numpy() - right).mean() < 0.03
    assert table[True].corr(pd.Series(right[:, 1])) > 0.9


def test_a_posterior_is_as_often_right_as_it_says():
    votes, truth, _ = simulated(np.random.default_rng(1), n_tasks=6000, n_workers=20)
    yes = dawid_skene(votes).posteriors[True].to_numpy()
    for low, high in ((0.1, 0.5), (0.5, 0.9)):
        inside = (yes >= low) & (yes < high)
        error = np.sqrt(0.25 / inside.sum())
        assert truth[inside].mean() == pytest.approx(yes[inside].mean(), abs=4 * error)


def test_maybe_tells_classes_apart_though_it_is_no_class():
    # Workers say maybe on 10 % of no and on 40 % of yes: three maybes mean yes.
    rng = np.random.default_rng(2)
    truth = rng.random(800) < 0.5
    chances = {True: [0.05, 0.4, 0.55], False: [0.85, 0.1, 0.05]}
    rows = [
        (
            str(task),
            int(worker),
            str(rng.choice(["no", "maybe", "yes"], p=chances[bool(is_yes)])),
        )
        for task, is_yes in enumerate(truth)
        for worker in rng.choice(12, 3, replace=False)
    ]
    rows += [("three maybes", worker, "maybe") for worker in range(3)]
    votes = pd.DataFrame(rows, columns=["task", "worker", "label"])
    found = dawid_skene(votes, classes=["no", "yes"], prior=Prior(same=1, other=1))
    assert found.posteriors.columns.to_list() == ["no", "yes"]
    assert found.posteriors.to_dict("index")["three maybes"]["yes"] > 0.9
    chance = found.confusions.groupby(["class", "label"])["share"].mean()
    assert chance["yes", "maybe"] == pytest.approx(0.4, abs=0.05)
    assert chance["no", "maybe"] == pytest.approx(0.1, abs=0.05)


VOTES = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from("abc")),
    min_size=4,
    max_size=40,
    unique_by=lambda vote: vote[:2],
)


@settings(max_examples=50, deadline=None)
@given(
    rows=VOTES,
    weights=st.tuples(*[st.sampled_from([0.0, 0.3, 2.0])] * 3),
    has_known=st.booleans(),
)
def test_an_iteration_never_loses(rows, weights, has_known):
    votes = pd.DataFrame(rows, columns=["task", "worker", "label"])
    if votes["worker"].nunique() < 2:
        return
    prior = Prior(tasks=weights[0], same=weights[1], other=weights[2])
    known = votes.groupby("task")["label"].first().iloc[:1] if has_known else None
    found = dawid_skene(votes, prior=prior, known=known, n_iterations=30, tolerance=0)
    gains = found.trace["log_posterior"].diff().dropna()
    assert found.n_iterations == 30
    assert (gains > -1e-9 * len(votes)).all()
    assert found.posteriors.sum(axis=1).to_numpy() == pytest.approx(1)
    likelihood = found.trace["log_likelihood"].iloc[-1]
    assert likelihood == pytest.approx(log_likelihood(votes, found, known), abs=1e-6)


def log_likelihood(votes, found, known):
    """Straight from the definition, vote by vote."""
    shares = found.confusions.fillna(1.0).set_index(["worker", "class", "label"])
    table = shares["share"].to_dict()
    total = 0.0
    for task, mine in votes.groupby("task"):
        joint = {
            each: share
            * np.prod(
                [table[w, each, v] for w, v in mine[["worker", "label"]].to_numpy()]
            )
            for each, share in found.shares.items()
        }
        is_known = known is not None and task in known.index
        total += np.log(joint[known[task]] if is_known else sum(joint.values()))
    return total


@settings(max_examples=30, deadline=None)
@given(rows=VOTES, seed=st.integers(0, 99))
def test_order_and_names_of_tasks_change_nothing(rows, seed):
    votes = pd.DataFrame(rows, columns=["task", "worker", "label"])
    if votes["worker"].nunique() < 2:
        return
    shuffled = votes.sample(frac=1, random_state=seed)
    shuffled["task"] = -shuffled["task"]
    one = dawid_skene(votes, n_iterations=10).posteriors
    two = dawid_skene(shuffled, n_iterations=10).posteriors.iloc[::-1]
    assert one.to_numpy() == pytest.approx(two.to_numpy(), abs=1e-6)


def test_known_truth_stays_and_teaches_about_workers():
    votes, truth, _ = simulated(np.random.default_rng(3), n_tasks=300)
    known = pd.Series(truth[:150], index=range(150))
    found = dawid_skene(votes, known=known)
    assert (found.posteriors[True][:150] == truth[:150]).all()
    with pytest.raises(AnalysisError, match=r"'maybe' in row 2 is not one of the clas"):
        dawid_skene(votes, known=pd.Series([True, "maybe"]))


def test_a_prior_keeps_confusions_off_zero_and_one():
    votes, _, _ = simulated(np.random.default_rng(4), n_tasks=12, n_workers=6)
    sure = dawid_skene(votes, n_iterations=500).confusions["share"]
    soft = dawid_skene(votes, prior=Prior(tasks=1, same=2, other=1)).confusions["share"]
    assert (sure > 0.999).any()
    assert soft.between(0.05, 0.95).all()


def test_a_tie_has_no_label():
    votes = pd.DataFrame(
        {"task": ["t", "t"], "worker": ["u", "v"], "label": ["yes", "no"]}
    )
    found = dawid_skene(votes).labels()
    assert found["is_tie"].all()
    assert found["label"].isna().all()


def test_bad_votes_are_named():
    votes, _, _ = simulated(np.random.default_rng(5), n_tasks=5)
    with pytest.raises(AnalysisError, match="column worker missing; the frame has tas"):
        dawid_skene(votes.drop(columns="worker"))
    with pytest.raises(AnalysisError, match="column label is empty in row 1"):
        dawid_skene(votes.assign(label=[None, *votes["label"][1:]]))
    with pytest.raises(AnalysisError, match=r"one worker only .7."):
        dawid_skene(votes.assign(worker=7).drop_duplicates("task"))
    with pytest.raises(AnalysisError, match="no vote names a class: labels are False"):
        dawid_skene(votes, classes=["cat", "dog"])
    with pytest.raises(AnalysisError, match="class cat was given more than once"):
        dawid_skene(votes, classes=["cat", "cat"])
    empty = dawid_skene(votes.iloc[:0])
    assert empty.n == len(empty.posteriors) == len(empty.labels()) == 0
    assert empty.shares.isna().all()


def test_crowd_kit_gives_the_same_posteriors():
    # Its loss counts the log share of the class once per vote instead of once per
    # task, so it is no bound of the likelihood and may end the search early: the
    # number of iterations is given. Its confusions are clipped at 1e-10, ours not.
    aggregation = import_peer("crowdkit.aggregation")
    votes, _, _ = simulated(np.random.default_rng(6), n_tasks=200, n_workers=15)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = aggregation.DawidSkene(n_iter=12, tol=-np.inf).fit(votes)
    ours = dawid_skene(votes, n_iterations=12, tolerance=0, has_leaps=False)
    theirs = peer.probas_.reindex(index=range(200), columns=[False, True])
    assert ours.posteriors.to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-7)
    assert len(peer.loss_history_) == ours.n_iterations == 12


def test_crowd_kits_loss_is_not_the_likelihood():
    aggregation = import_peer("crowdkit.aggregation")
    votes, _, _ = simulated(np.random.default_rng(6), n_tasks=200, n_workers=15)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = aggregation.DawidSkene(n_iter=60, tol=-np.inf).fit(votes)
    theirs = peer.loss_history_[-1] * len(votes)
    ours = dawid_skene(votes, n_iterations=61, tolerance=0, has_leaps=False).trace
    # 1000 votes on 200 tasks count 800 log shares of about log(1/2) too many.
    assert theirs < ours["log_likelihood"].iloc[-1] - 400


def weak_votes(seed, *, n_tasks=200, n_workers=60, per_task=4, n_classes=3):
    """Many workers with few votes each, some of whom hardly know."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_classes, size=n_tasks)
    skill = rng.uniform(0.3, 0.9, n_workers)
    task = np.repeat(np.arange(n_tasks), per_task)
    race = rng.random((n_tasks, n_workers))
    worker = np.argsort(race, axis=1)[:, :per_task].ravel()
    is_right = rng.random(len(task)) < skill[worker]
    label = np.where(is_right, truth[task], rng.integers(n_classes, size=len(task)))
    return pd.DataFrame({"task": task, "worker": worker, "label": label})


def furthest(one, other):
    return float(np.abs(one.posteriors - other.posteriors).to_numpy().max())


@pytest.mark.parametrize("seed", [1, 2, 3, 5])
def test_where_it_stops_no_number_of_turns_leads_further(seed):
    votes = weak_votes(seed)
    found = dawid_skene(votes)
    turns = dawid_skene(votes, has_leaps=False, tolerance=0, n_iterations=4000)
    assert found.is_converged
    assert furthest(found, turns) < 1e-4
    end = turns.trace["log_likelihood"].iloc[-1]
    assert found.trace["log_likelihood"].iloc[-1] == pytest.approx(end, abs=1e-4)
    # A stop by the gain of a turn per vote would have come far too early.
    gains = turns.trace["log_likelihood"].diff()
    early = dawid_skene(
        votes,
        has_leaps=False,
        tolerance=0,
        n_iterations=int(np.argmax(gains < 1e-7 * len(votes))) + 1,
    )
    assert furthest(early, turns) > 0.001


def test_leaps_need_fewer_iterations():
    votes = weak_votes(3)
    slow, fast = (dawid_skene(votes, has_leaps=leaps) for leaps in (False, True))
    assert slow.is_converged
    assert fast.n_iterations < slow.n_iterations / 2
    assert fast.trace["log_posterior"].is_monotonic_increasing


def test_too_few_iterations_are_no_convergence():
    found = dawid_skene(weak_votes(3), n_iterations=10)
    assert not found.is_converged
    assert found.n_iterations == 10
    assert found.remarks == ("after 10 iterations it does not stand at a maximum",)


def test_several_starts_tell_how_many_maxima_there_are():
    found = dawid_skene(weak_votes(1), n_starts=6, rng=np.random.default_rng(0))
    alone = dawid_skene(weak_votes(1))
    optima = found.optima
    assert found.n_optima == len(optima) > 1
    assert optima["n_starts"].sum() == 6
    assert optima["log_posterior"].iloc[0] == optima["log_posterior"].max()
    assert optima["largest_difference"].iloc[0] == 0
    assert found.trace["log_posterior"].iloc[-1] == optima["log_posterior"].iloc[0]
    assert optima["log_posterior"].max() >= alone.trace["log_posterior"].iloc[-1]
    assert f"6 starts led to {len(optima)} maxima" in found.remarks[-1]
    easy, _, _ = simulated(np.random.default_rng(0), skills=(0.8, 0.95))
    again = dawid_skene(
        easy,
        prior=Prior(tasks=1, same=2, other=1),
        n_starts=4,
        rng=np.random.default_rng(0),
    )
    assert again.n_optima == 1
    assert again.optima["n_converged"].to_list() == [4]


def test_a_saddle_is_left_when_it_is_shaken():
    # u and v contradict each other everywhere: from equal shares of votes nothing
    # moves, though taking either to be right is likelier: 20 log 1/4 against
    # 20 log 1/2.
    task = [*range(20), *range(20)]
    label = ["yes", "no"] * 10 + ["no", "yes"] * 10
    votes = pd.DataFrame({"task": task, "worker": ["u"] * 20 + ["v"] * 20})
    votes["label"] = label
    stuck = dawid_skene(votes)
    assert stuck.posteriors.to_numpy() == pytest.approx(0.5)
    assert stuck.trace["log_likelihood"].iloc[-1] == pytest.approx(20 * np.log(1 / 4))
    left = dawid_skene(votes, n_starts=2, rng=np.random.default_rng(0))
    assert left.trace["log_likelihood"].iloc[-1] == pytest.approx(20 * np.log(1 / 2))
    assert left.n_optima == 2


def test_without_a_prior_of_classes_rare_ones_are_not_held_back():
    # 80 tasks are of class a, 20 of class b; both workers are as good on either, so
    # a tie of theirs goes to the frequent class unless classes are equally probable.
    known = {f"k{i}": "a" for i in range(20)} | {f"b{i}": "b" for i in range(20)}
    rows = [(task, w, c) for task, c in known.items() for w in "uv"]
    rows += [(f"m{i}", w, "a") for i in range(60) for w in "uv"]
    rows += [("tie", "u", "a"), ("tie", "v", "b")]
    votes = pd.DataFrame(rows, columns=["task", "worker", "label"])
    for how, ratio in (("estimated", 80 / 20), ("equal", 1.0)):
        found = dawid_skene(
            votes,
            prior=Prior(same=9, other=1),
            known=pd.Series(known),
            class_shares=how,  # type: ignore[arg-type]
        )
        assert found.shares["a"] / found.shares["b"] == pytest.approx(ratio, rel=0.05)
        said = found.confusions.set_index(["worker", "class", "label"])["share"]
        odds = found.shares["a"] / found.shares["b"]
        odds *= said["u", "a", "a"] * said["v", "a", "b"]
        odds /= said["u", "b", "a"] * said["v", "b", "b"]
        tie = found.posteriors.loc["tie"]
        assert tie["a"] / tie["b"] == pytest.approx(odds)
    with pytest.raises(AnalysisError, match="class_shares is one of estimated, equal"):
        dawid_skene(votes, class_shares="none")  # type: ignore[arg-type]


def test_maybe_can_count_as_yes():
    votes = pd.DataFrame(
        {
            "task": list("aaabbb"),
            "worker": list("uvwuvw"),
            "label": ["maybe", "yes", "no", "no", "no", "maybe"],
        }
    )
    found = dawid_skene(votes, accept_maybe=True)
    said = votes.assign(label=["yes", "yes", "no", "no", "no", "yes"])
    assert furthest(found, dawid_skene(said)) == 0
    assert majority(votes, accept_maybe=True)["label"].to_list() == ["yes", "no"]
    assert majority(votes)["label"].isna().to_list() == [True, False]
    with pytest.raises(AnalysisError, match="labels are yes, no and maybe; they are 1"):
        majority(votes.assign(label=1), accept_maybe=True)


def test_when_everybody_says_the_same_nothing_is_known_of_errors():
    votes = pd.DataFrame({"task": list("aabb"), "worker": list("uvuv"), "label": "yes"})
    found = dawid_skene(votes)
    assert found.is_converged
    assert found.posteriors["yes"].to_list() == [1, 1]
    assert found.remarks == (
        "everybody gave the same label (yes), so nothing is known of anybody's errors",
    )


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_votes_that_cannot_be_imagined_are_refused(value):
    with pytest.raises(AnalysisError, match=f"at least 0, got other = {value}"):
        Prior(other=value)


def test_starts_are_checked():
    votes = weak_votes(1)
    with pytest.raises(AnalysisError, match="3 starts are drawn at random: give rng"):
        dawid_skene(votes, n_starts=3)
    with pytest.raises(AnalysisError, match="at least one start is needed"):
        dawid_skene(votes, n_starts=0)
    with pytest.raises(AnalysisError, match="start has no column for class 2"):
        dawid_skene(votes, start=pd.DataFrame(columns=[0, 1]))


def test_a_fit_goes_on_from_another():
    votes = weak_votes(3)
    whole = dawid_skene(votes)
    again = dawid_skene(votes, start=whole.posteriors)
    assert furthest(whole, again) < 1e-4
    assert again.n_iterations < whole.n_iterations / 2


def test_the_example_with_crowd_kits_other_methods_runs():
    import_peer("crowdkit.aggregation")
    page = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(from crowdkit.*?)```", page, re.DOTALL)
    found: dict[str, Any] = {"bundle": example_bundle()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(code, found)  # noqa: S102 - what the page says
    # Three of three, two of three, one of three and nobody accepted them.
    accepted = {"i1": "yes", "i2": "yes", "i3": "no", "i4": "no"}
    assert found["labels"].to_dict() == accepted


def test_crowd_kits_clipping_bites_where_a_confusion_is_zero():
    # Three votes a task and four a worker: confusions of zero, which it takes for
    # 1e-10, on a task that nobody's confusions allow otherwise.
    aggregation = import_peer("crowdkit.aggregation")
    votes = weak_votes(0, n_tasks=40, n_workers=30, per_task=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = aggregation.DawidSkene(n_iter=60, tol=-np.inf).fit(votes)
    ours = dawid_skene(votes, n_iterations=60, tolerance=0, has_leaps=False)
    theirs = peer.probas_.reindex(
        index=ours.posteriors.index, columns=ours.posteriors.columns
    )
    assert float((ours.posteriors - theirs).abs().to_numpy().max()) > 1e-3
