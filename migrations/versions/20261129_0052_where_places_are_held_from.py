"""Keep, until somebody agrees, a keyed hash of the address a place is held from.

Revision: 0052
Follows: 0051
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enrolment", sa.Column("origin", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("enrolment", "origin")
