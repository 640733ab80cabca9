"""Keep which work came after the money for its place was set free.

Revision: 0082
Follows: 0063
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "assignment",
        sa.Column("is_covered", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("assignment", "is_covered", server_default=None)


def downgrade() -> None:
    op.drop_column("assignment", "is_covered")
