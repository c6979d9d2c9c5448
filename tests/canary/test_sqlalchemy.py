"""What tests take of SQLAlchemy's cache of compiled statements (`tests/host/compiled.py`): where it changes, this says
so first."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, event, literal, select
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from tests.host.compiled import Statements


class OtherCompiler(SQLiteCompiler):
    def visit_select(self, *args: object, **options: object) -> str:
        return super().visit_select(*args, **options) + " /* other */"  # type: ignore[no-untyped-call, no-any-return]


class Other(SQLiteDialect_pysqlite):
    """Another database's SQL, as far as this can tell."""

    supports_statement_cache = True
    statement_compiler = OtherCompiler


registry.register("sqlite.other", __name__, "Other")


@pytest.fixture
def shared() -> Statements:
    return Statements()


@pytest.fixture
def engines(shared: Statements) -> Iterator[list[Engine]]:
    """Two of one dialect, then one of another."""
    made = [
        create_engine(url, execution_options={"compiled_cache": shared})
        for url in ("sqlite://",) * 2 + ("sqlite+other://",)
    ]
    yield made
    for engine in made:
        engine.dispose()


def twice(engine: Engine, number: int) -> tuple[int, str]:
    """(what the database makes of it, the SQL that was sent for that)"""
    sent: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: sent.append(told[2]))
    with engine.connect() as connection:
        found = connection.execute(select(literal(number) * 2)).scalar_one()
    return found, sent[0]


def test_engines_of_one_dialect_share_what_was_compiled_and_each_has_its_own_numbers(
    shared: Statements, engines: list[Engine]
) -> None:
    first, second, _ = engines
    assert first.dialect is not second.dialect
    found, sql = twice(first, 2)
    (kept,) = shared.values()
    assert twice(second, 3) == (6, sql) and found == 4
    assert list(shared.values()) == [kept], "compiled once"


def test_what_was_compiled_for_one_dialect_is_never_sent_to_another(shared: Statements, engines: list[Engine]) -> None:
    one, _, other = engines
    for engine, is_other in ((one, False), (other, True), (one, False)):
        found, sql = twice(engine, 2)
        assert found == 4 and sql.endswith("/* other */") == is_other, sql
    assert {key[0] for key in shared} == {type(engine.dialect) for engine in engines} and len(shared) == 2
