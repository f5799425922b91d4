"""an office's own words and layouts: what they stand for in its files

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'alias',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('office', sa.String(length=40), nullable=False),
        sa.Column('dimension', sa.String(length=32), nullable=False),
        sa.Column('told', sa.String(length=400), nullable=False),
        sa.Column('label', sa.String(length=100), nullable=False),
        sa.Column('code', sa.String(length=64), nullable=False),
        sa.Column('added_by', sa.String(length=32), nullable=False),
        sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_alias')),
        sa.UniqueConstraint('office', 'dimension', 'told', name=op.f('uq_alias_office_dimension_told')),
    )
    op.create_table(
        'profile',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('office', sa.String(length=40), nullable=False),
        sa.Column('name', sa.String(length=40), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('content', sa.Text(), nullable=False),
        sa.Column('added_by', sa.String(length=32), nullable=False),
        sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_profile')),
        sa.UniqueConstraint('office', 'name', 'version', name=op.f('uq_profile_office_name_version')),
    )


def downgrade() -> None:
    op.drop_table('profile')
    op.drop_table('alias')
