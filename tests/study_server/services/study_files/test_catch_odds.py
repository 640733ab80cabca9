from dataclasses import replace
from math import comb

import pytest

from hit_templates.base import get_paradigm
from stimuli.manifest import Trial
from study_server.services.study_files.catch_odds import catch_odds, n_needed
from study_server.services.study_files.sections import QualitySection

RELEVANCE = get_paradigm("relevance")


def catch(number: int, key: dict[str, str], *, control: str) -> Trial:
    return Trial(
        id=f"{number:032x}",
        slots={"target": f"{number:064x}"},
        question="relevant" if "relevant" in key else "each",
        classes=tuple(str(index) for index in range(max(1, len(key)))),
        role="catch",
        control=control,
        sources=(f"{number:064x}",),
        key=key,
    )


def pool(n_yes: int, n_no: int) -> list[Trial]:
    yes = [catch(i, {"relevant": "yes"}, control="known_yes") for i in range(n_yes)]
    no = [catch(50 + i, {"relevant": "no"}, control="known_no") for i in range(n_no)]
    return [*yes, *no]


def test_three_known_yes_and_three_known_no_at_80_percent():
    odds = catch_odds(
        RELEVANCE,
        pool(30, 30),
        per_block={"known_yes": 3, "known_no": 3},
        quality=QualitySection(min_catch_accuracy=0.8),
    )
    # 0.8 * 6 = 4.8, so 5 of 6. Random: (6 + 1) / 2^6. Always yes: 3 right, never 5.
    # Right 95 %: 6 * 0.95^5 * 0.05 + 0.95^6 = 0.23213 + 0.73509.
    assert (odds.n_catch, odds.n_needed) == (6, 5)
    assert odds.pass_rates["random"] == pytest.approx(7 / 64, abs=1e-12)
    assert odds.pass_rates["yes-saying"] == 0
    assert odds.pass_rates["careful"] == pytest.approx(
        6 * 0.95**5 * 0.05 + 0.95**6, abs=1e-12
    )
    assert "5 of 6" in odds.sentence()
    assert "10.9%" in odds.sentence()


def test_only_known_yes_trials_let_every_yes_sayer_pass():
    odds = catch_odds(
        RELEVANCE,
        pool(10, 0),
        per_block={"known_yes": 4},
        quality=QualitySection(min_catch_accuracy=1.0),
    )
    assert odds.pass_rates["yes-saying"] == 1
    assert odds.pass_rates["random"] == pytest.approx(1 / 16)


def test_a_pool_of_mixed_keys_is_drawn_hypergeometrically():
    # One control with 4 "yes" and 6 "no" keys, 5 drawn, at least 3 right: a
    # yes-sayer is right on the yes keys drawn, so P = sum C(4,r) C(6,5-r) / C(10,5).
    mixed = [
        catch(i, {"relevant": "yes" if i < 4 else "no"}, control="known")
        for i in range(10)
    ]
    odds = catch_odds(
        RELEVANCE,
        mixed,
        per_block={"known": 5},
        quality=QualitySection(min_catch_accuracy=0.6),
    )
    expected = sum(comb(4, r) * comb(6, 5 - r) for r in (3, 4)) / comb(10, 5)
    assert odds.pass_rates["yes-saying"] == pytest.approx(expected, abs=1e-12)


def test_the_order_of_the_pool_does_not_matter():
    keys = [{"relevant": "yes"}] * 3 + [{f"relevant_{i}": "no" for i in range(5)}] * 7
    trials = [catch(i, key, control="known") for i, key in enumerate(keys)]
    there, back = (
        catch_odds(
            RELEVANCE,
            each,
            per_block={"known": 4},
            quality=QualitySection(min_catch_accuracy=0.5),
        )
        for each in (trials, trials[::-1])
    )
    assert there.pass_rates == pytest.approx(back.pass_rates, abs=1e-12)


def test_a_pool_smaller_than_a_block_asks_for_is_taken_whole():
    odds = catch_odds(
        RELEVANCE,
        pool(2, 0),
        per_block={"known_yes": 3, "known_no": 3},
        quality=QualitySection(min_catch_accuracy=0.8),
    )
    assert (odds.n_catch, odds.n_needed) == (2, 2)
    assert odds.pass_rates["random"] == pytest.approx(0.25)


