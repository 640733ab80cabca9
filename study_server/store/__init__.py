"""Tables, queries and transactions; the only place with SQL."""

from study_server.store.engine import Store, Transaction, open_store
from study_server.store.schema import require_current, upgrade

__all__ = ["Store", "Transaction", "open_store", "require_current", "upgrade"]
