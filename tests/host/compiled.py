"""SQL that was compiled for one store, for all stores of this process: tests open thousands, each with an engine of its
own, and a tenth of their time went into compiling the same statements anew."""

from typing import Any


class Statements(dict[Any, Any]):
    """A `compiled_cache` of SQLAlchemy's for many engines. Its keys begin with the engine's own dialect; here with the
    kind of dialect, so that what was compiled for one database is never sent to another.
    (`tests/canary/test_sqlalchemy.py`)"""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get(_shared(key), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        super().__setitem__(_shared(key), compiled)


def _shared(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return (type(key[0]), *key[1:])
