"""alerts and what is said of them: projections, references, documents that are seen with another or until a day

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_ACCESS = 'ix_document_access_newest_grantee'
_NEWEST = sa.text('superseded_at IS NULL')


def upgrade() -> None:
    op.create_table('alert',
    sa.Column('reference', sa.String(length=32), nullable=False),
    sa.Column('network_code', sa.String(length=32), nullable=True),
    sa.Column('severity', sa.Integer(), nullable=False),
    sa.Column('confidence', sa.Integer(), nullable=False),
    sa.Column('case_status', sa.String(length=8), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=False),
    sa.Column('retention_until', sa.Date(), nullable=True),
    sa.Column('no_onward', sa.Boolean(), nullable=False),
    sa.Column('credits', sa.String(length=36), nullable=True),
    sa.Column('folded', sa.Text(), nullable=False),
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('document_id', sa.String(length=36), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('origin', sa.String(length=16), nullable=False),
    sa.Column('issuer', sa.String(length=40), nullable=False),
    sa.Column('tlp', sa.Integer(), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert')),
    sa.UniqueConstraint('document_id', 'version', name=op.f('uq_alert_document_id_version'))
    )
    op.create_table('alert_answer',
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('alert', sa.String(length=36), nullable=False),
    sa.Column('said', sa.String(length=32), nullable=True),
    sa.Column('decided', sa.String(length=36), nullable=True),
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('document_id', sa.String(length=36), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('origin', sa.String(length=16), nullable=False),
    sa.Column('issuer', sa.String(length=40), nullable=False),
    sa.Column('tlp', sa.Integer(), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert_answer')),
    sa.UniqueConstraint('document_id', 'version', name=op.f('uq_alert_answer_document_id_version'))
    )
    op.create_index('ix_alert_newest_published', 'alert', ['published_at', 'document_id'], unique=False, sqlite_where=_NEWEST, postgresql_where=_NEWEST)
    op.create_index(op.f('ix_alert_network_code'), 'alert', ['network_code'], unique=False)
    op.create_index(op.f('ix_alert_retention_until'), 'alert', ['retention_until'], unique=False)
    op.create_index(op.f('ix_alert_credits'), 'alert', ['credits'], unique=False)
    op.create_index(op.f('ix_alert_published_at'), 'alert', ['published_at'], unique=False)
    op.create_index(op.f('ix_alert_answer_published_at'), 'alert_answer', ['published_at'], unique=False)
    op.create_index(op.f('ix_alert_answer_decided'), 'alert_answer', ['decided'], unique=False)
    op.create_index('ix_alert_answer_newest', 'alert_answer', ['alert', 'kind', 'published_at', 'document_id'], unique=False, sqlite_where=_NEWEST, postgresql_where=_NEWEST)
    op.create_table('alert_term',
    sa.Column('alert_id', sa.Integer(), nullable=False),
    sa.Column('list', sa.String(length=16), nullable=False),
    sa.Column('code', sa.String(length=320), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_alert_term_alert_id_alert'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('alert_id', 'list', 'code', name=op.f('pk_alert_term'))
    )
    op.create_index('ix_alert_term_code', 'alert_term', ['list', 'code', 'alert_id'], unique=False)
    op.create_table('alert_reference',
    sa.Column('reference', sa.String(length=32), nullable=False),
    sa.Column('document_id', sa.String(length=36), nullable=False),
    sa.PrimaryKeyConstraint('reference', name=op.f('pk_alert_reference')),
    sa.UniqueConstraint('document_id', name=op.f('uq_alert_reference_document_id'))
    )
    with op.batch_alter_table('document_access', schema=None) as batch_op:
        batch_op.add_column(sa.Column('parent', sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column('until', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('gone', sa.Boolean(), nullable=True))
        batch_op.drop_index(_ACCESS)
    # Until now no document was seen with another, ended on a day or was erased.
    op.execute(sa.text('UPDATE document_access SET gone = :no').bindparams(no=False))
    with op.batch_alter_table('document_access', schema=None) as batch_op:
        batch_op.alter_column('gone', existing_type=sa.Boolean(), nullable=False)
        batch_op.create_index(op.f('ix_document_access_parent'), ['parent'], unique=False)
        batch_op.create_index(_ACCESS, ['newest', 'grantee', 'tlp', 'document_id', 'until', 'parent'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('document_access', schema=None) as batch_op:
        batch_op.drop_index(_ACCESS)
        batch_op.drop_index(op.f('ix_document_access_parent'))
        batch_op.drop_column('gone')
        batch_op.drop_column('until')
        batch_op.drop_column('parent')
        batch_op.create_index(_ACCESS, ['newest', 'grantee', 'tlp', 'document_id'], unique=False)
    op.drop_table('alert_reference')
    op.drop_table('alert_term')
    op.drop_table('alert_answer')
    op.drop_table('alert')
