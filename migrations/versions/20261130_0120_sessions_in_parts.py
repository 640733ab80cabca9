"""Let a session go through parts, with breaks between them.

Revision: 0120
Follows: 0110
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0120"
down_revision = "0110"
branch_labels = None
depends_on = None

STEPS = (
    "'consent', 'warning', 'instructions', 'comprehension', {more}'practice', 'trials', "
    "'survey', 'debriefing', 'finish', 'failed', 'withdrawn'"
)


def upgrade() -> None:
    with op.batch_alter_table("session") as batch:
        batch.add_column(sa.Column("part_order", sa.String(), nullable=True))
        batch.add_column(
            sa.Column("part_place", sa.Integer(), nullable=False, server_default="0")
        )
        batch.add_column(
            sa.Column("break_ends_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch.create_check_constraint(op.f("ck_session_part_place"), "part_place >= 0")
    with op.batch_alter_table("session_trial") as batch:
        batch.add_column(sa.Column("part", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("part_position", sa.Integer(), nullable=True))
        batch.create_check_constraint(
            op.f("ck_session_trial_part_has_a_position"),
            "(part IS NULL) = (part_position IS NULL)",
        )
    _steps("'break', ")


def downgrade() -> None:
    enrolment = sa.table("enrolment", sa.column("step"))
    # Whoever is in a break goes on with the trials that follow it.
    op.execute(
        sa.update(enrolment).where(enrolment.c.step == "break").values(step="trials")
    )
    _steps("")
    with op.batch_alter_table("session_trial") as batch:
        batch.drop_constraint(
            op.f("ck_session_trial_part_has_a_position"), type_="check"
        )
        batch.drop_column("part_position")
        batch.drop_column("part")
    with op.batch_alter_table("session") as batch:
        batch.drop_constraint(op.f("ck_session_part_place"), type_="check")
        batch.drop_column("break_ends_at")
        batch.drop_column("part_place")
        batch.drop_column("part_order")


def _steps(more: str) -> None:
    name = op.f("ck_enrolment_step")
    with op.batch_alter_table("enrolment") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, f"step IN ({STEPS.format(more=more)})")
