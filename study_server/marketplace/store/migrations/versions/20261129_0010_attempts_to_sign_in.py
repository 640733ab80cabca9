"""Count attempts to sign in where every process sees them.

Revision: 0010
Follows: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "market_sign_in_attempt",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("n_attempts", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "n_attempts >= 0", name=op.f("ck_market_sign_in_attempt_n_attempts")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_market_sign_in_attempt")),
    )
    op.create_index(
        op.f("ix_market_sign_in_attempt_ends_at"), "market_sign_in_attempt", ["ends_at"]
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_market_sign_in_attempt_ends_at"), table_name="market_sign_in_attempt"
    )
    op.drop_table("market_sign_in_attempt")
