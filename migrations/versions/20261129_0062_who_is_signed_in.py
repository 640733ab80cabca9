"""Keep who is signed in, so that signing out ends it on the server.

Revision: 0062
Follows: 0055
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_sign_in",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_user_sign_in_user_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sign_in")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_user_sign_in_token_digest")),
    )
    op.create_index(op.f("ix_user_sign_in_user_id"), "user_sign_in", ["user_id"])
    op.create_index(op.f("ix_user_sign_in_began_at"), "user_sign_in", ["began_at"])


def downgrade() -> None:
    op.drop_table("user_sign_in")
