"""Tables, queries and transactions; the only place with SQL."""

from study_server.database.engine import Store, Transaction, open_store
from study_server.store.schema import MIGRATIONS, upgrade

__all__ = [
    "MIGRATIONS",
    "Store",
    "Transaction",
    "open_store",
    "upgrade",
]
