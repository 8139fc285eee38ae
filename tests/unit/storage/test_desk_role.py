"""The role of the reviewers' desk on a real PostgreSQL: with its credentials nothing of the household can be read or made."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.build.review_service import check_alone
from earwitness.domain.errors import SettingsError, StorageError
from earwitness.storage.database import Chain, Database
from earwitness.storage.desk_role import make_role, role_statements
from tests.postgres import Postgres

PASSWORD = "p" * 24
HOUSEHOLD: tuple[Chain, ...] = ("household", "keys", "ledger")


def test_a_role_reaches_its_own_database_alone(postgres: Postgres, tmp_path: Path) -> None:
    with postgres.database() as household:
        for chain in HOUSEHOLD:
            Database(household, chain=chain).close()
        other = str(sa.make_url(household).database)
        statements = role_statements("earwitness_review", password=PASSWORD, others=(other,))
        make_role(household, statements)
        mine = sa.make_url(household).set(username="earwitness_review", password=PASSWORD)
        try:
            desk = Database(mine.set(database="earwitness_review").render_as_string(hide_password=False), chain="desk")
            check_alone(desk)
            with desk.reading() as connection:
                able = "SELECT datname FROM pg_database WHERE has_database_privilege(current_user, datname, 'CONNECT')"
                assert other not in set(connection.execute(sa.text(able)).scalars())
                mighty = (
                    "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
                )
                assert connection.execute(sa.text(mighty)).scalar() is False
                member = "SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole"
                assert connection.execute(sa.text(member)).scalar() == 0
            desk.close()
            with pytest.raises(StorageError):
                Database(mine.set(database=other).render_as_string(hide_password=False), chain="household")
        finally:
            make_role(household, ("DROP DATABASE earwitness_review WITH (FORCE)", "DROP ROLE earwitness_review"))


def test_even_where_the_role_may_connect_it_reads_no_table_of_the_household(postgres: Postgres) -> None:
    """As where `--household` was not given: PostgreSQL lets every role connect to every database at first."""
    with postgres.database() as household:
        for chain in HOUSEHOLD:
            Database(household, chain=chain).close()
        make_role(household, role_statements("earwitness_review", password=PASSWORD))
        engine = sa.create_engine(sa.make_url(household).set(username="earwitness_review", password=PASSWORD))
        try:
            with engine.connect() as connection:
                tables = sa.inspect(connection).get_table_names()
                assert {"people", "review_items", "turns", "person_keys"} & set(tables)
                for table in tables:
                    readable = sa.text("SELECT has_table_privilege(:name, 'SELECT, INSERT, UPDATE, DELETE')")
                    assert connection.execute(readable, {"name": table}).scalar() is False, table
                assert connection.execute(sa.text("SELECT has_schema_privilege('public', 'CREATE')")).scalar() is False
        finally:
            engine.dispose()
            make_role(household, ("DROP DATABASE earwitness_review WITH (FORCE)", "DROP ROLE earwitness_review"))


def test_a_service_does_not_work_with_the_households_database_or_as_an_administrator(postgres: Postgres) -> None:
    with postgres.database() as shared:
        desk = Database(shared, chain="desk")
        with pytest.raises(SettingsError, match="every database"):
            check_alone(desk)
        desk.close()


@pytest.mark.parametrize(("name", "password"), [("Robert'); DROP", PASSWORD), ("fine", "short"), ("fine", "' OR 1=1 --" * 3)])
def test_a_name_or_password_that_is_no_plain_word_is_refused(name: str, password: str) -> None:
    with pytest.raises(SettingsError):
        role_statements(name, password=password)
