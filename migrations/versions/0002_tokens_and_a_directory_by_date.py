"""tokens, and a directory by date

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('spent_id',
    sa.Column('issuer', sa.String(length=32), nullable=False),
    sa.Column('jti', sa.String(length=255), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('issuer', 'jti', name=op.f('pk_spent_id'))
    )
    with op.batch_alter_table('spent_id', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_spent_id_expires_at'), ['expires_at'], unique=False)

    op.create_table('token_key',
    sa.Column('kid', sa.String(length=16), nullable=False),
    sa.Column('public', sa.String(length=1000), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('signs_from', sa.DateTime(timezone=True), nullable=True),
    sa.Column('signs_to', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('kid', name=op.f('pk_token_key'))
    )
    op.create_table('office',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('conference', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=16), nullable=False),
    sa.Column('title_en', sa.String(length=300), nullable=True),
    sa.Column('title_es', sa.String(length=300), nullable=True),
    sa.Column('title_pt', sa.String(length=300), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('phone', sa.String(length=40), nullable=True),
    sa.Column('url', sa.String(length=500), nullable=True),
    sa.Column('address', sa.String(length=500), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=True),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('source', sa.String(length=500), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('recorded_by', sa.String(length=32), nullable=True),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['conference'], ['conference.code'], name=op.f('fk_office_conference_conference')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_office'))
    )
    with op.batch_alter_table('office', schema=None) as batch_op:
        batch_op.create_index('ix_office_conference_name', ['conference', 'name'], unique=False)

    op.create_table('policy_decision',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('conference', sa.String(length=16), nullable=False),
    sa.Column('k', sa.Integer(), nullable=False),
    sa.Column('protect', sa.String(length=16), nullable=False),
    sa.Column('delta_below_k', sa.String(length=16), nullable=False),
    sa.Column('partner_release', sa.String(length=32), nullable=False),
    sa.Column('single_officer', sa.Boolean(), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['conference'], ['conference.code'], name=op.f('fk_policy_decision_conference_conference')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy_decision'))
    )
    with op.batch_alter_table('policy_decision', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_policy_decision_conference'), ['conference'], unique=False)

    op.create_table('presidency',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('conference', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=3), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('provisional', sa.Boolean(), nullable=False),
    sa.Column('source', sa.String(length=500), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('recorded_by', sa.String(length=32), nullable=True),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['conference'], ['conference.code'], name=op.f('fk_presidency_conference_conference')),
    sa.ForeignKeyConstraint(['state'], ['state.code'], name=op.f('fk_presidency_state_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_presidency'))
    )
    with op.batch_alter_table('presidency', schema=None) as batch_op:
        batch_op.create_index('ix_presidency_conference_valid_from', ['conference', 'valid_from'], unique=False)

    with op.batch_alter_table('client', schema=None) as batch_op:
        batch_op.add_column(sa.Column('previous_sha256', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('previous_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('public_key', sa.String(length=1000), nullable=True))
        batch_op.add_column(sa.Column('tokens_from', sa.DateTime(timezone=True), nullable=True))

    op.execute(
        "INSERT INTO policy_decision (conference, k, protect, delta_below_k, partner_release, single_officer) "
        "SELECT code, k, protect, delta_below_k, partner_release, single_officer FROM conference ORDER BY code"
    )
    with op.batch_alter_table('conference', schema=None) as batch_op:
        batch_op.drop_column('partner_release')
        batch_op.drop_column('k')
        batch_op.drop_column('delta_below_k')
        batch_op.drop_column('protect')
        batch_op.drop_column('single_officer')

    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.add_column(sa.Column('source', sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('recorded_by', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(batch_op.f('uq_membership_state_conference_capacity_valid_from'), type_='unique')
        batch_op.create_index('ix_membership_conference_state', ['conference', 'state'], unique=False)

    # Which reads of before were of CLEAR or GREEN nobody knows any more: they stay for good.
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.add_column(sa.Column('tlp', sa.Integer(), nullable=True))
    if op.get_bind().dialect.name == 'postgresql':
        op.alter_column('audit', 'id', type_=sa.BigInteger())
        op.execute("ALTER SEQUENCE audit_id_seq AS bigint")


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute("ALTER SEQUENCE audit_id_seq AS integer")
        op.alter_column('audit', 'id', type_=sa.Integer())
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.drop_column('tlp')

    # The old tables know no corrected rows and one policy a conference: the newest.
    op.execute("DELETE FROM membership WHERE superseded_at IS NOT NULL")
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_index('ix_membership_conference_state')
        batch_op.create_unique_constraint(batch_op.f('uq_membership_state_conference_capacity_valid_from'), ['state', 'conference', 'capacity', 'valid_from'])
        batch_op.drop_column('superseded_at')
        batch_op.drop_column('recorded_by')
        batch_op.drop_column('recorded_at')
        batch_op.drop_column('source')

    with op.batch_alter_table('conference', schema=None) as batch_op:
        batch_op.add_column(sa.Column('single_officer', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('protect', sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column('delta_below_k', sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column('k', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('partner_release', sa.String(length=32), nullable=True))
    for column in ('k', 'protect', 'delta_below_k', 'partner_release', 'single_officer'):
        op.execute(
            f"UPDATE conference SET {column} = (SELECT {column} FROM policy_decision WHERE policy_decision.conference = conference.code "
            "ORDER BY id DESC LIMIT 1)"
        )
    with op.batch_alter_table('conference', schema=None) as batch_op:
        batch_op.alter_column('single_officer', existing_type=sa.Boolean(), nullable=False)
        batch_op.alter_column('protect', existing_type=sa.String(length=16), nullable=False)
        batch_op.alter_column('delta_below_k', existing_type=sa.String(length=16), nullable=False)
        batch_op.alter_column('k', existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column('partner_release', existing_type=sa.String(length=32), nullable=False)

    with op.batch_alter_table('client', schema=None) as batch_op:
        batch_op.drop_column('tokens_from')
        batch_op.drop_column('public_key')
        batch_op.drop_column('previous_until')
        batch_op.drop_column('previous_sha256')

    with op.batch_alter_table('presidency', schema=None) as batch_op:
        batch_op.drop_index('ix_presidency_conference_valid_from')

    op.drop_table('presidency')
    with op.batch_alter_table('policy_decision', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_policy_decision_conference'))

    op.drop_table('policy_decision')
    with op.batch_alter_table('office', schema=None) as batch_op:
        batch_op.drop_index('ix_office_conference_name')

    op.drop_table('office')
    op.drop_table('token_key')
    with op.batch_alter_table('spent_id', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_spent_id_expires_at'))

    op.drop_table('spent_id')
