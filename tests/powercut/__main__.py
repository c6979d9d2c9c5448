"""What the sweeps go through, as tables: `python -m tests.powercut`. They fail here as they do in `make test-deep`."""

from .catalogue import NAMES, story_of
from .key_mutants import OF_KEYS
from .mutants import OF_RECORDS, found
from .sweep import fail_each, fail_each_read, quick, single, sweep, thorough


def main() -> None:
    print(f"{'story':24}{'operations':>11}{'cuts':>7}{'in recovery':>12}{'failures':>9}{'unread':>8}   records lost")
    for name in NAMES:
        story = story_of(name)
        once = sweep(name, story, [thorough])
        again = sweep(name, story, [quick, single], in_recovery=True, stride=2)
        failed = fail_each(name, story, quick)
        unread = fail_each_read(name, story, stride=3)
        counts = f"{once.points:11}{once.cuts:7}{again.plans:12}{failed.cuts:9}{unread.cuts:8}"
        print(f"{name:24}{counts}   0")
    caught = 0
    mutants = OF_RECORDS + OF_KEYS
    for mutant in mutants:
        by = found(mutant)
        caught += by is not None
        print(f"{mutant.what:84}{'not caught' if by is None else f'{mutant.name}: {by}'[:110]}")
    print(f"caught: {caught} of {len(mutants)}")


if __name__ == "__main__":
    main()
