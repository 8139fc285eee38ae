"""Alembic's entry: runs the revisions of one chain on the connection that `storage.database` hands over."""

from alembic import context

attributes = context.config.attributes
context.configure(connection=attributes["connection"], version_table=attributes["version_table"], transactional_ddl=True)
context.run_migrations()
