"""The texts that go along with an export: for whoever opens it years later, and has never heard of us."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..time_words import utc_text
from .fingerprints import fingerprint

_FIGURES = Path(__file__).parent.parent / "FIGURES.md"

_DOSSIER = """\
THE REPORT AND ALL THAT IT IS MADE FROM

Weapon and camera units keep journals: for every draw, arming and discharge of a weapon they tell whether video was
running before it. This folder holds those journals as the units wrote them, what is known beside them, and the report
that follows. Everything is text (JSON) but for the journals (.ilj) and public keys (.pub).

  SHA256SUMS             of every other file: sha256sum -c SHA256SUMS
  report.json            the report: every number in it can be reckoned again from the other files
  FIGURES.md             how each number is reckoned, from records to the headline
  journals/SERIAL.ilj    a unit's journal, verbatim, with the checkpoints that it signed (firmware/JOURNAL.md)
  journals/SERIAL.N.ilj  another version of it that the store holds, if it told two stories
  journals/SERIAL.json   when and by whom the records came, ends that the unit stated, who did what with it (custody);
                         the additions' numbers, and chain values as they were stored, by stretches of records
  units.json             the units, beside.json what the force knows of them, of its people and pairs
  annotations.json       what people said of events, with their signatures; roster.json who carried what
  asked.json             moment and limits of the report
  keys/SERIAL-N.pub      public keys of the units (60 bytes: HSS of RFC 8554, 6.1)
  force_says.json        what the force's own report has beyond this. Its vault holds the seals' secret keys: with
                         them it can tell of records behind the last signature whether they were changed. Claims, not
                         proofs.

Make it again, without any store:   interlock report --recompute FOLDER
Each journal by itself:             interlock verify FOLDER/journals/SERIAL.ilj --public-key FOLDER/keys/SERIAL-1.pub

It names the first 20 fields that differ, how many more there are, and files that it does not read. A field that only
one of the two reports has differs, too: compare with the version of the program that wrote them. What it cannot tell:
whether all units of the force are here (units.json says which are; of others that beside.json knows the report says
that they were never pulled, also where they were left out of the export on purpose), and whether SHA256SUMS and the
keys are the ones that were published: compare them with what you were given elsewhere.
"""

_BUNDLE = """\
EVIDENCE OF THE INCIDENT {reference}
for the court's expert

What this is. {force} uses weapons and cameras with small computers, *units*. A weapon's unit tells cameras by radio
when the weapon is drawn, armed and discharged; each unit writes what happens into a journal of its own. This bundle
holds the journals of the units listed below, up to when they were read, and what follows from them: for each event,
whether a camera was recording before it. No pictures are in it. It was reckoned on {made}.

  incident.html        to be read; incident.json: the same as values, and what verify.py compares
  evidence/            journals and what is known beside them: all that incident.json follows from
  evidence/signed/     messages and signatures of the units' checkpoints; evidence/keys/ their public keys
  evidence/journals/   SERIAL.ilj: records verbatim and signed checkpoints; SERIAL.json: custody (who pulled it)
  verify.py, verifier/ a program that checks all of it; Python text, nothing hidden, nothing to install
  SHA256SUMS           of every other file

Events, by any camera that may have recorded, and by the officer's own
{events}

Units, and the fingerprints of their public keys: how `sha256sum evidence/keys/SERIAL-1.pub` begins
{units}

WHO PROVES WHAT
  Record after record  each record carries a check value and is chained to the one before by SHA-256: a change shows
                       from there on, unless whoever changed it computed all that follows anew.
  The unit's signature a *checkpoint* signs the chain with the unit's own key (LMS, RFC 8554), which never leaves the
                       unit: what is before the last checkpoint cannot be computed anew. This holds as far as the key
                       is the unit's: compare its fingerprint with the one that was published when it was set up.
  Other units          journal the beginnings of each other's chains: a changed journal does not fit theirs.
  People               what somebody said of an event bears their own signature (Ed25519), where it says *signed*. It
                       stands beside the verdict and changes none. Whose key it is only this bundle says: whoever makes
                       a bundle can make people, too. Compare keys (ILK1-...) with what the force published.
  The force            vouches that the keys in evidence/keys are the units' and that those of people are theirs; says
                       which camera is whose, what units are called, who pulled their journals and when; and alone can
                       check the seals of records behind the last signature (force_says.json has what it says). Those
                       are claims; the first of them ends where you have a key from elsewhere.

