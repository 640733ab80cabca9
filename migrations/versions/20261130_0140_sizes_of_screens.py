"""Keep how large things are on a person's screen, where a study measures it.

Revision: 0140
Follows: 0130
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0140"
down_revision = "0130"
branch_labels = None
depends_on = None

STEPS = (
    "'consent', 'warning', {more}'instructions', 'comprehension', 'break', 'practice', "
    "'trials', 'survey', 'debriefing', 'finish', 'failed', 'withdrawn'"
)
MEASURES = ("screen_px_per_mm", "screen_pixel_ratio", "screen_distance_mm")
CHECKS = {
    "screen": "screen IN ('measured', 'skipped')",
    "screen_px_per_mm": "screen_px_per_mm > 0",
    "screen_distance_mm": "screen_distance_mm > 0",
}


def upgrade() -> None:
    with op.batch_alter_table("enrolment") as batch:
        batch.add_column(sa.Column("screen", sa.String(), nullable=True))
        for name in MEASURES:
            batch.add_column(sa.Column(name, sa.Double(), nullable=True))
        for name, condition in CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_enrolment_{name}"), condition)
        _steps(batch, "'screen', ")


def downgrade() -> None:
    enrolment = sa.table("enrolment", sa.column("step"))
    op.execute(
        sa.update(enrolment)
        .where(enrolment.c.step == "screen")
        .values(step="instructions")
    )
    with op.batch_alter_table("enrolment") as batch:
        for name in CHECKS:
            batch.drop_constraint(op.f(f"ck_enrolment_{name}"), type_="check")
        for name in (*MEASURES, "screen"):
            batch.drop_column(name)
        _steps(batch, "")


def _steps(batch: BatchOperations, more: str) -> None:
    name = op.f("ck_enrolment_step")
    batch.drop_constraint(name, type_="check")
    batch.create_check_constraint(name, f"step IN ({STEPS.format(more=more)})")
