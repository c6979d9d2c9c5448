"""All journals that were pulled, append-only, in SQLite or PostgreSQL: `store.py` is what commands use.

Below it: `schema.py` (tables), `opening.py` (finds the database), `database.py` with `sqlite.py` and `postgres.py`,
`lines.py` (what records amount to), `forward.py` (from one store to another), `said.py` (custody, roster, annotations),
`conflicts.py`, `numbers.py`.
"""
