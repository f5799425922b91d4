"""what a question about a measure in all States looks up: the newest bulletins of a measure by period

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    newest = sa.text('superseded_at IS NULL')
    columns = ['measure', 'period_start']
    op.create_index('ix_bulletin_newest_measure', 'bulletin', columns, unique=False, sqlite_where=newest, postgresql_where=newest)


def downgrade() -> None:
    op.drop_index('ix_bulletin_newest_measure', table_name='bulletin')
