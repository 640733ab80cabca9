"""Keep under which offer something was posted, so that it can be asked for again.

Revision: 0080
Follows: 0060
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hit", sa.Column("offer_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("hit", "offer_id")
