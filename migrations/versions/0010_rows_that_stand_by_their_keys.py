"""rows that stand by their keys: on SQLite what is read and written by key alone keeps no second tree of row numbers

Revision ID: 0010
Revises: 0009
"""

from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

TABLES = ('cell', 'hideout', 'document_access')


def upgrade() -> None:
    _copied(with_rowid=False)


def downgrade() -> None:
    _copied(with_rowid=True)


def _copied(*, with_rowid: bool) -> None:
    if op.get_bind().dialect.name != 'sqlite':
        return
    for name in TABLES:
        with op.batch_alter_table(name, schema=None, recreate='always', table_kwargs={'sqlite_with_rowid': with_rowid}):
            pass
