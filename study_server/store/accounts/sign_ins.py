"""Where it is kept who is signed in to the dashboard."""

from __future__ import annotations

from typing import Final

from study_server.database.sign_ins import KeptSignIn, Lifetimes, SignIns
from study_server.store.tables import SignIn

__all__ = ["USERS", "KeptSignIn", "Lifetimes"]

USERS: Final = SignIns(SignIn, SignIn.user_id)
