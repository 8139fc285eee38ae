"""The tables of the reviewers' desk: a database of its own, with no identities and no keys in it. Schema only.

A task is a random id and nothing else of whose it is: which recording it stands for is sealed on the household's side, and the
words are fetched through the vault's door each time and never kept here. Annotations lie here until they are handed over.
"""

from typing import Final

import sqlalchemy as sa

from earwitness.storage.household import ID, NUMBER, TIME

metadata: Final = sa.MetaData()

tasks: Final = sa.Table(
    "tasks",
    metadata,
    sa.Column("task_id", ID, primary_key=True),
    sa.Column("pseudonym", sa.Text, nullable=False, unique=True),
    sa.Column("week", sa.String(8), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.CheckConstraint("state IN ('open', 'done', 'withdrawn')", name="tasks_state"),
    sa.Index("tasks_by_state", "state"),
)
"""`week` is the week in which it was drawn, such as 2026-W10."""

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
"""What a reviewer judged, as JSON, until it is handed over to the household."""

reviewers: Final = sa.Table(
    "reviewers",
    metadata,
    sa.Column("reviewer", sa.Text, primary_key=True),
    sa.Column("passed_at", TIME),
    sa.Column("suspended_at", TIME),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
)
"""Who works here, by alias: whether they passed the test, and whether they are suspended, and why."""

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
