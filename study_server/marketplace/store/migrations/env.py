"""Runs the marketplace's migrations on the connection handed over by `schema`."""

from __future__ import annotations

from alembic import context

from study_server.marketplace.store.schema import MIGRATIONS

MIGRATIONS.run(context.config.attributes["connection"])
