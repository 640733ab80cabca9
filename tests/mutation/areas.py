"""What is mutated, and which tests should see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Area:
    """Modules whose faults would cost money, people's work or a right number.

    Attributes:
        modules: Paths of what is mutated.
        tests: Paths of the tests that should see it.
        too_long: Names of tests, or of their beginnings, that are left out: whatever
            the others do not see counts as not seen.
    """

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    too_long: tuple[str, ...] = ()


_BUNDLES: Final = "tests/analysis/bundles"
_MARKET: Final = "tests/study_server/services/market"
_PEOPLE: Final = "tests/study_server/services/participation"
AREAS: Final[dict[str, Area]] = {
    "signature": Area(
        modules=("study_server/marketplace/protocol/signature.py",),
        tests=("tests/study_server/marketplace/protocol/test_signature.py",),
    ),
    "money": Area(
        modules=(
            "study_server/services/market/ledger.py",
            "study_server/store/market/ledger.py",
        ),
        tests=(f"{_MARKET}/test_ledger.py",),
    ),
    "admission": Area(
        modules=(
            "study_server/services/participation/admission.py",
            "study_server/services/participation/arrivals.py",
            "study_server/services/participation/refusals.py",
        ),
        tests=(
            f"{_PEOPLE}/test_admission.py",
            f"{_PEOPLE}/test_browser_binding.py",
            f"{_PEOPLE}/test_landing.py",
            f"{_PEOPLE}/test_leases.py",
            f"{_PEOPLE}/test_more_work.py",
            f"{_PEOPLE}/test_start_limits.py",
        ),
        too_long=("forty_at_once",),
    ),
    "counting": Area(
        modules=("analysis/bundles/counting.py",),
        tests=(f"{_BUNDLES}/test_counting.py", f"{_BUNDLES}/test_kept.py"),
    ),
    "k of n": Area(
        modules=("analysis/statistics/k_of_n.py",),
        tests=(
            "tests/analysis/statistics/test_k_of_n.py",
            "tests/analysis/statistics/test_k_of_n_by_loops.py",
            "tests/analysis/statistics/test_k_of_n_differences.py",
            "tests/analysis/statistics/test_k_of_n_shares.py",
        ),
        too_long=(
            "asking_for_more_yes",
            "a_large_difference_on_other_images",
            "a_whole_validation_set",
            "order_and_names",
            "people_never_make",
            "the_design_effect_recovers",
        ),
    ),
    "attack steps": Area(
        modules=(
            "stimuli/methods/attacks/_ball.py",
            "stimuli/methods/attacks/_stepping.py",
            "stimuli/methods/attacks/ifgsm.py",
        ),
        tests=(
            "tests/stimuli/attacks/test_known_answers.py",
            "tests/stimuli/attacks/test_steps_by_hand.py",
            "tests/stimuli/attacks/test_wrapper.py",
        ),
        too_long=(
            "a_device_too_small",
            "a_full_device",
            "bytes_lie_inside",
            "stopping_finds_the_same",
            "that_the_documentation_writes",
        ),
    ),
}
