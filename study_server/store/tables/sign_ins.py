"""Tables of who is signed in, and of attempts to be."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from study_server.database.sign_in_attempts import AttemptCount
from study_server.database.sign_ins import SignInColumns
from study_server.store.tables.base import Base


class SignInAttempt(AttemptCount, Base):
    """Attempts to sign in to the dashboard, per name, address and known browser."""

    __tablename__ = "sign_in_attempt"


class SignIn(SignInColumns, Base):
    """A browser in which a user is signed in to the dashboard."""

    __tablename__ = "user_sign_in"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), index=True
    )
