"""Keep which rows of an imported file were left out, and why.

Revision: 0100
Follows: 0064
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0100"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("imported_file") as table:
        table.add_column(
            sa.Column("left_out", sa.JSON(), nullable=False, server_default="[]")
        )
        table.drop_constraint(op.f("ck_imported_file_n_rows"), type_="check")
        # A file of which nothing was asked for is known all the same.
        table.create_check_constraint(op.f("ck_imported_file_n_rows"), "n_rows >= 0")


def downgrade() -> None:
    op.execute("DELETE FROM imported_file WHERE n_rows = 0")
    with op.batch_alter_table("imported_file") as table:
        table.drop_constraint(op.f("ck_imported_file_n_rows"), type_="check")
        table.create_check_constraint(op.f("ck_imported_file_n_rows"), "n_rows >= 1")
        table.drop_column("left_out")
