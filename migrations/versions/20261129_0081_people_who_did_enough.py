"""Keep the qualification of people who did as many blocks as they may.

Revision: 0081
Follows: 0080
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("market_account", sa.Column("enough_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("market_account", "enough_id")
