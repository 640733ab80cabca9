"""The researcher's audit as a yardstick for k."""

from __future__ import annotations

from analysis.measures.audit_calibration.section import AuditCalibrationMeasure

__all__ = ["AuditCalibrationMeasure"]
