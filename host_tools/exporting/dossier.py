"""The dossier: all that a report is made from, as files that anybody can read and check, and the report they amount to.

    SHA256SUMS          of every other file (`sha256sum -c SHA256SUMS`)
    README.txt          what this is, and how to check it
    FIGURES.md          how every figure is reckoned
    asked.json          for what the report was asked: made_ms, since_ms, until_ms, overdue_days
    beside.json         what is known beside journals: the force, its units, pairs, public keys of units and people
    annotations.json    all that people ever said of events, with signatures
    roster.json         who carried what, when
    units.json          serial, number, role, name of each unit
    journals/SERIAL.ilj the unit's journal as a journal file, with its checkpoints (firmware/JOURNAL.md);
                        SERIAL.2.ilj ...: other versions of it that the store holds
    journals/SERIAL.json what was noted with it (`kept_files.py`)
    keys/SERIAL-N.pub   public keys that the force vouches for (60 bytes: RFC 8554, 6.1)
    report.json         the report, reckoned from these files with public knowledge alone
    force_says.json     what the force's own report has that differs: its vault knows the seals' keys, too

The same store, and the same question, give the same bytes. `Dossier` reads it again as `asked.Holdings`; `recompute.py`
compares. A part of it is the evidence of a bundle (`bundle.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interlock.core import lms

from ..auditing.audit import Knowing
from ..auditing.examine import Known
from ..auditing.places import InFile
from ..journal_items import Header
from ..outcome import Exit, ToolError
from ..reporting.asked import Asked, Beside, Holdings, Named
from ..reporting.making import by_public_keys, make
from ..reporting.model import Report
from ..store.lines import StoredJournal
from ..store.rows import AnnotationRow, RosterRow, UnitRow
from ..verifying.checkpoints import Voucher
from ..vouched import Vouched
from . import files, plain
from .compare import claims
from .in_dossier import InDossier
from .kept_files import SERIAL, check_serial, read_kept, write_kept

if TYPE_CHECKING:
    from ..workers.executor import Executor

FORMAT = 1


@dataclass(frozen=True)
class Dossier:
    """A dossier in `folder`. It can be pickled; every method raises ToolError with advice when a file is not there, or
    not what it must be."""

    folder: Path

    def _json(self, name: str) -> Any:
        return plain.read(files.read(self.folder, name), name)

    def units(self) -> list[UnitRow]:
        """By serial."""
        found = plain.to_rows(UnitRow, self._json("units.json"), "units.json, unit")
        for row in found:
            check_serial(row.serial, "units.json")
        if [row.serial for row in found] != sorted({row.serial for row in found}):
            raise plain.wrong("units.json", "is not in order, or names a unit twice")
        return found

    def place(self, serial: str) -> InDossier:
        return InDossier(self.folder, serial)

    def journal(self, serial: str) -> StoredJournal:
        return read_kept(self.folder, serial).loaded().journal

    def annotations(self) -> list[AnnotationRow]:
        return plain.to_rows_as_is(AnnotationRow, self._json("annotations.json"), "annotations.json, annotation")

    def roster(self) -> list[RosterRow]:
        return plain.to_rows(RosterRow, self._json("roster.json"), "roster.json, row")

    @property
    def asked(self) -> Asked:
        return plain.to_row(Asked, self._json("asked.json"), "asked.json")

    @property
    def beside(self) -> Beside:
        """The keys of units are those in `keys/`."""
        found = self._json("beside.json")
        if not isinstance(found, dict) or set(found) != {"format", "force", "units", "pairs", "people", "is_part"}:
            raise plain.wrong("beside.json", "is not what an export has")
        if found["format"] != FORMAT:
            raise plain.wrong("beside.json", f"is of format {found['format']!r}; this program reads {FORMAT}")
        return Beside(
            plain.value_of(str | None, found["force"], "beside.json, force"),
            {
                check_serial(serial, "beside.json"): plain.to_row(Named, row, f"beside.json, {serial}")
                for serial, row in sorted(_members(found["units"], "units"))
            },
            None if found["pairs"] is None else _pairs(found["pairs"]),
            {
                person: tuple(plain.to_rows(Vouched, rows, f"beside.json, {person}"))
                for person, rows in sorted(_members(found["people"], "people"))
            },
            self._keys(),
            plain.value_of(bool, found["is_part"], "beside.json, is_part"),
        )

    def _keys(self) -> dict[str, tuple[bytes, ...]]:
        names = [name for name, _ in files.names_in(self.folder) if name.startswith("keys/")]
        found: dict[str, list[tuple[int, bytes]]] = {}
        for name in names:
            serial, _, number = name.removeprefix("keys/").removesuffix(".pub").rpartition("-")
            data = files.read(self.folder, name, lms.PUBLIC_BYTES)
            if not number.isascii() or not number.isdigit() or SERIAL.fullmatch(serial) is None:
                raise plain.wrong(name, "is called as no key of a unit is")
            if len(data) != lms.PUBLIC_BYTES:
                raise plain.wrong(name, "is no public key of a unit")
            found.setdefault(serial, []).append((int(number), data))
        return {serial: tuple(key for _, key in sorted(numbered)) for serial, numbered in sorted(found.items())}

    @property
    def report_json(self) -> Any:
        return self._json("report.json")

    @property
    def force_says(self) -> Any:
        """As of `said_by_force`."""
        return self._json("force_says.json")


def _members(found: Any, what: str) -> Iterable[tuple[str, Any]]:
    if not isinstance(found, dict):
        raise plain.wrong("beside.json", f"has no {what}")
    return found.items()


def _pairs(found: Any) -> tuple[tuple[str, str], ...]:
    pairs = [tuple(plain.list_of(pair, "beside.json, pair")) for pair in plain.list_of(found, "beside.json, pairs")]
    if any(len(pair) != 2 for pair in pairs):
        raise plain.wrong("beside.json", "has a pair that is none")
    return tuple((check_serial(a, "beside.json"), check_serial(b, "beside.json")) for a, b in pairs)


class PublicKnowledge:
    """What anybody knows of units who has what the force published. `given`: keys that whoever asks had from
    elsewhere."""

    def __init__(self, beside: Beside, given: Iterable[bytes] = ()) -> None:
        self._published = by_public_keys(beside)
        self._given = tuple(given)

    def of(self, header: Header | None) -> Known:
        published = self._published(header)
        keys: dict[bytes, Voucher] = dict.fromkeys(self._given, "given")
        if not keys.keys() & published.signing_keys.keys():
            keys |= {key: voucher for key, voucher in published.signing_keys.items() if key not in keys}
        return Known(signing_keys=keys, identity=published.identity)


def reckoned(dossier: Dossier, executor: "Executor | None" = None) -> Report:
    """The report that the dossier's files amount to, whoever reads them."""
    beside = dossier.beside
    return make(dossier, beside, dossier.asked, executor, knowing=PublicKnowledge(beside).of)


