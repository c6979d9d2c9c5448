"""Work shared out, or done here: with an executor (`executor.py`) by its workers, without one in this process,
where nothing but the standard library is needed. What comes back is the same."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from .executor import Executor

T = TypeVar("T")
R = TypeVar("R")


def shared(function: Callable[[T], R], items: Iterable[T], executor: "Executor | None") -> Iterator[tuple[T, R]]:
    """Each item with what `function` makes of it, in any order. `function`: found by its module and name. The first
    that fails ends it: ToolError."""
    if executor is None:
        for item in items:
            yield item, function(item)
        return
    from .executor import Failed

    for item, outcome in executor.map_unordered(function, items):
        if isinstance(outcome, Failed):
            raise outcome.error()
        yield item, outcome.result


def in_order(
    function: Callable[[T], R],
    items: Sequence[T],
    executor: "Executor | None",
    done: Callable[[T], None] = lambda _: None,
    weight: Callable[[T], int] = lambda _: 0,
) -> list[R]:
    """What `function` makes of each, in their order. `done`: told of each as it is; `weight`: the heaviest are begun
    first, so that the last one is short."""
    places = sorted(range(len(items)), key=lambda place: -weight(items[place])) if executor else range(len(items))
    if executor is None:
        found = []
        for item in items:
            found.append(function(item))
            done(item)
        return found
    results: dict[int, R] = {}
    for (place, _, item), result in shared(_numbered, [(place, function, items[place]) for place in places], executor):
        results[place] = result
        done(item)
    return [results[place] for place in range(len(items))]


def _numbered(work: tuple[int, Callable[[T], R], T]) -> R:
    _, function, item = work
    return function(item)
