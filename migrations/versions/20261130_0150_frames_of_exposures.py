"""Keep for how many frames a picture was shown, and how many were missed.

Revision: 0150
Follows: 0140
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0150"
down_revision = "0140"
branch_labels = None
depends_on = None

_COLUMNS = ("exposure_frames", "missed_frames", "dropped_frames")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("response", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("response", name)
