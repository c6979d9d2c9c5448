"""From schema 3: annotations say which record they are about, by its digest, and whose signature they carry. Rows that
are there have neither, and stay so: nobody can sign for others afterwards.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BYTES = {"record": 32, "about": 32, "key": 32, "signature": 64}


def upgrade() -> None:
    for name, size in _BYTES.items():
        op.add_column("annotations", sa.Column(name, sa.LargeBinary(size), nullable=True))
