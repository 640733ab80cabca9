"""Keep who is signed in, so that signing out ends it on the server.

Revision: 0011
Follows: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "market_sign_in",
        sa.Column("worker_id", sa.Integer(), nullable=True),
        sa.Column("requester_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(worker_id IS NULL) <> (requester_id IS NULL)",
            name=op.f("ck_market_sign_in_owner"),
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"],
            ["market_worker.id"],
            name=op.f("fk_market_sign_in_worker_id_market_worker"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["requester_id"],
            ["market_requester.id"],
            name=op.f("fk_market_sign_in_requester_id_market_requester"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_sign_in")),
        sa.UniqueConstraint(
            "token_digest", name=op.f("uq_market_sign_in_token_digest")
        ),
    )
    for column in ("worker_id", "requester_id", "began_at"):
        op.create_index(op.f(f"ix_market_sign_in_{column}"), "market_sign_in", [column])


def downgrade() -> None:
    op.drop_table("market_sign_in")
