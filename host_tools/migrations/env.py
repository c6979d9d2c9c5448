"""What Alembic runs: with the connection that `upgrade` gave it, never with one of its own."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
