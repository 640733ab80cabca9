"""Every measure, in the order of the report; one line adds one."""

from __future__ import annotations

from typing import Final

from analysis.bundles.kept import kept
from analysis.bundles.reading import Bundle
from analysis.measures.accepted_labels import AcceptedLabelsMeasure
from analysis.measures.accepted_predictions import AcceptedPredictionsMeasure
from analysis.measures.accepted_trials import AcceptedTrialsMeasure
from analysis.measures.adversarial import AdversarialMeasure
from analysis.measures.agreement import AgreementMeasure
from analysis.measures.assignment import AssignmentMeasure
from analysis.measures.audit import AuditMeasure
from analysis.measures.audit_calibration import AuditCalibrationMeasure
from analysis.measures.base import FillsIn, Measure, TellsResult, Told
from analysis.measures.category_accuracy import CategoryAccuracyMeasure
from analysis.measures.category_confusions import CategoryConfusionsMeasure
from analysis.measures.class_by_class import ClassByClassMeasure
from analysis.measures.class_errors import ClassErrorsMeasure
from analysis.measures.confidence import ConfidenceMeasure
from analysis.measures.counted_answers import CountedAnswersMeasure
from analysis.measures.dawid_skene_error import DawidSkeneErrorMeasure
from analysis.measures.error_consistency import ErrorConsistencyMeasure
from analysis.measures.explanation_path import ExplanationPathMeasure
from analysis.measures.imported_responses import ImportedResponsesMeasure
from analysis.measures.odd_ones import OddOnesMeasure
from analysis.measures.preferences import PreferencesMeasure
from analysis.measures.psychometric_curves import PsychometricCurvesMeasure
from analysis.measures.published_numbers import PublishedNumbersMeasure
from analysis.measures.quality import QualityMeasure
from analysis.measures.rectified_error import RectifiedErrorMeasure
from analysis.measures.representation import RepresentationMeasure
from analysis.measures.responses import ResponsesMeasure
from analysis.measures.sensitivity import SensitivityMeasure
from analysis.measures.side_bias import SideBiasMeasure
from analysis.measures.signal_detection import SignalDetectionMeasure
from analysis.measures.yes_bias import YesBiasMeasure
from analysis.measures.yes_bias_correction import YesBiasCorrectionMeasure
from stimuli.plugins import Registry, fits

MEASURES: Final[tuple[Measure, ...]] = (
    RectifiedErrorMeasure(),
    ClassByClassMeasure(),
    ConfidenceMeasure(),
    AcceptedLabelsMeasure(),
    ClassErrorsMeasure(),
    AcceptedPredictionsMeasure(),
    AcceptedTrialsMeasure(),
    AdversarialMeasure(),
    AssignmentMeasure(),
    CategoryAccuracyMeasure(),
    PreferencesMeasure(),
    OddOnesMeasure(),
    PsychometricCurvesMeasure(),
    CategoryConfusionsMeasure(),
    RepresentationMeasure(),
    ExplanationPathMeasure(),
    PublishedNumbersMeasure(),
    AgreementMeasure(),
    ErrorConsistencyMeasure(),
    YesBiasMeasure(),
    SignalDetectionMeasure(),
    YesBiasCorrectionMeasure(),
    DawidSkeneErrorMeasure(),
    AuditMeasure(),
    QualityMeasure(),
    AuditCalibrationMeasure(),
    SensitivityMeasure(),
    ImportedResponsesMeasure(),
    CountedAnswersMeasure(),
    SideBiasMeasure(),
    ResponsesMeasure(),
)


# Ours, and those that other packages bring, by name.
REGISTERED: Final[Registry[Measure]] = Registry(
    "measures", {measure.name: measure for measure in MEASURES}, check=fits(Measure)
)


def measures_of(bundle: Bundle) -> list[Measure]:
    """The measures that this bundle allows."""
    return list(_measures_of(bundle))


@kept
def _measures_of(bundle: Bundle) -> list[Measure]:
    found = [measure for measure in REGISTERED.values() if measure.applies(bundle)]
    told = frozenset[Told]().union(
        *(measure.tells for measure in found if isinstance(measure, TellsResult))
    )
    return [
        measure.beside(told) if isinstance(measure, FillsIn) else measure
        for measure in found
    ]
