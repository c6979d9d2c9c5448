"""How stores of older programs become those of this one: Alembic's scripts, run from within the program.

A script is history and never changes: its tables are its own, not those of `store/schema.py`. Each is one transaction
on each database. There is no way back: a store that was changed keeps all that it held."""

from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """To the newest schema, in the transaction of `connection`, which is the only one that writes."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "host_tools:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
