"""what a question about the flows looks up: the bulletins of a State and a measure by period, newest alone and of all versions

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    newest = sa.text('superseded_at IS NULL')
    columns = ['reporting_state', 'measure', 'period_start']
    op.create_index('ix_bulletin_newest_series', 'bulletin', columns, unique=False, sqlite_where=newest, postgresql_where=newest)
    op.create_index('ix_bulletin_series', 'bulletin', columns, unique=False)


def downgrade() -> None:
    op.drop_index('ix_bulletin_series', table_name='bulletin')
    op.drop_index('ix_bulletin_newest_series', table_name='bulletin')
