"""What the sweeps go through, as tables: `python -m tests.powercut`. What fails is told by its id."""

from .catalogue import NAMES, story_of
from .key_mutants import OF_KEYS
from .mutants import OF_RECORDS, found
from .sweep import fail_each, fail_each_read, quick, single, sweep, thorough


def tallies(name: str) -> str:
    """Of one story: operations that are cut, cuts with all tears, two cuts, operations and reads that fail."""
    story = story_of(name)
    once = sweep(name, story, [thorough])
    again = sweep(name, story, [quick, single], in_recovery=True, stride=2)
    failed = fail_each(name, story, quick)
    unread = fail_each_read(name, story, stride=3)
    return f"{once.points:11}{once.cuts:7}{again.plans:12}{failed.cuts:9}{unread.cuts:8}"


def main() -> None:
    print(f"{'story':24}{'operations':>11}{'cuts':>7}{'in recovery':>12}{'failures':>9}{'unread':>8}")
    broken = 0
    for name in NAMES:
        try:
            told = tallies(name)
        except AssertionError as error:
            broken += 1
            told = f"  {error}"
        print(f"{name:24}{told}")
    print(f"broken promises: {broken}")
    mutants = OF_RECORDS + OF_KEYS
    caught = 0
    for mutant in mutants:
        by = found(mutant)
        caught += by is not None
        print(f"{mutant.what:84}{'not caught' if by is None else f'{mutant.name}: {by}'[:110]}")
    print(f"caught: {caught} of {len(mutants)}")


if __name__ == "__main__":
    main()
