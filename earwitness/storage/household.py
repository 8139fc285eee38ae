"""The tables of the household's database. Schema only; each room reads and writes its own tables.

What people said is in `turns.sealed`, encrypted by the vault; nothing else here holds words that were spoken, but the names
and texts of alerts and the items of lists, which people asked to have kept. Times are seconds since 1970 in UTC.
"""

from typing import Final

import sqlalchemy as sa

metadata: Final = sa.MetaData()
ID: Final = sa.String(32)
"""A random id: 32 hexadecimal digits."""
NUMBER: Final[sa.types.TypeEngine[int]] = sa.BigInteger().with_variant(sa.Integer, "sqlite")
NAME: Final[sa.types.TypeEngine[str]] = sa.Text().with_variant(sa.Text(collation="NOCASE"), "sqlite")
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL, "sqlite")

alerts: Final = sa.Table(
    "alerts",
    metadata,
    sa.Column("alert_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("text", sa.Text, nullable=False, server_default=""),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), index=True),
    sa.Column("area", sa.Text),
    sa.Column("device_id", sa.Text),
    sa.Column("place", sa.Text, nullable=False, server_default="house"),
    sa.Column("sound", sa.Text, nullable=False, server_default="tone"),
    sa.Column("is_rising", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("must_acknowledge", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_on", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("total_seconds", TIME),
    sa.Column("remaining_seconds", TIME),
    sa.Column("skipped_until", TIME),
    sa.Column("handled_until", TIME),
    sa.Column("due_at", TIME),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
    sa.CheckConstraint("kind IN ('timer', 'alarm', 'reminder', 'routine')", name="alerts_kind"),
    sa.CheckConstraint("place IN ('house', 'room', 'device')", name="alerts_place"),
    sa.CheckConstraint("due_at IS NULL OR remaining_seconds IS NULL", name="alerts_due_unless_paused"),
    sa.CheckConstraint("(kind = 'timer') = (total_seconds IS NOT NULL)", name="alerts_timers_last"),
    sa.CheckConstraint("total_seconds > 0", name="alerts_last"),
    sa.Index("alerts_due", "due_at"),
)
"""What rings, and when next. `rule` is JSON, read by `links/alerts.py` alone."""

rings: Final = sa.Table(
    "rings",
    metadata,
    sa.Column("alert_id", sa.Text, primary_key=True),
    sa.Column("due_at", TIME, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("rings_at", TIME, nullable=False),
    sa.Column("sounded_at", TIME),
    sa.Column("ended_at", TIME),
    sa.Column("outcome", sa.Text),
    sa.Column("repeats", sa.Integer, nullable=False, server_default="0"),
    sa.Column("times", sa.Integer, nullable=False, server_default="1"),
    sa.CheckConstraint("state IN ('ringing', 'snoozed', 'missed', 'over')", name="rings_state"),
    sa.CheckConstraint("(state = 'over') = (ended_at IS NOT NULL)", name="rings_end_once_over"),
    sa.Index("rings_open", "state", "rings_at"),
)
"""Occurrences of alerts that became due, each once. They outlive their alert for a while: a satellite may tell late of one."""

lists: Final = sa.Table("lists", metadata, sa.Column("name", NAME, primary_key=True))

items: Final = sa.Table(
    "items",
    metadata,
    sa.Column("item_id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("list_name", NAME, sa.ForeignKey("lists.name", ondelete="CASCADE"), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("is_complete", sa.Integer, nullable=False, server_default="0"),
    sa.Column("added_at", TIME, nullable=False),
    sa.CheckConstraint("text != ''", name="items_text"),
    sa.CheckConstraint("is_complete IN (0, 1)", name="items_is_complete"),
    sa.Index("items_of_list", "list_name", "item_id"),
    sqlite_autoincrement=True,
)

people: Final = sa.Table(
    "people",
    metadata,
    sa.Column("person_id", ID, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),
    sa.Column("alias", sa.Text, nullable=False, unique=True),
    sa.Column("passphrase_hash", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("restricted_at", TIME),
    sa.Column("saw_listens_at", TIME, nullable=False, server_default="0"),
    sa.Column("is_told_aloud", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("role", sa.Text, nullable=False, server_default="adult"),
    sa.Column("guardian_id", ID),
    sa.Column("suspended_at", TIME),
    sa.Column("totp_secret", sa.Text),
    sa.Column("totp_confirmed_at", TIME),
    sa.Column("totp_step", NUMBER, nullable=False, server_default="0"),
)

sign_ins: Final = sa.Table(
    "sign_ins",
    metadata,
    sa.Column("token_digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("sign_in_id", ID, nullable=False, unique=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("expires_at", TIME, nullable=False),
    sa.Column("seen_at", TIME, nullable=False),
    sa.Column("confirmed_at", TIME, nullable=False),
    sa.Column("way", sa.Text, nullable=False),
    sa.Column("program", sa.Text, nullable=False, server_default=""),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
)

passkeys: Final = sa.Table(
    "passkeys",
    metadata,
    sa.Column("credential_id", sa.LargeBinary, primary_key=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("uses", NUMBER, nullable=False, server_default="0"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("used_at", TIME),
)

recovery_codes: Final = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("code_digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False, index=True),
)

account_log: Final = sa.Table(
    "account_log",
    metadata,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", TIME, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.Column("program", sa.Text, nullable=False, server_default=""),
    sa.Index("account_log_of_person", "person_id", "number"),
    sqlite_autoincrement=True,
)

tokens: Final = sa.Table(
    "tokens",
    metadata,
    sa.Column("token_digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("token_id", ID, nullable=False, unique=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("expires_at", TIME, nullable=False),
    sa.Column("used_at", TIME),
)

invitations: Final = sa.Table(
    "invitations",
    metadata,
    sa.Column("invitation_id", ID, primary_key=True),
    sa.Column("code_digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("made_by", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("guardian_id", ID),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("expires_at", TIME, nullable=False),
)
"""Who may make an account; a row goes when it is used, taken back or too old, so that none is good twice."""

household: Final = sa.Table(
    "household",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
"""What the owner chose at the first start, each value as JSON: the home's name, rooms, wake word, voice."""

devices: Final = sa.Table(
    "devices",
    metadata,
    sa.Column("device_id", ID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),
    sa.Column("area", sa.Text),
    sa.Column("voice", sa.Text),
    sa.Column("key_digest", sa.LargeBinary(32), unique=True),
    sa.Column("certificate_ends_at", TIME),
    sa.Column("place", sa.Text),
    sa.Column("secret", sa.Text),
    sa.Column("paired_at", TIME, nullable=False),
    sa.Column("paired_by", ID),
    sa.Column("seen_at", TIME),
    sa.Column("is_muted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_mute_wished", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("revoked_at", TIME),
    sa.CheckConstraint("kind IN ('satellite', 'wyoming', 'esphome')", name="devices_kind"),
)
"""Satellites. `key_digest` is the SHA-256 of the public key (SubjectPublicKeyInfo); `place` is host:port and `secret` the
encryption key of a foreign satellite that we connect to."""

device_log: Final = sa.Table(
    "device_log",
    metadata,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("device_id", ID),
    sa.Column("at", TIME, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Index("device_log_of_device", "device_id", "number"),
    sqlite_autoincrement=True,
)
"""What happened to satellites and to the pairing; `device_id` is null for a device that is none of ours."""

remotes: Final = sa.Table(
    "remotes",
    metadata,
    sa.Column("remote_id", ID, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("public_key", sa.Text, nullable=False, unique=True),
    sa.Column("address", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", TIME, nullable=False),
)
"""The phones that may come in through WireGuard; their private keys are handed out once and never kept."""

revocations: Final = sa.Table(
    "revocations",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("revoked_id", sa.Text, primary_key=True),
    sa.Column("revoked_at", TIME, nullable=False),
    sa.CheckConstraint("kind IN ('phone', 'token', 'passkey', 'link', 'contact', 'message')", name="revocations_kind"),
)
"""What was revoked or deleted and is in its own table no more, so that no older backup brings it again: its id, and of a passkey
the SHA-256 of that. A satellite that was revoked stays in `devices`."""

consents: Final = sa.Table(
    "consents",
    metadata,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("decision_id", ID, nullable=False, unique=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("is_given", sa.Boolean, nullable=False),
    sa.Column("is_objection", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("retention_seconds", TIME),
    sa.Column("keeps", sa.Text),
    sa.Column("way", sa.Text, nullable=False),
    sa.Column("text_version", sa.Integer, nullable=False),
    sa.Column("text_digest", sa.String(64), nullable=False),
    sa.Column("decided_at", TIME, nullable=False),
    sa.Column("position", NUMBER),
    sa.Index("consents_of_person", "person_id", "purpose", "number"),
    sqlite_autoincrement=True,
)

_UNCONFIRMED: Final = sa.text("kept_position IS NULL")

turns: Final = sa.Table(
    "turns",
    metadata,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("turn_id", ID, nullable=False, unique=True),
    sa.Column("person_id", ID, nullable=False),
    sa.Column("person_key_id", ID, nullable=False),
    sa.Column("began_at", TIME, nullable=False),
    sa.Column("expires_at", TIME, nullable=False, index=True),
    sa.Column("audio_seconds", TIME, nullable=False, server_default="0"),
    sa.Column("audio_bytes", NUMBER, nullable=False, server_default="0"),
    sa.Column("is_restricted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("kept_position", NUMBER),
    sa.Column("judged_at", TIME),
    sa.Index("turns_of_key", "person_key_id", "number"),
    sa.Index("turns_of_key_by_time", "person_key_id", "began_at"),
    sa.Index("turns_unconfirmed", "began_at", sqlite_where=_UNCONFIRMED, postgresql_where=_UNCONFIRMED),
    sqlite_autoincrement=True,
)

terms: Final = sa.Table(
    "terms",
    metadata,
    sa.Column("term", sa.LargeBinary(8), primary_key=True),
    sa.Column("turn_number", NUMBER, sa.ForeignKey("turns.number", ondelete="CASCADE"), primary_key=True),
    sa.Index("terms_of_turn", "turn_number"),
    sqlite_with_rowid=False,
)

_UNCLOSED: Final = sa.text("closed_position IS NULL AND medium = 'audio'")

reads: Final = sa.Table(
    "reads",
    metadata,
    sa.Column("read_id", ID, primary_key=True),
    sa.Column("person_id", ID, nullable=False),
    sa.Column("turn_id", ID),
    sa.Column("actor_id", sa.Text, nullable=False),
    sa.Column("actor_alias", sa.Text, nullable=False),
    sa.Column("actor_role", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("medium", sa.Text, nullable=False),
    sa.Column("recordings", sa.Integer, nullable=False),
    sa.Column("opened_at", TIME, nullable=False),
    sa.Column("opened_position", NUMBER, nullable=False),
    sa.Column("closed_at", TIME),
    sa.Column("closed_position", NUMBER),
    sa.Column("seconds", TIME, nullable=False, server_default="0"),
    sa.Column("ranges", sa.Text, nullable=False, server_default="[]"),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("shown_from", TIME),
    sa.Index("reads_of_person", "person_id", "opened_at"),
    sa.Index("reads_by_time", "opened_at"),
    sa.Index("reads_of_turn", "turn_id"),
    sa.Index("reads_unclosed", "opened_at", sqlite_where=_UNCLOSED, postgresql_where=_UNCLOSED),
)

enabled_skills: Final = sa.Table(
    "enabled_skills",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("enabled_at", TIME, nullable=False),
    sa.Column("enabled_by", sa.Text, nullable=False),
)

skill_memory: Final = sa.Table(
    "skill_memory",
    metadata,
    sa.Column("skill", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

routines: Final = sa.Table(
    "routines",
    metadata,
    sa.Column("routine_id", ID, primary_key=True),
    sa.Column("trigger_kind", sa.Text, nullable=False),
    sa.Column("trigger_fields", sa.Text, nullable=False),
    sa.Column("steps", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), index=True),
    sa.Column("area", sa.Text),
    sa.Column("device_id", sa.Text),
    sa.Column("is_once", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_on", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint("trigger_kind IN ('phrase', 'time', 'state')", name="routines_trigger_kind"),
)

quiet: Final = sa.Table(
    "quiet",
    metadata,
    sa.Column("area", sa.Text, primary_key=True),
    sa.Column("device_id", sa.Text, primary_key=True),
    sa.Column("until", TIME),
)
"""Where nobody wants to be disturbed: a room in lower case, a satellite that stands in none, or the house if both are empty."""

synced_calendars: Final = sa.Table(
    "synced_calendars",
    metadata,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", NAME, nullable=False, server_default=""),
    sa.Column("is_ours", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("agreed_at", TIME),
    sa.CheckConstraint("kind IN ('list', 'lists', 'reminder', 'alarm')", name="synced_calendars_kind"),
)
"""Calendars of a server that hold what this house has too. `name` is that of the list; empty where all lists are in one."""

bonds: Final = sa.Table(
    "bonds",
    metadata,
    sa.Column("href", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, sa.ForeignKey("synced_calendars.path", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("uid", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("thing_id", sa.Text, nullable=False),
    sa.Column("etag", sa.Text, nullable=False, server_default=""),
    sa.Column("salt", sa.LargeBinary(16), nullable=False),
    sa.Column("base", sa.Text, nullable=False),
    sa.Column("noted_at", TIME),
    sa.UniqueConstraint("kind", "thing_id", name="bonds_thing"),
    sa.CheckConstraint("kind IN ('item', 'reminder', 'alarm')", name="bonds_kind"),
)
"""Which thing on the server is which here. `base` has digests of what both sides last agreed on, as JSON: nobody's words."""
