"""What the store remembers of a unit beside the main line of its records, as outcomes. `store/lines.py` finds it; here
the vault's keys decide whether another version of the journal is the unit's own."""

from collections.abc import Sequence
from io import BytesIO

from .. import journal_file
from ..journal_file import Header
from ..store.lines import StoredJournal
from ..verifying.found import Walked
from ..verifying.outcomes import Altered, Contradicted, Outcome, RolledBack
from ..verifying.seals import Keys
from ..verifying.walk import walk


def told_by(journal: StoredJournal, walked: Walked, seal_keys: Sequence[bytes]) -> list[Outcome]:
    """`walked`: the main line."""
    found: list[Outcome] = []
    seen = {fault.sequence for fault in (walked.fault, walked.seal_fault) if fault is not None}
    for segment in journal.segments:
        verdict = segment.verdict
        if isinstance(verdict, journal_file.Altered) and verdict.sequence not in seen:
            found.append(Altered(verdict.sequence, verdict.sequence, None, "store", verdict.reason))
    own = _own_versions(journal, seal_keys)
    for outcome in journal.told:
        if isinstance(outcome, Contradicted) and own and walked.held_by(min(own)) == "sealed":
            found.append(
                RolledBack(min(own), f"{outcome.witness}, and more than one is sealed with the unit's own key")
            )
        else:
            found.append(outcome)
    return found


def _own_versions(journal: StoredJournal, seal_keys: Sequence[bytes]) -> list[int]:
    """Where other versions of the journal begin to differ whose seals are the unit's."""
    found = []
    for branch in journal.branches:
        if not seal_keys or not branch.records:
            continue
        header = Header(
            journal.header.role, journal.header.unit, journal.header.serial,
            branch.records[0].sequence, branch.chain, branch.epoch,
        )  # fmt: skip
        walked = walk(BytesIO(journal_file.write(header, branch.records)), Keys(seal_keys))
        if walked.held_by(branch.begins) == "sealed":
            found.append(branch.begins)
    return found
