"""Give every completed session a completion code of its own.

Revision: 0055
Follows: 0054
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("completion_code", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("session", "completion_code")
