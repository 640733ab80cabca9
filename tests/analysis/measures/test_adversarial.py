from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from analysis.bundles.reading import Bundle
from analysis.elements.joined_studies import joined
from analysis.elements.sections import DataTable, Drawing, Prose
from analysis.measures.adversarial.display_controls import (
    control_votes,
    corrected,
    corrected_agreements,
    corrected_differences,
    display_controls,
)
from analysis.measures.adversarial.numbers import attack_counts, display_results
from analysis.measures.adversarial.paired_displays import (
    changed_images,
    paired_displays,
)
from analysis.measures.adversarial.section import AdversarialMeasure
from tests.analysis.frames_maker import put_together

SUMMARY = {
    "kind": "adversarial",
    "adversarial": {
        "n_chosen": 20,
        "n_wrong_before": 4,
        "n_attacked": 16,
        "n_adversarial": 4,
        "n_lost_in_8_bits": 1,
    },
}


def _by_hand(whole: list[int], attention: list[int]) -> Bundle:
    """Four attacked images; so many of five people say yes in each display."""
    trials, uses, responses = [], [], []
    for display, counts in (("whole", whole), ("attention", attention)):
        for image, n_yes in enumerate(counts):
            trial = f"{display}-{image}"
            trials.append(
                {
                    "trial": trial,
                    "condition": display,
                    "question": "relevant",
                    "classes": "3",
                    "sources": f"src{image}",
                }
            )
            uses.append(
                {
                    "trial": trial,
                    "classifier": "net",
                    "shows": "adversarial",
                    "source_sha256": f"src{image}",
                    "label": "1",
                    "predicted": "3",
                }
            )
            responses += [
                {
                    "trial": trial,
                    "participant": f"{display}-p{voter}",
                    "accepts": voter < n_yes,
                }
                for voter in range(5)
            ]
    return put_together(trials=trials, uses=uses, responses=responses, summary=SUMMARY)


BY_HAND = _by_hand([5, 1, 0, 2], [5, 4, 1, 4])


def test_agreement_by_hand():
    whole, attention = display_results(BY_HAND)
    # Votes 5 + 1 + 0 + 2 = 8 of 20; images with at least 4: 1 of 4.
    assert whole.of_votes.value == pytest.approx(8 / 20)
    assert whole.of_images.value == pytest.approx(1 / 4)
    assert whole.histogram.to_list() == [1, 1, 1, 0, 0, 1]
    assert attention.of_votes.value == pytest.approx(14 / 20)
    assert attention.of_images.value == pytest.approx(3 / 4)


def test_table_2_by_hand():
    whole = display_results(BY_HAND)[0]
    attacked, chosen = whole.errors
    # 16 attacked, 4 wrong after it, 1 of them accepted: 4/16 and 3/16.
    assert (attacked.n_images, chosen.n_images) == (16, 20)
    assert attacked.standard.value == pytest.approx(4 / 16)
    assert attacked.rectified.value == pytest.approx(3 / 16)
    # The 4 that were wrong before stay wrong: 8/20 and 7/20.
    assert chosen.standard.value == pytest.approx(8 / 20)
    assert chosen.rectified.value == pytest.approx(7 / 20)
    assert chosen.rectified.low < 7 / 20 < chosen.rectified.high


def test_pairs_by_hand():
    pairs = paired_displays(BY_HAND)
    assert pairs.of_votes.estimate.value == pytest.approx(6 / 20)
    # Images 1 and 3 come to agreement, none is lost; four say nothing of others.
    assert (pairs.n_gained, pairs.n_lost) == (2, 0)
    assert pairs.of_images.estimate.value == pytest.approx(0.5)
    why = "no interval: 4 images, at least 15 are needed"
    assert pairs.of_images.estimate.method == why
    changed = changed_images(BY_HAND, pairs)
    assert changed["image"].to_list() == ["src1/1/0", "src3/1/0"]
    assert changed["n_yes_second"].to_list() == [4, 4]


def test_a_set_of_one_display_is_reported_with_a_word_on_what_is_missing():
    trials = BY_HAND.trials
    only = trials[trials["condition"] == "whole"]
    bundle = replace(
        BY_HAND,
        trials=only,
        uses=BY_HAND.uses[BY_HAND.uses["trial"].isin(only["trial"])],
        responses=BY_HAND.responses[BY_HAND.responses["trial"].isin(only["trial"])],
    )
    sections = {
        section.id: section for section in AdversarialMeasure().sections(bundle)
    }
    assert "comparison" not in sections
    warnings = [
        block.text
        for block in sections["result"].blocks
        if isinstance(block, Prose) and block.kind == "warning"
    ]
    assert any("cannot be compared" in text for text in warnings)


def test_everything_excluded_gives_words_and_no_numbers():
    responses = BY_HAND.responses.assign(is_counted=False, is_valid=False)
    bundle = replace(BY_HAND, responses=responses)
    sections = AdversarialMeasure().sections(bundle)
    blocks = [block for section in sections for block in section.blocks]
    assert not any(isinstance(block, DataTable | Drawing) for block in blocks)
    assert "excluded" in " ".join(b.text for b in blocks if isinstance(b, Prose))
    assert "no numbers" in AdversarialMeasure().headline(bundle)[0]


def test_an_imported_study_has_agreement_but_no_errors():
    bundle = replace(BY_HAND, head={**BY_HAND.head, "stimuli": {"classifiers": []}})
    assert attack_counts(bundle) is None
    assert all(result.errors == () for result in display_results(bundle))


