"""Keep what a data set's table says of its images, so that they can be clustered.

Revision: 0110
Follows: 0100
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0110"
down_revision = "0100"
branch_labels = None
depends_on = None

_TABLES = ("stimulus", "imported_trial")


def upgrade() -> None:
    for name in _TABLES:
        op.add_column(
            name,
            sa.Column("image_columns", sa.JSON(), nullable=False, server_default="{}"),
        )


def downgrade() -> None:
    for name in reversed(_TABLES):
        op.drop_column(name, "image_columns")
