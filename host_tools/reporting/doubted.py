"""From where on a journal proves nothing: whoever altered it, or told another story, may have written what is there."""

from collections.abc import Iterable

from ..journal_file import Altered as AlteredFile
from ..journal_file import Verdict
from ..verifying.outcomes import Altered, Cloned, Contradicted, Outcome, RolledBack


def doubted_from(outcomes: Iterable[Outcome]) -> int | None:
    """The first record that is altered, or that something contradicts; None: there is none. Where the place is not
    known it is the first of all."""
    found: list[int] = []
    for outcome in outcomes:
        if isinstance(outcome, (Altered, Contradicted)):
            found.append(outcome.first or 0)
        elif isinstance(outcome, RolledBack):
            found.append(outcome.since or 0)
        elif isinstance(outcome, Cloned):
            found.append(0)
    return min(found, default=None)


def doubted_in(verdict: Verdict) -> int | None:
    """The same of a journal file by itself."""
    return (verdict.sequence or 0) if isinstance(verdict, AlteredFile) else None
