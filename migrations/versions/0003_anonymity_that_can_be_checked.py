"""anonymity that outsiders can check: certificates, and a ledger that knows bulletins and their k

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('certificate',
    sa.Column('document_id', sa.String(length=36), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('document_id', 'version', name=op.f('pk_certificate'))
    )
    with op.batch_alter_table('published_table', schema=None) as batch_op:
        batch_op.add_column(sa.Column('natural_key', sa.String(length=400), nullable=True))
        batch_op.add_column(sa.Column('k', sa.Integer(), nullable=True))
    # Until now every version of a flow was under the k of the flow. A table whose bulletin is gone is one bulletin by its id.
    op.execute(
        "UPDATE published_table SET natural_key = COALESCE((SELECT bulletin.natural_key FROM bulletin WHERE bulletin.document_id = "
        "published_table.document_id AND bulletin.version = published_table.version), published_table.document_id), "
        "k = COALESCE((SELECT flow.k FROM flow WHERE flow.key = published_table.flow_key), 5)"
    )
    # Figures of the year to date are of all days since 1 January.
    table = sa.table('published_table', sa.column('natural_key', sa.String), sa.column('period_start', sa.Date), sa.column('period_end', sa.Date))
    since = '%|year_to_date|%'
    for (last,) in op.get_bind().execute(sa.select(table.c.period_end).where(table.c.natural_key.like(since)).distinct()).all():
        whole = table.update().where(table.c.natural_key.like(since), table.c.period_end == last, table.c.period_start > last.replace(month=1, day=1))
        op.get_bind().execute(whole.values(period_start=last.replace(month=1, day=1)))
    with op.batch_alter_table('published_table', schema=None) as batch_op:
        batch_op.alter_column('natural_key', existing_type=sa.String(length=400), nullable=False)
        batch_op.alter_column('k', existing_type=sa.Integer(), nullable=False)


def downgrade() -> None:
    op.execute(
        "UPDATE published_table SET period_start = COALESCE((SELECT bulletin.period_start FROM bulletin WHERE bulletin.document_id = "
        "published_table.document_id AND bulletin.version = published_table.version), period_start)"
    )
    with op.batch_alter_table('published_table', schema=None) as batch_op:
        batch_op.drop_column('k')
        batch_op.drop_column('natural_key')

    op.drop_table('certificate')
