"""what a first sync writes: rows of projections are not held against their parents one by one, and no index lists what names nothing

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op


revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

CHILDREN = (('cell', 'bulletin_id', 'bulletin'), ('hideout', 'bulletin_id', 'bulletin'), ('alert_term', 'alert_id', 'alert'))
NAMING = (('document_access', 'parent'), ('audit', 'client_id'), ('audit', 'read_set'))


def upgrade() -> None:
    for table, column, parent in CHILDREN:
        with op.batch_alter_table(table, schema=None, table_kwargs={'sqlite_with_rowid': False}) as batch_op:
            batch_op.drop_constraint(op.f(f'fk_{table}_{column}_{parent}'), type_='foreignkey')
    for table, column in NAMING:
        named = sa.text(f'{column} IS NOT NULL')
        op.drop_index(op.f(f'ix_{table}_{column}'), table_name=table)
        op.create_index(op.f(f'ix_{table}_{column}'), table, [column], unique=False, sqlite_where=named, postgresql_where=named)


def downgrade() -> None:
    for table, column in NAMING:
        op.drop_index(op.f(f'ix_{table}_{column}'), table_name=table)
        op.create_index(op.f(f'ix_{table}_{column}'), table, [column], unique=False)
    for table, column, parent in CHILDREN:
        key = op.f(f'fk_{table}_{column}_{parent}')
        with op.batch_alter_table(table, schema=None, table_kwargs={'sqlite_with_rowid': table == 'alert_term'}) as batch_op:
            batch_op.create_foreign_key(key, parent, [column], ['id'], ondelete='CASCADE')