HOW TO CHECK IT
  1. By itself         unpack into an empty folder, and there: python3 -I verify.py
                       Python 3.11 or newer, no network. With keys that you had from elsewhere:
                       python3 -I verify.py --public-key H1=H1-1.pub --person-key PC1=ILK1-...
                       (python3 -I FILE.zip does the same, if you trust whoever gave you the file: Python would run a
                       compiled __main__.pyc in it first.)
                       Exit code 0: all fits, and nothing is found; 1: findings; 2: it cannot be checked.
  2. By hand           sha256sum -c SHA256SUMS. Then a signature with any tool for HSS/LMS (RFC 8554), such as hsslms of
                       pyhsslms, in evidence/signed: hsslms verify ../keys/{signer}-1 {signer}.0.msg
                       What is signed, and how to follow the chain from there through the records of a journal, is in
                       firmware/JOURNAL.md of the published source; host_tools/FIGURES.md there says how times and
                       verdicts are reckoned. Both are short enough to be programmed anew.
  3. With the program  interlock report --recompute FOLDER, from the published source, on a computer that you trust.

  verify.py is part of the bundle: whoever could change one could change both. If that matters, take the third way, or
  compare: verify.py is host_tools/exporting/run_alone.py of the published source, and `diff -r` of verifier/ with it
  must find no file that is only in verifier/, and none that differs. verify.py runs what SHA256SUMS lists there, as
  text, and nothing that was compiled. incident.html is not compared: only the third way draws it anew (--out PAGES).

WHAT IT DOES NOT PROVE
  - What happened. A sensor tells of a contact, an acceleration, a button: not why, and not who held the weapon.
  - What the video shows, or that it exists still: only that the camera's own recording signal was on. A camera in
    radio range is not a camera that faced the scene: *any camera* counts only as having recorded at that time.
  - Who an officer was: the assignment is as strong as the sign-in at the unit.
  - Times to the millisecond: each has its interval (95 %). Verdicts rest on the order in which units heard each other
    and on certain bounds, never on these intervals alone.
  - What was written behind the last checkpoint, against whoever had the journal, in the unit, a store or this bundle,
    and whose change no other unit's journal contradicts. verify.py names each record that a verdict rests on and no
    signature covers.
  - That nothing is missing that nobody ever journalled: a unit without power writes nothing.
"""


def dossier_readme() -> bytes:
    return _DOSSIER.encode()


def figures() -> bytes:
    """How every figure is reckoned."""
    if not _FIGURES.is_file():
        return b"This copy of the program came without FIGURES.md: it is in the published source, in host_tools/.\n"
    return _FIGURES.read_bytes()


def _event(event: Mapping[str, Any]) -> Iterator[str]:
    """What it was, and both verdicts: whose camera it is that shows it makes the difference."""
    camera = f", {event['camera']}" if event["camera"] else ""
    far = ", which did not hear the weapon in this use" if event["in_touch"] is False else ""
    own = f", {event['own_camera']}" if event["own_camera"] else ""
    doubt = ", not confirmed by its pick-up" if event["confirmed"] is False else ""
    yield f"  {event['reference']}  {event['event']}{doubt}, {event['at']['text']}"
    yield f"      any camera: {event['verdict']}{camera}{far} ({event['reason']})"
    yield f"      own camera: {event['own_verdict']}{own} ({event['own_reason']})"


def _records(unit: Mapping[str, Any]) -> str:
    if unit["journal"] == "not pulled":
        return "never pulled"
    return "1 record" if unit["records"] == 1 else f"{unit['records']} records"


def bundle_readme(told: Mapping[str, Any], keys: Mapping[str, Sequence[bytes]]) -> bytes:
    """`told`: as in incident.json."""
    events = [line for use in told["uses"] for event in use["events"] for line in _event(event)]
    units = [
        f"  {unit['serial']}  {unit['name']}, {unit['role']}, {_records(unit)}: "
        + (", ".join(fingerprint(key) for key in keys.get(unit["serial"], ())) or "no key that the force vouches for")
        for unit in told["units"]
    ]
    return _BUNDLE.format(
        reference=told["reference"],
        signer=next((serial for serial in (unit["serial"] for unit in told["units"]) if serial in keys), "SERIAL"),
        force=told["force"] or "A force",
        made=utc_text(told["made_utc_ms"]),
        events="\n".join(events),
        units="\n".join(units),
    ).encode("utf-8", "backslashreplace")