def _with_controls(rng: np.random.Generator, *, false_yes: float) -> pd.DataFrame:
    """Votes where the class truly is there in 30 %; people differ, n = 60 each."""
    n_people, n_trials = 60, 60
    bias = rng.normal(0, 0.4, n_people)
    rows = []
    true_yes = 0.92
    for kind, share in (("attacked", 0.3), ("hard_foil", 0.0), ("clean_true", 1.0)):
        there = rng.random(n_trials) < share
        for trial in range(n_trials):
            for person in rng.choice(n_people, 5, replace=False):
                at = true_yes if there[trial] else false_yes
                # A probit shift whose mean over people is the share `at`.
                latent = np.sqrt(1 + 0.4**2) * _probit(at) + bias[person]
                rows.append(
                    (
                        "whole",
                        kind,
                        f"{kind}{trial}",
                        person,
                        rng.random() < ndtr(latent),
                    )
                )
    columns = ["display", "kind", "image", "participant", "accepts"]
    return pd.DataFrame(rows, columns=columns)


def _probit(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(share))


def test_the_correction_by_hand():
    # 50 % yes on attacked, 20 % on foils, 80 % on clean: (50 - 20) / (80 - 20) = 1/2.
    rows = [
        ("whole", kind, f"{kind}{i}", f"p{i}", i < n_yes)
        for kind, n_yes in (("attacked", 5), ("hard_foil", 2), ("clean_true", 8))
        for i in range(10)
    ]
    columns = ["display", "kind", "image", "participant", "accepts"]
    votes = pd.DataFrame(rows, columns=columns)
    found = corrected(votes, display="whole", absent="hard_foil")
    assert found.agreement.estimate.value == pytest.approx(0.5)
    assert found.there == "clean_true"
    without = votes[votes["kind"] != "clean_true"].reset_index(drop=True)
    alone = corrected(without, display="whole", absent="hard_foil")
    assert alone.agreement.estimate.value == pytest.approx((0.5 - 0.2) / 0.8)
    assert alone.there == ""


def test_no_correction_where_people_cannot_tell_true_from_false():
    rows = [
        ("whole", kind, f"{kind}{i}", f"p{i}", i < 5)
        for kind in ("attacked", "hard_foil", "clean_true")
        for i in range(10)
    ]
    columns = ["display", "kind", "image", "participant", "accepts"]
    votes = pd.DataFrame(rows, columns=columns)
    found = corrected(votes, display="whole", absent="hard_foil")
    assert np.isnan(found.agreement.estimate.value)


@pytest.mark.parametrize("n_studies", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_the_corrected_share_covers_the_truth(n_studies):
    rng = np.random.default_rng(3)
    found = [
        corrected(
            _with_controls(rng, false_yes=0.2), display="whole", absent="hard_foil"
        ).agreement.estimate
        for _ in range(n_studies)
    ]
    covered = np.mean([each.low <= 0.3 <= each.high for each in found])
    assert np.mean([each.value for each in found]) == pytest.approx(0.3, abs=0.03)
    assert covered >= 0.95 - 3 * (0.95 * 0.05 / n_studies) ** 0.5 - 0.005


def test_controls_are_read_per_display():
    trials = BY_HAND.trials.to_dict("records")
    responses = [
        {"trial": r["trial"], "participant": r["participant"], "accepts": r["accepts"]}
        for r in BY_HAND.responses.to_dict("records")
    ]
    for display, control, n_yes in (
        ("whole", "hard_foil", 1),
        ("attention", "random_superpixels", 3),
    ):
        trials.append(
            {
                "trial": control,
                "role": "control",
                "control": control,
                "condition": display,
                "question": "relevant",
                "classes": "4",
                "sources": f"other-{control}",
            }
        )
        responses += [
            {"trial": control, "participant": f"{display}-p{v}", "accepts": v < n_yes}
            for v in range(5)
        ]
    bundle = put_together(
        trials=trials,
        uses=BY_HAND.uses.to_dict("records"),
        responses=responses,
        summary=SUMMARY,
    )
    votes = control_votes(bundle)
    rates = {rate.control: rate for rate in display_controls(votes)}
    assert rates["hard_foil"].says_yes.value == pytest.approx(1 / 5)
    assert rates["random_superpixels"].display == "attention"
    by_display = {c.display: c for c in corrected_agreements(votes)}
    # (8/20 - 1/5) / (1 - 1/5) = 1/4 and (14/20 - 3/5) / (1 - 3/5) = 1/4: all of the
    # difference is explained by seeing less.
    assert by_display["whole"].agreement.estimate.value == pytest.approx(0.25)
    assert by_display["attention"].agreement.estimate.value == pytest.approx(0.25)
    difference = corrected_differences(votes)[0].agreement.estimate
    assert difference.value == pytest.approx(0.0, abs=1e-12)
    tables = [
        block.name
        for section in AdversarialMeasure().sections(bundle)
        for block in section.blocks
        if isinstance(block, DataTable)
    ]
    assert "corrected_agreement" in tables


def _display(name: str) -> Bundle:
    trials = BY_HAND.trials[BY_HAND.trials["condition"] == name]
    return replace(
        BY_HAND,
        head={**BY_HAND.head, "study": {**BY_HAND.head["study"], "name": name}},
        trials=trials,
        uses=BY_HAND.uses[BY_HAND.uses["trial"].isin(trials["trial"])],
        responses=BY_HAND.responses[BY_HAND.responses["trial"].isin(trials["trial"])],
    )


def test_two_launches_are_paired_image_by_image():
    apart = paired_displays(joined(_display("attention"), _display("whole")))
    together = paired_displays(BY_HAND)
    for end in ("value", "low", "high"):
        found, expected = (
            getattr(each.of_votes.estimate, end) for each in (apart, together)
        )
        assert found == pytest.approx(expected)
    assert apart.n_gained == together.n_gained == 2
    sections = AdversarialMeasure().sections_with(
        _display("attention"), _display("whole")
    )
    assert [section.id for section in sections] == ["comparison", "gallery"]
