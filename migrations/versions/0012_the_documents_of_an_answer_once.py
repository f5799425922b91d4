"""the audit of reads: what an answer showed is written once, however often it is given

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op


revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('read_set',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('document_id', sa.String(length=36), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('tlp', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('digest', 'document_id', 'version', name=op.f('pk_read_set')),
    sqlite_with_rowid=False
    )
    op.create_index(op.f('ix_read_set_document_id'), 'read_set', ['document_id'], unique=False)
    op.add_column('audit', sa.Column('read_set', sa.String(length=64), nullable=True))
    op.create_index(op.f('ix_audit_read_set'), 'audit', ['read_set'], unique=False)


def downgrade() -> None:
    # No read is lost: each document of a set gets its row, as the older software writes and shows them.
    alike = 'at, client_id, action, outcome, code, request_id, address'
    op.execute(
        f'INSERT INTO audit ({alike}, document_id, version, tlp) SELECT {alike}, shown.document_id, shown.version, shown.tlp '
        'FROM audit JOIN read_set AS shown ON shown.digest = audit.read_set ORDER BY audit.id, shown.document_id, shown.version'
    )
    op.execute('DELETE FROM audit WHERE read_set IS NOT NULL')
    op.drop_index(op.f('ix_audit_read_set'), table_name='audit')
    op.drop_column('audit', 'read_set')
    op.drop_index(op.f('ix_read_set_document_id'), table_name='read_set')
    op.drop_table('read_set')
