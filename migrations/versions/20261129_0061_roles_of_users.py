"""Give every user a role; whoever could do everything before is an owner.

Revision: 0061
Follows: 0081
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("user_account") as table:
        table.add_column(
            sa.Column("role", sa.String(), nullable=False, server_default="owner")
        )
    with op.batch_alter_table("user_account") as table:
        table.alter_column("role", server_default=None)
        table.create_check_constraint(
            op.f("ck_user_account_role"), "role IN ('owner', 'editor', 'viewer')"
        )


def downgrade() -> None:
    with op.batch_alter_table("user_account") as table:
        table.drop_constraint(op.f("ck_user_account_role"), type_="check")
        table.drop_column("role")
