"""Count how often the preview links of a study were ended.

Revision: 0070
Follows: 0082
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0082"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "study",
        sa.Column("preview_edition", sa.Integer(), server_default="0", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("study", "preview_edition")
