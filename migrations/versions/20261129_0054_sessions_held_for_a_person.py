"""Say why a session waits for a person to decide whether it was work.

Revision: 0054
Follows: 0053
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("held_reason", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("session", "held_reason")
