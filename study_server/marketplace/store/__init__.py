"""Tables, queries and migrations of the marketplace; its only place with SQL."""

from study_server.database.engine import Store, Transaction
from study_server.marketplace.store.schema import MIGRATIONS, open_store, upgrade

__all__ = ["MIGRATIONS", "Store", "Transaction", "open_store", "upgrade"]
