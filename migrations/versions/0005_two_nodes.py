"""two nodes: peers and their keys, what could not be taken from them, who witnessed the log; alerts by what they are sorted by

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_NEWEST = sa.text('superseded_at IS NULL')
_SORTS = {
    'severity': ['severity', 'document_id'],
    'confidence': ['confidence', 'document_id'],
    'reference': ['reference', 'document_id'],
    'first': ['first_day', 'document_id', 'last_day'],
    'last': ['last_day', 'document_id', 'first_day'],
}


def upgrade() -> None:
    with op.batch_alter_table('signing_key', schema=None) as batch_op:
        batch_op.add_column(sa.Column('endorsement', sa.Text(), nullable=True))
    op.create_table('peer_key',
    sa.Column('kid', sa.String(length=32), nullable=False),
    sa.Column('node', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=32), nullable=False),
    sa.Column('public', sa.LargeBinary(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('kid', name=op.f('pk_peer_key'))
    )
    op.create_index(op.f('ix_peer_key_node'), 'peer_key', ['node'], unique=False)
    op.create_table('witness',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('node', sa.String(length=64), nullable=False),
    sa.Column('epoch', sa.String(length=36), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('root', sa.String(length=64), nullable=False),
    sa.Column('checkpoint', sa.Text(), nullable=False),
    sa.Column('witness', sa.String(length=64), nullable=False),
    sa.Column('signature', sa.Text(), nullable=False),
    sa.Column('kept_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_witness')),
    sa.UniqueConstraint('node', 'epoch', 'size', 'witness', name=op.f('uq_witness_node_epoch_size_witness'))
    )
    op.create_table('peer',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('url', sa.String(length=500), nullable=True),
    sa.Column('node', sa.String(length=64), nullable=False),
    sa.Column('conferences', sa.String(length=200), nullable=False),
    sa.Column('epoch', sa.String(length=36), nullable=False),
    sa.Column('cursor', sa.Text(), nullable=True),
    sa.Column('etag', sa.String(length=100), nullable=True),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('root', sa.String(length=64), nullable=False),
    sa.Column('checkpoint', sa.Text(), nullable=True),
    sa.Column('sent', sa.Text(), nullable=True),
    sa.Column('applied', sa.Integer(), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('contact_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failure', sa.String(length=64), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_peer')),
    sa.UniqueConstraint('node', name=op.f('uq_peer_node'))
    )
    op.create_table('quarantined',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('peer', sa.String(length=64), nullable=False),
    sa.Column('code', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=64), nullable=False),
    sa.Column('document_id', sa.String(length=36), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('kept_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quarantined')),
    sa.UniqueConstraint('peer', 'document_id', 'version', 'code', 'digest', name=op.f('uq_quarantined_peer_document_id_version_code_digest'))
    )
    for name, columns in _SORTS.items():
        op.create_index(f'ix_alert_newest_{name}', 'alert', columns, unique=False, sqlite_where=_NEWEST, postgresql_where=_NEWEST)


def downgrade() -> None:
    for name in _SORTS:
        op.drop_index(f'ix_alert_newest_{name}', table_name='alert')
    op.drop_table('quarantined')
    op.drop_table('peer')
    op.drop_table('witness')
    op.drop_index(op.f('ix_peer_key_node'), table_name='peer_key')
    op.drop_table('peer_key')
    with op.batch_alter_table('signing_key', schema=None) as batch_op:
        batch_op.drop_column('endorsement')