def test_without_catch_trials_everybody_passes_and_it_is_said():
    odds = catch_odds(
        RELEVANCE, [], per_block={}, quality=QualitySection(min_catch_accuracy=0.8)
    )
    assert odds.pass_rates == {"random": 1, "yes-saying": 1, "careful": 1}
    assert odds.sentence().startswith("No catch trials")


@pytest.mark.parametrize(
    ("share", "n_catch", "needed"),
    [(0.8, 5, 4), (0.8, 6, 5), (0.6, 5, 3), (0.7, 10, 7), (0, 4, 0), (1, 4, 4)],
)
def test_the_number_needed_is_not_moved_by_binary_rounding(share, n_catch, needed):
    assert n_needed(share, n_catch) == needed


def five_rows(n: int, *, is_there: bool) -> list[Trial]:
    key = {f"relevant_{i}": "yes" if is_there and i == 2 else "no" for i in range(5)}
    control = "known_yes" if is_there else "known_no"
    return [catch(90 + i + 10 * is_there, key, control=control) for i in range(n)]


def test_careful_people_pass_catch_trials_of_five_rows():
    odds = catch_odds(
        RELEVANCE,
        [*five_rows(5, is_there=True), *five_rows(5, is_there=False)],
        per_block={"known_yes": 1, "known_no": 1},
        quality=QualitySection(min_catch_accuracy=0.8),
    )
    # Both must be right: 0.9366821875 * 0.9774075 for careful people, 5/32 * 6/32
    # for those who choose at random, nobody who always says yes.
    assert odds.pass_rates["careful"] == pytest.approx(0.9366821875 * 0.9774075)
    assert odds.pass_rates["random"] == pytest.approx(30 / 1024)
    assert odds.pass_rates["yes-saying"] == 0
    assert odds.warning() == ""


@pytest.mark.parametrize(("n_catch", "warns"), [(2, False), (3, True)])
def test_a_rule_that_more_than_a_tenth_of_careful_people_fail_is_warned_of(
    n_catch, warns
):
    # All must be right: 0.95^2 = 0.9025 passes, 0.95^3 = 0.857 is too few.
    odds = catch_odds(
        RELEVANCE,
        pool(10, 0),
        per_block={"known_yes": n_catch},
        quality=QualitySection(min_catch_accuracy=1.0),
    )
    assert bool(odds.warning()) is warns
    if warns:
        assert "3 of 3 right) is failed by 14% of careful people" in odds.warning()
        assert "min_catch_accuracy" in odds.warning()


def test_rules_for_yes_and_no_apart_are_reckoned_with():
    quality = QualitySection(
        min_catch_accuracy=0.5, min_catch_yes_accuracy=1.0, min_catch_no_accuracy=0.6
    )
    odds = catch_odds(
        RELEVANCE,
        pool(30, 30),
        per_block={"known_yes": 3, "known_no": 3},
        quality=quality,
    )
    # All 3 known yes and 2 of 3 known no (0.6 * 3 = 1.8), which is 5 of 6 at least:
    # random 1/8 * 4/8, careful 0.95^3 * (3 * 0.95^2 * 0.05 + 0.95^3).
    assert odds.pass_rates["random"] == pytest.approx(1 / 16)
    assert odds.pass_rates["yes-saying"] == 0
    no = 3 * 0.95**2 * 0.05 + 0.95**3
    assert odds.pass_rates["careful"] == pytest.approx(0.95**3 * no)
    asked = "(3 of 6 right, 3 of the 3 known yes, 2 of the 3 known no)"
    assert asked in odds.sentence()
    assert f"{asked} is failed by 15% of careful people" in odds.warning()
    assert "min_catch_yes_accuracy or min_catch_no_accuracy" in odds.warning()


def test_a_rule_on_catches_that_no_block_has_asks_nothing():
    odds = catch_odds(
        RELEVANCE,
        pool(5, 0),
        per_block={"known_yes": 2},
        quality=QualitySection(min_catch_accuracy=0.5, min_catch_no_accuracy=1.0),
    )
    assert odds.apart == ()
    assert odds.pass_rates["yes-saying"] == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("relevance", "who always say yes"),
        ("assignment", "who always take the same place"),
        ("attributes", "who call everything present"),
    ],
)
def test_what_one_sided_people_do_is_said_in_the_paradigm_s_words(name, words):
    odds = catch_odds(get_paradigm(name), [], per_block={}, quality=QualitySection())
    assert f"of those {words} and" in replace(odds, n_catch=1).sentence()
