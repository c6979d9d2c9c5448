"""The texts that go along with an export: for whoever opens it years later, and has never heard of us."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..reporting.times import utc_text
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

It names every field that differs. What it cannot tell: whether all units of the force are here (units.json says which
are), and whether SHA256SUMS and the keys are the ones that were published: compare them with what you were given
elsewhere.
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

Events
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
                       stands beside the verdict and changes none.
  The force            vouches that the keys in evidence/keys are the units' and that those of people are theirs; says
                       which camera is whose, what units are called, who pulled their journals and when; and alone can
                       check the seals of records behind the last signature (force_says.json has what it says). Those
                       are claims; the first of them ends where you have a key from elsewhere.

HOW TO CHECK IT
  1. By itself         unpack into an empty folder, and there: python3 -I verify.py    (or: python3 -I FILE.zip)
                       Python 3.11 or newer, no network. With a key that you had from elsewhere:
                       python3 -I verify.py --public-key H1-1.pub
                       Exit code 0: all fits, and nothing is found; 1: findings; 2: it cannot be checked.
  2. By hand           sha256sum -c SHA256SUMS. Then a signature with any tool for HSS/LMS (RFC 8554), such as hsslms of
                       pyhsslms, in evidence/signed: hsslms verify ../keys/{signer}-1 {signer}.0.msg
                       What is signed, and how to follow the chain from there through the records of a journal, is in
                       firmware/JOURNAL.md of the published source; host_tools/FIGURES.md there says how times and
                       verdicts are reckoned. Both are short enough to be programmed anew.
  3. With the program  interlock report --recompute FOLDER, from the published source, on a computer that you trust.

  verify.py is part of the bundle: whoever could change one could change both. If that matters, compare the files in
  verifier/ with the published source, byte for byte, or take the third way.

WHAT IT DOES NOT PROVE
  - What happened. A sensor tells of a contact, an acceleration, a button: not why, and not who held the weapon.
  - What the video shows, or that it exists still: only that the camera's own recording signal was on.
  - Who an officer was: the assignment is as strong as the sign-in at the unit.
  - Times to the millisecond: each has its interval (95 %). Verdicts rest on the order in which units heard each other
    and on certain bounds, never on these intervals alone.
  - What was written behind the last checkpoint, against somebody who had the unit's memory in their hands and whose
    change no other unit's journal contradicts. verify.py names each record that a verdict rests on and no signature
    covers.
  - That nothing is missing that nobody ever journalled: a unit without power writes nothing.
"""


def dossier_readme() -> bytes:
    return _DOSSIER.encode()


def figures() -> bytes:
    """How every figure is reckoned."""
    if not _FIGURES.is_file():
        return b"This copy of the program came without FIGURES.md: it is in the published source, in host_tools/.\n"
    return _FIGURES.read_bytes()


def bundle_readme(told: Mapping[str, Any], keys: Mapping[str, Sequence[bytes]]) -> bytes:
    """`told`: as in incident.json."""
    events = [
        f"  {event['reference']}  {event['event']}, {event['at']['text']}: {event['verdict']} ({event['reason']})"
        for use in told["uses"]
        for event in use["events"]
    ]
    units = [
        f"  {unit['serial']}  {unit['name']}, {unit['role']}, {unit['records']} records: "
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
