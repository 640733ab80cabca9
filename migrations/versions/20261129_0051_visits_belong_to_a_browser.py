"""Keep by which landing page somebody came in, and whether another browser may go on.

Revision: 0051
Follows: 0050
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enrolment", sa.Column("door_key_sha256", sa.String(), nullable=True))
    op.add_column(
        "enrolment", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("enrolment", "released_at")
    op.drop_column("enrolment", "door_key_sha256")
