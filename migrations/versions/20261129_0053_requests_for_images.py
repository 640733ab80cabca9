"""Record which images a session's browser asked for, and whether they were sent.

Revision: 0053
Follows: 0052
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "image_request",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("media_token", sa.String(), nullable=False),
        sa.Column("n_sent", sa.Integer(), nullable=False),
        sa.Column("n_refused", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.id"],
            name=op.f("fk_image_request_session_id_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "session_id", "media_token", name=op.f("pk_image_request")
        ),
    )


def downgrade() -> None:
    op.drop_table("image_request")
