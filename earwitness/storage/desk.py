"""The tables of the reviewers' desk: a database of its own, with no identities and no keys in it. Schema only.

A task is a random id and nothing else of whose it is: which recording it stands for is sealed on the household's side, and the
words are fetched through the vault's door each time and never kept here; nor is what a reviewer judges: what stays of it is
counts, and values out of fixed lists. The words of gold tasks are made up by a lead.
"""

from typing import Final

import sqlalchemy as sa

from earwitness.storage.household import ID, NUMBER, TIME

LOCK: Final = 0x4445534B
"""The number by which writers of the desk wait for each other on PostgreSQL."""
metadata: Final = sa.MetaData()

tasks: Final = sa.Table(
    "tasks",
    metadata,
    sa.Column("task_id", ID, primary_key=True),
    sa.Column("pseudonym", sa.Text, nullable=False, unique=True),
    sa.Column("week", sa.String(8), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("wanted", sa.Integer, nullable=False, server_default="1"),
    sa.Column("place", NUMBER, nullable=False, server_default="0"),
    sa.Column("disputed_at", TIME),
    sa.Column("is_disturbing", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("made_up", ID),
    sa.CheckConstraint("state IN ('open', 'done', 'withdrawn')", name="tasks_state"),
    sa.Index("tasks_by_state", "state"),
    sa.Index("tasks_by_place", "state", "place"),
)
"""`week` is the week in which it was drawn, such as 2026-W10. `wanted` is how many are to judge it, `place` a random number by
which tasks are handed out; `disputed_at` is since when it waits for the lead; `is_disturbing` says that somebody flagged it.
`made_up` is the gold task that it stands for, if it is none of anybody's."""

leases: Final = sa.Table(
    "leases",
    metadata,
    sa.Column("lease_id", ID, primary_key=True),
    sa.Column("task_id", ID, sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("reviewer", sa.Text, nullable=False),
    sa.Column("sign_in", ID, nullable=False),
    sa.Column("begun_at", TIME, nullable=False),
    sa.Column("ends_at", TIME, nullable=False),
    sa.Column("ended_at", TIME),
    sa.Column("how", sa.Text),
    sa.Column("opened", sa.Integer, nullable=False, server_default="0"),
    sa.Index("leases_of_reviewer", "reviewer", "begun_at"),
)
"""One reviewer's short right to one task, in one sign-in. `opened` counts how often its words were fetched."""

annotations: Final = sa.Table(
    "annotations",
    metadata,
    sa.Column("annotation_id", ID, primary_key=True),
    sa.Column("task_id", ID, sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("reviewer", sa.Text, nullable=False),
    sa.Column("made_at", TIME, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
"""Judgements lay here until they were handed over; now none does, and rows of before go with their task."""

reviewers: Final = sa.Table(
    "reviewers",
    metadata,
    sa.Column("reviewer", sa.Text, primary_key=True),
    sa.Column("passed_at", TIME),
    sa.Column("suspended_at", TIME),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("read_version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("is_sheltered", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("pardoned_up_to", NUMBER, nullable=False, server_default="0"),
)
"""Who works here, by alias: whether they passed the test, and whether they are suspended, and why; which version of the
guidelines they read, whether they want nothing that was flagged as disturbing, and up to which number of `access` nothing counts
against them any more."""

access: Final = sa.Table(
    "access",
    metadata,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("at", TIME, nullable=False),
    sa.Column("reviewer", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("task_id", ID),
    sa.Index("access_of_reviewer", "reviewer", "number"),
    sqlite_autoincrement=True,
)
"""Everything that a reviewer did, for the rules of conduct."""

suspensions: Final = sa.Table(
    "suspensions",
    metadata,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("reviewer", sa.Text, nullable=False, index=True),
    sa.Column("at", TIME, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("up_to", NUMBER, nullable=False),
    sa.Column("ended_at", TIME),
    sa.Column("ended_by", sa.Text),
    sa.Column("ended_why", sa.Text),
    sqlite_autoincrement=True,
)
"""Every suspension, with the number of `access` that it came after, and how it ended."""

guidelines: Final = sa.Table(
    "guidelines",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("made_at", TIME, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
"""Versions of the guidelines that a lead wrote, as JSON; version 1 is the package's and is not here."""

papers: Final = sa.Table(
    "papers",
    metadata,
    sa.Column("paper_id", ID, primary_key=True),
    sa.Column("reviewer", sa.Text, nullable=False),
    sa.Column("begun_at", TIME, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("handed_in_at", TIME),
    sa.Column("is_passed", sa.Boolean),
    sa.Index("papers_of_reviewer", "reviewer", "begun_at"),
)
"""Tests that reviewers took: `body` is which questions, and in which order their choices."""

golds: Final = sa.Table(
    "golds",
    metadata,
    sa.Column("gold_id", ID, primary_key=True),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", TIME, nullable=False),
    sa.Column("is_canary", sa.Boolean, nullable=False),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("retired_at", TIME),
)
"""Tasks that a lead made up, with the known answer; both as JSON. Nobody ever said them."""

gold_answers: Final = sa.Table(
    "gold_answers",
    metadata,
    sa.Column("lease_id", ID, primary_key=True),
    sa.Column("gold_id", ID, nullable=False, index=True),
    sa.Column("reviewer", sa.Text, nullable=False),
    sa.Column("at", TIME, nullable=False),
    sa.Column("has_words", sa.Boolean, nullable=False),
    sa.Column("has_intent", sa.Boolean, nullable=False),
    sa.Column("has_slots", sa.Boolean, nullable=False),
    sa.Column("has_labels", sa.Boolean, nullable=False),
    sa.Index("gold_answers_of_reviewer", "reviewer", "at"),
)
"""What a reviewer had right of a gold task."""

judgements: Final = sa.Table(
    "judgements",
    metadata,
    sa.Column("annotation_id", ID, primary_key=True),
    sa.Column("task_id", ID, sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("reviewer", sa.Text, nullable=False),
    sa.Column("at", TIME, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("intent", sa.Text),
    sa.Column("labels", sa.Text, nullable=False),
    sa.Column("settled", sa.Text, nullable=False),
    sa.Index("judgements_of_reviewer", "reviewer", "at"),
    sa.Index("judgements_by_time", "at"),
)
"""Of each judgement what is out of a fixed list: the intent, if it is one that is known here, and the labels. No word of it."""

comparisons: Final = sa.Table(
    "comparisons",
    metadata,
    sa.Column("annotation_id", ID, primary_key=True),
    sa.Column("other_id", ID, primary_key=True),
    sa.Column("task_id", ID, sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("at", TIME, nullable=False),
    sa.Column("reviewer", sa.Text, nullable=False),
    sa.Column("other", sa.Text, nullable=False),
    sa.Column("is_lead", sa.Boolean, nullable=False),
    sa.Column("word_errors", sa.Integer, nullable=False),
    sa.Column("words", TIME, nullable=False),
    sa.Column("is_same_intent", sa.Boolean, nullable=False),
    sa.Column("is_same_slots", sa.Boolean, nullable=False),
    sa.Column("is_same_labels", sa.Boolean, nullable=False),
    sa.Index("comparisons_by_time", "at"),
)
"""Two judgements of one task side by side, in counts; `is_lead` says that the first is the lead's decision."""

canaries: Final = sa.Table(
    "canaries",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("made_at", TIME, nullable=False),
)
"""SHA-256 of the ids of leases that were never given to anybody: whoever asks for one has it from this database."""
