"""what waits for a second person: items that are not published yet, and words that anyone may write

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'waiting_item',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        sa.Column('origin', sa.String(length=16), nullable=False),
        sa.Column('issuer', sa.String(length=40), nullable=False),
        sa.Column('tlp', sa.Integer(), nullable=False),
        sa.Column('status', sa.String(length=12), nullable=False),
        sa.Column('needs_review', sa.Boolean(), nullable=False),
        sa.Column('due', sa.DateTime(timezone=True), nullable=True),
        sa.Column('sealed', sa.LargeBinary(), nullable=True),
        sa.Column('writers', sa.Text(), nullable=False),
        sa.Column('published', sa.Text(), nullable=True),
        sa.Column('reason', sa.String(length=32), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('decided_by', sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_waiting_item')),
    )
    with op.batch_alter_table('waiting_item', schema=None) as batch_op:
        batch_op.create_index('ix_waiting_item_origin_status', ['origin', 'status', 'id'], unique=False)
        batch_op.create_index('ix_waiting_item_status_due', ['status', 'due'], unique=False)
    op.create_table(
        'waiting_place',
        sa.Column('place', sa.String(length=64), nullable=False),
        sa.Column('item', sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(['item'], ['waiting_item.id'], name=op.f('fk_waiting_place_item_waiting_item')),
        sa.PrimaryKeyConstraint('place', name=op.f('pk_waiting_place')),
    )
    with op.batch_alter_table('waiting_place', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_waiting_place_item'), ['item'], unique=False)
    op.create_table(
        'allow_list',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        sa.Column('value', sa.String(length=254), nullable=False),
        sa.Column('note', sa.String(length=1000), nullable=True),
        sa.Column('added_by', sa.String(length=32), nullable=False),
        sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_allow_list')),
        sa.UniqueConstraint('kind', 'value', name=op.f('uq_allow_list_kind_value')),
    )


def downgrade() -> None:
    op.drop_table('allow_list')
    op.drop_table('waiting_place')
    op.drop_table('waiting_item')