def write(
    folder: Path,
    holdings: Holdings,
    beside: Beside,
    asked: Asked,
    knowing: Knowing | None = None,
    executor: "Executor | None" = None,
) -> Report:
    """The dossier of all that is held, in a new or empty folder; the report that is in it. `knowing`: the force's own
    keys, by which its own report is reckoned of the very same files, whatever is pulled meanwhile; None: it has no
    others than it published; `executor`: whose workers reckon. ToolError when something cannot be read or written."""
    from . import texts  # which no verifier needs

    with files.made_whole(folder) as fresh:
        write_evidence(fresh, holdings, beside, asked)
        public = reckoned(Dossier(fresh), executor)
        facts = public.plain()
        own = None if knowing is None else make(Dossier(fresh), beside, asked, executor, knowing=knowing)
        files.write(fresh, "report.json", plain.written(facts))
        files.write(fresh, "force_says.json", plain.written(said_by_force(own, facts)))
        for name, text in (("README.txt", texts.dossier_readme()), ("FIGURES.md", texts.figures())):
            files.write(fresh, name, text)
        files.write_sums(fresh)
    return public


def write_evidence(folder: Path, holdings: Holdings, beside: Beside, asked: Asked) -> None:
    """The files that a report is made from, without any report."""
    units = sorted(holdings.units())
    for row in units:
        place = holdings.place(row.serial)
        if isinstance(place, InFile):
            raise ToolError(f"{row.serial} is a file, and no unit of a store", "Import it first: interlock import.")
        write_kept(folder, place.kept())
    known = {
        "format": FORMAT,
        "force": beside.force,
        "units": {serial: plain.of_row(named) for serial, named in beside.units.items()},
        "pairs": None if beside.pairs is None else sorted(beside.pairs),
        "people": {person: [plain.of_row(key) for key in keys] for person, keys in beside.people.items()},
        "is_part": beside.is_part,
    }
    for name, value in (
        ("asked.json", plain.of_row(asked)),
        ("beside.json", known),
        ("units.json", [plain.of_row(row) for row in units]),
        ("annotations.json", [plain.of_row_as_is(row) for row in holdings.annotations()]),
        ("roster.json", [plain.of_row(row) for row in sorted(holdings.roster())]),
    ):
        files.write(folder, name, plain.written(value))
    for serial, keys in beside.keys.items():
        for number, key in enumerate(keys, 1):
            files.write(folder, f"keys/{check_serial(serial, 'the vault')}-{number}.pub", key)


def said_by_force(report: Report | None, public: dict[str, Any]) -> dict[str, Any]:
    """What the force's own report has that is not in the one that anybody can reckon: claims, which these files do not
    prove. `findings`: in full; `figures`: of the headline and the units' journals, by their place in report.json."""
    if report is None:
        return {"has_report": False, "findings": [], "figures": []}
    own = report.plain()
    parts = ("headline", "units")
    return {
        "has_report": True,
        "findings": [finding for finding in own["findings"] if finding not in public["findings"]],
        "figures": claims({part: public[part] for part in parts}, {part: own[part] for part in parts}),
    }


def check(folder: Path) -> None:
    """ToolError when this is no dossier."""
    if not (folder / "beside.json").is_file():
        raise ToolError(
            f"{folder} is no export of a report's journals",
            "Make one: interlock export --audit DIR; or name the folder of an unpacked bundle.",
            Exit.USAGE,
        )
