"""Make the first tables: studies, blocks, people, sessions, responses, users.

Revision: 0001
Follows:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("paradigm", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("toml", sa.Text(), nullable=False),
        sa.Column("toml_sha256", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("set_folder", sa.String(), nullable=False),
        sa.Column("set_sha256", sa.String(), nullable=False),
        sa.Column("recipe_toml", sa.Text(), nullable=False),
        sa.Column("set_summary", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_sha256", sa.String(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'pilot') OR frozen_at IS NOT NULL",
            name=op.f("ck_study_frozen_before_it_counts"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'pilot', 'frozen', 'open', 'closed')",
            name=op.f("ck_study_state"),
        ),
        sa.CheckConstraint(
            "(frozen_at IS NULL) = (frozen_sha256 IS NULL)",
            name=op.f("ck_study_frozen_with_hash"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
        sa.UniqueConstraint("name", name=op.f("uq_study_name")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("name", name=op.f("uq_user_account_name")),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recruiter", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
        sa.UniqueConstraint(
            "recruiter", "external_id", name=op.f("uq_worker_recruiter_external_id")
        ),
    )
    op.create_table(
        "amendment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["study.id"],
            name=op.f("fk_amendment_study_id_study"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendment")),
    )
    op.create_index(
        op.f("ix_amendment_study_id"), "amendment", ["study_id"], unique=False
    )
    op.create_table(
        "block",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("n_wanted", sa.Integer(), nullable=False),
        sa.Column("n_valid", sa.Integer(), nullable=False),
        sa.Column("n_reserved", sa.Integer(), nullable=False),
        sa.Column("n_admitted", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "environment IN ('live', 'pilot', 'simulated', 'preview')",
            name=op.f("ck_block_environment"),
        ),
        sa.CheckConstraint(
            "n_admitted >= n_reserved", name=op.f("ck_block_n_admitted")
        ),
        sa.CheckConstraint(
            "n_reserved >= 0 AND n_reserved <= n_wanted",
            name=op.f("ck_block_n_reserved"),
        ),
        sa.CheckConstraint("n_valid >= 0", name=op.f("ck_block_n_valid")),
        sa.CheckConstraint("n_wanted >= 1", name=op.f("ck_block_n_wanted")),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["study.id"],
            name=op.f("fk_block_study_id_study"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block")),
        sa.UniqueConstraint(
            "study_id",
            "environment",
            "number",
            name=op.f("uq_block_study_id_environment_number"),
        ),
    )
    op.create_index(
        "ix_block_places",
        "block",
        ["study_id", "environment", "condition", "number"],
        unique=False,
        sqlite_where=sa.text("n_valid + n_reserved < n_wanted"),
        postgresql_where=sa.text("n_valid + n_reserved < n_wanted"),
    )
    op.create_table(
        "participant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("worker_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["worker_id"],
            ["worker.id"],
            name=op.f("fk_participant_worker_id_worker"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
        sa.UniqueConstraint("public_id", name=op.f("uq_participant_public_id")),
        sa.UniqueConstraint("worker_id", name=op.f("uq_participant_worker_id")),
    )
    op.create_table(
        "recruitment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("recruiter", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("cap_minor", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "environment IN ('live', 'pilot', 'simulated', 'preview')",
            name=op.f("ck_recruitment_environment"),
        ),
        sa.CheckConstraint(
            "cap_minor >= 0", name=op.f("ck_recruitment_cap_not_negative")
        ),
        sa.CheckConstraint(
            "currency IS NOT NULL OR (price_minor IS NULL AND cap_minor IS NULL)",
            name=op.f("ck_recruitment_money_has_a_currency"),
        ),
        sa.CheckConstraint(
            "price_minor >= 0", name=op.f("ck_recruitment_price_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["study.id"],
            name=op.f("fk_recruitment_study_id_study"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recruitment")),
        sa.UniqueConstraint(
            "study_id",
            "recruiter",
            "environment",
            name=op.f("uq_recruitment_study_id_recruiter_environment"),
        ),
        sa.UniqueConstraint("token", name=op.f("uq_recruitment_token")),
    )
    op.create_table(
        "stimulus",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("stimulus_id", sa.String(), nullable=False),
        sa.Column("media_token", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_sha256", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("predictions", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["study.id"],
            name=op.f("fk_stimulus_study_id_study"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stimulus")),
        sa.UniqueConstraint("media_token", name=op.f("uq_stimulus_media_token")),
        sa.UniqueConstraint(
            "study_id", "stimulus_id", name=op.f("uq_stimulus_study_id_stimulus_id")
        ),
    )
    op.create_table(
        "study_class",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("gloss", sa.String(), nullable=False),
        sa.Column("examples", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["study.id"],
            name=op.f("fk_study_class_study_id_study"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_class")),
        sa.UniqueConstraint(
            "study_id", "class_id", name=op.f("uq_study_class_study_id_class_id")
        ),
    )
    op.create_table(
        "trial",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("trial_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("control", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("key", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("uses", sa.JSON(), nullable=False),
        sa.Column("exposure", sa.JSON(), nullable=False),
        sa.Column("truth", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('main', 'practice', 'catch', 'control')",
            name=op.f("ck_trial_role"),
        ),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["study.id"],
            name=op.f("fk_trial_study_id_study"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial")),
        sa.UniqueConstraint(
            "study_id", "trial_id", name=op.f("uq_trial_study_id_trial_id")
        ),
    )
    op.create_index("ix_trial_role", "trial", ["study_id", "role"], unique=False)
    op.create_table(
        "audit_trial",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stratum >= 0", name=op.f("ck_audit_trial_stratum")),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["study.id"],
            name=op.f("fk_audit_trial_study_id_study"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["trial.id"],
            name=op.f("fk_audit_trial_trial_id_trial"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_trial")),
        sa.UniqueConstraint(
            "study_id", "position", name=op.f("uq_audit_trial_study_id_position")
        ),
        sa.UniqueConstraint(
            "study_id", "trial_id", name=op.f("uq_audit_trial_study_id_trial_id")
        ),
        sa.UniqueConstraint("token", name=op.f("uq_audit_trial_token")),
    )
    op.create_table(
        "block_trial",
        sa.Column("block_id", sa.Integer(), nullable=False),
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["block_id"],
            ["block.id"],
            name=op.f("fk_block_trial_block_id_block"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["trial.id"],
            name=op.f("fk_block_trial_trial_id_trial"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("block_id", "trial_id", name=op.f("pk_block_trial")),
    )
    op.create_index(
        op.f("ix_block_trial_trial_id"), "block_trial", ["trial_id"], unique=False
    )
    op.create_table(
        "enrolment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("recruitment_id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("competence", sa.String(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_version", sa.String(), nullable=True),
        sa.Column("consent_sha256", sa.String(), nullable=True),
        sa.Column("n_comprehension_tries", sa.Integer(), nullable=False),
        sa.Column("comprehension_wrong", sa.JSON(), nullable=False),
        sa.Column("surveyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(step = 'withdrawn') = (withdrawn_at IS NOT NULL)",
            name=op.f("ck_enrolment_withdrawn_at"),
        ),
        sa.CheckConstraint(
            "competence IS NULL OR environment = 'simulated'",
            name=op.f("ck_enrolment_only_simulated_has_competence"),
        ),
        sa.CheckConstraint(
            "consented_at IS NOT NULL OR step IN ('consent', 'withdrawn')",
            name=op.f("ck_enrolment_nothing_before_consent"),
        ),
        sa.CheckConstraint(
            "environment IN ('live', 'pilot', 'simulated', 'preview')",
            name=op.f("ck_enrolment_environment"),
        ),
        sa.CheckConstraint(
            "step IN ('consent', 'warning', 'instructions', 'comprehension', 'practice', 'trials', 'survey', 'debriefing', 'finish', 'failed', 'withdrawn')",
            name=op.f("ck_enrolment_step"),
        ),
        sa.CheckConstraint(
            "(consented_at IS NULL) = (consent_sha256 IS NULL)",
            name=op.f("ck_enrolment_consent_has_hash_and_time"),
        ),
        sa.CheckConstraint(
            "n_comprehension_tries >= 0",
            name=op.f("ck_enrolment_n_comprehension_tries"),
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_enrolment_participant_id_participant"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["recruitment_id"],
            ["recruitment.id"],
            name=op.f("fk_enrolment_recruitment_id_recruitment"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["study.id"],
            name=op.f("fk_enrolment_study_id_study"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint(
            "study_id",
            "participant_id",
            name=op.f("uq_enrolment_study_id_participant_id"),
        ),
        sa.UniqueConstraint("token", name=op.f("uq_enrolment_token")),
    )
    op.create_index(
        "ix_enrolment_environment",
        "enrolment",
        ["study_id", "environment"],
        unique=False,
    )
    op.create_index(
        "ix_enrolment_participant_id", "enrolment", ["participant_id"], unique=False
    )
    op.create_index(
        op.f("ix_enrolment_recruitment_id"),
        "enrolment",
        ["recruitment_id"],
        unique=False,
    )
    op.create_table(
        "personal_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recruitment_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["recruitment_id"],
            ["recruitment.id"],
            name=op.f("fk_personal_link_recruitment_id_recruitment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_link")),
        sa.UniqueConstraint(
            "recruitment_id",
            "number",
            name=op.f("uq_personal_link_recruitment_id_number"),
        ),
        sa.UniqueConstraint("token", name=op.f("uq_personal_link_token")),
    )
    op.create_table(
        "trial_source",
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("source_sha256", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["trial.id"],
            name=op.f("fk_trial_source_trial_id_trial"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "trial_id", "source_sha256", name=op.f("pk_trial_source")
        ),
    )
    op.create_table(
        "audit_response",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("audit_trial_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("accepts", sa.Boolean(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["audit_trial_id"],
            ["audit_trial.id"],
            name=op.f("fk_audit_response_audit_trial_id_audit_trial"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_audit_response_user_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_response")),
        sa.UniqueConstraint(
            "audit_trial_id", name=op.f("uq_audit_response_audit_trial_id")
        ),
    )
    op.create_table(
        "enrolment_source",
        sa.Column("enrolment_id", sa.Integer(), nullable=False),
        sa.Column("source_sha256", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolment.id"],
            name=op.f("fk_enrolment_source_enrolment_id_enrolment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "enrolment_id", "source_sha256", name=op.f("pk_enrolment_source")
        ),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("enrolment_id", sa.Integer(), nullable=False),
        sa.Column("block_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("validity", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("order_seed", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("recruiter_ids", sa.JSON(), nullable=False),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(validity = 'invalid') = (reason IS NOT NULL)",
            name=op.f("ck_session_invalid_has_a_reason"),
        ),
        sa.CheckConstraint(
            "state <> 'completed' OR completed_at IS NOT NULL",
            name=op.f("ck_session_completed_at"),
        ),
        sa.CheckConstraint(
            "state IN ('started', 'completed', 'withdrawn', 'expired', 'returned')",
            name=op.f("ck_session_state"),
        ),
        sa.CheckConstraint(
            "validity <> 'valid' OR state = 'completed'",
            name=op.f("ck_session_only_completed_is_valid"),
        ),
        sa.CheckConstraint(
            "validity IN ('pending', 'valid', 'invalid')",
            name=op.f("ck_session_validity"),
        ),
        sa.CheckConstraint("attempt >= 1", name=op.f("ck_session_attempt")),
        sa.ForeignKeyConstraint(
            ["block_id"],
            ["block.id"],
            name=op.f("fk_session_block_id_block"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolment.id"],
            name=op.f("fk_session_enrolment_id_enrolment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint(
            "enrolment_id", "number", name=op.f("uq_session_enrolment_id_number")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_session_public_id")),
    )
    op.create_index("ix_session_block_id", "session", ["block_id"], unique=False)
    op.create_index(
        "ix_session_lease",
        "session",
        ["lease_ends_at"],
        unique=False,
        sqlite_where=sa.text("state = 'started'"),
        postgresql_where=sa.text("state = 'started'"),
    )
    op.create_index(
        "uq_session_one_live",
        "session",
        ["enrolment_id"],
        unique=True,
        sqlite_where=sa.text("state = 'started'"),
        postgresql_where=sa.text("state = 'started'"),
    )
    op.create_table(
        "session_trial",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("class_order", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('practice', 'trials')", name=op.f("ck_session_trial_kind")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.id"],
            name=op.f("fk_session_trial_session_id_session"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["trial.id"],
            name=op.f("fk_session_trial_trial_id_trial"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_trial")),
        sa.UniqueConstraint(
            "session_id",
            "kind",
            "position",
            name=op.f("uq_session_trial_session_id_kind_position"),
        ),
        sa.UniqueConstraint(
            "session_id", "trial_id", name=op.f("uq_session_trial_session_id_trial_id")
        ),
        sa.UniqueConstraint("token", name=op.f("uq_session_trial_token")),
    )
    op.create_index(
        "ix_session_trial_trial_id", "session_trial", ["trial_id"], unique=False
    )
    op.create_table(
        "survey_response",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.id"],
            name=op.f("fk_survey_response_session_id_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_response")),
        sa.UniqueConstraint(
            "session_id", "field", name=op.f("uq_survey_response_session_id_field")
        ),
    )
    op.create_table(
        "response",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("session_trial_id", sa.Integer(), nullable=False),
        sa.Column("client_key", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("rt_ms", sa.Double(), nullable=True),
        sa.Column("is_right", sa.Boolean(), nullable=True),
        sa.Column("accepts", sa.Boolean(), nullable=True),
        sa.Column("n_display_failures", sa.Integer(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "n_display_failures >= 0", name=op.f("ck_response_n_display_failures")
        ),
        sa.CheckConstraint(
            "payload IS NOT NULL OR (n_display_failures > 0 AND is_right IS NULL AND accepts IS NULL)",
            name=op.f("ck_response_only_a_display_failure_is_empty"),
        ),
        sa.CheckConstraint("rt_ms >= 0", name=op.f("ck_response_rt_ms")),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.id"],
            name=op.f("fk_response_session_id_session"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["session_trial_id"],
            ["session_trial.id"],
            name=op.f("fk_response_session_trial_id_session_trial"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response")),
        sa.UniqueConstraint(
            "session_id", "client_key", name=op.f("uq_response_session_id_client_key")
        ),
        sa.UniqueConstraint(
            "session_trial_id", name=op.f("uq_response_session_trial_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "display_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at_ms", sa.Double(), nullable=True),
        sa.Column("slot", sa.String(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["response_id"],
            ["response.id"],
            name=op.f("fk_display_event_response_id_response"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_display_event")),
        sa.UniqueConstraint(
            "response_id", "number", name=op.f("uq_display_event_response_id_number")
        ),
    )


def downgrade() -> None:
    op.drop_table("display_event")
    op.drop_table("response")
    op.drop_table("survey_response")
    op.drop_index("ix_session_trial_trial_id", table_name="session_trial")
    op.drop_table("session_trial")
    op.drop_index(
        "uq_session_one_live",
        table_name="session",
        sqlite_where=sa.text("state = 'started'"),
        postgresql_where=sa.text("state = 'started'"),
    )
    op.drop_index(
        "ix_session_lease",
        table_name="session",
        sqlite_where=sa.text("state = 'started'"),
        postgresql_where=sa.text("state = 'started'"),
    )
    op.drop_index("ix_session_block_id", table_name="session")
    op.drop_table("session")
    op.drop_table("enrolment_source")
    op.drop_table("audit_response")
    op.drop_table("trial_source")
    op.drop_table("personal_link")
    op.drop_index(op.f("ix_enrolment_recruitment_id"), table_name="enrolment")
    op.drop_index("ix_enrolment_participant_id", table_name="enrolment")
    op.drop_index("ix_enrolment_environment", table_name="enrolment")
    op.drop_table("enrolment")
    op.drop_index(op.f("ix_block_trial_trial_id"), table_name="block_trial")
    op.drop_table("block_trial")
    op.drop_table("audit_trial")
    op.drop_index("ix_trial_role", table_name="trial")
    op.drop_table("trial")
    op.drop_table("study_class")
    op.drop_table("stimulus")
    op.drop_table("recruitment")
    op.drop_table("participant")
    op.drop_index(
        "ix_block_places",
        table_name="block",
        sqlite_where=sa.text("n_valid + n_reserved < n_wanted"),
        postgresql_where=sa.text("n_valid + n_reserved < n_wanted"),
    )
    op.drop_table("block")
    op.drop_index(op.f("ix_amendment_study_id"), table_name="amendment")
    op.drop_table("amendment")
    op.drop_table("worker")
    op.drop_table("user_account")
    op.drop_table("study")
