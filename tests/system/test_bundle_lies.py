"""Lies that somebody planted in a bundle, and made everything fit that can be made to fit: each found and named by its
verifier, as far as anything in it can tell. Its own copy of it, in a bare Python, says the same: shown with the first
lie, and wherever it is the copy that is lied about; more of that in `test_bundle_alone.py`."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools.auditing.places import Kept
from host_tools.exporting import dossier, incident, plain, texts
from host_tools.exporting.kept_files import read_kept, write_kept
from host_tools.exporting.signed_files import write_signed
from host_tools.journal_items import Signed
from host_tools.statements import statement
from host_tools.statements.keytext import key_text
from host_tools.store.rows import AnnotationRow
from host_tools.vouched import Vouched
from interlock.core import checkpoint, lms, records, settings
from interlock.core.layout import CRC_BYTES, HEAD_BYTES, chain_next
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER
from interlock.core.signer import Signer
from tests.core.flash import RamFlash
from tests.host.adversary import careful, flipped, kind_of, payload_of, taken_apart
from tests.host.exports import Force, edit, sum_anew
from tests.host.test_verify_command import NOW
from tests.system.bundles import findings, findings_here, here, run


def rewritten(folder: Path, serial: str, change: Callable[[list[bytes]], None]) -> None:
    """Somebody without the unit's keys changes its records, and everything in the bundle that has to fit them."""
    kept = read_kept(folder / "evidence", serial)
    pulled = taken_apart((folder / "evidence" / "journals" / f"{serial}.ilj").read_bytes())
    raws = list(pulled.raws)
    change(raws)
    forged = careful(pulled, raws)
    rows = []
    for row, raw, chain in zip(kept.stored.rows, forged.raws, forged.chains, strict=False):
        rows.append(row._replace(raw=raw, chain=chain, after=chain_next(chain, raw[:-CRC_BYTES])))
    heads = [head._replace(chain=forged.chains[head.following]) for head in kept.stored.heads]
    put(folder, kept._replace(stored=kept.stored._replace(rows=rows, heads=heads)))


def put(folder: Path, kept: Kept) -> None:
    write_kept(folder / "evidence", kept)
    sum_anew(folder)


def own_key(serial: str) -> Signer:
    """A signing key of the liar's."""
    signer = Signer(RamFlash(settings.SIGNER_SECTORS), 0)
    signer.generate(2, serial.encode().ljust(32))
    while signer.work(1 << 20):
        pass
    return signer


def test_a_flipped_bit_of_a_record(unpacked: Path) -> None:
    path = unpacked / "evidence" / "journals" / "H1.ilj"
    data = bytearray(path.read_bytes())
    data[400] ^= 1
    path.write_bytes(data)
    found = findings(unpacked)
    assert here(unpacked).stdout == run(unpacked / "verify.py").stdout
    assert found[0] == "evidence/journals/H1.ilj was altered: its SHA-256 is not the one in SHA256SUMS"
    assert any(line.startswith("H1: altered at record") for line in found)
    sum_anew(unpacked)
    again = findings_here(unpacked)
    assert not any("SHA-256" in line for line in again) and any(
        line.startswith("H1: altered at record") for line in again
    )


def test_a_record_made_anew_with_everything_that_needs_no_key(unpacked: Path) -> None:
    def later(raws: list[bytes]) -> None:
        raws[9] = flipped(raws[9], 3, 0x40)

    rewritten(unpacked, "H1", later)
    found = findings_here(unpacked)
    assert any("H1" in line and "checkpoint 0" in line and "signs another chain value" in line for line in found)
    assert any(line.startswith("H1: contradicted") or "chain value" in line for line in found)


def test_a_clock_that_was_set_to_another_time_afterwards(unpacked: Path) -> None:
    """The unit's record of being set says an hour less: so do all times that follow from it."""

    def an_hour_less(raws: list[bytes]) -> None:
        place = next(n for n, raw in enumerate(raws) if kind_of(raw) == records.CLOCK)
        fields = records.unpack(records.CLOCK, payload_of(raws[place]))
        payload = records.pack(records.CLOCK, *fields._replace(utc_ms=fields.utc_ms - 3_600_000))
        raw = raws[place]
        raws[place] = raw[:HEAD_BYTES] + payload + raw[HEAD_BYTES + len(payload) :]

    rewritten(unpacked, "H1", an_hour_less)
    found = findings_here(unpacked)
    assert any("H1" in line and "signs another chain value" in line for line in found)
    assert any("incident.json: uses[H1:9].began.utc_ms" in line for line in found)


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (
            ("uses", 0, "events", 2, "verdict"),
            "unwitnessed",
            'incident.json: uses[H1:9].events[H1:15].verdict: "unwitnessed" in the export, "before" recomputed',
        ),
        (
            ("uses", 0, "events", 2, "ground", "cited", 0, "sequence"),
            1,
            "incident.json: uses[H1:9].events[H1:15].ground.cited[0].sequence: 1 in the export",
        ),
        (
            ("units", 0, "fits", 0, "syncs"),
            9,
            "incident.json: units[H1].fits[",
        ),
        (("uses", 0, "began", "utc_ms"), 5, "incident.json: uses[H1:9].began.utc_ms: 5 in the export"),
        (("reference",), "H9:1", "cannot be checked: "),
        (("findings",), [{"serial": "C1", "name": "C1", "text": "altered"}], "incident.json: findings[C1]: {"),
    ],
)
def test_what_the_bundle_states_and_the_journals_do_not(
    unpacked: Path, place: tuple[str | int, ...], value: object, told: str
) -> None:
    edit(unpacked / "incident.json", (place, value))
    sum_anew(unpacked)
    (found,) = (text for text in findings_here(unpacked) if not text.startswith("README.txt does not say"))
    assert found.startswith(told), found


def test_a_signature_of_another_checkpoint(unpacked: Path) -> None:
    kept = read_kept(unpacked / "evidence", "C1")
    (only,) = kept.signed
    other = read_kept(unpacked / "evidence", "C2").signed[0]
    put(unpacked, kept._replace(signed=(only._replace(signature=other.signature),)))
    found = findings_here(unpacked)
    assert any(line.startswith("C1: ") and "signature is not good" in line for line in found)


def test_a_key_in_place_of_the_units(unpacked: Path) -> None:
    (unpacked / "evidence" / "keys" / "H1-1.pub").write_bytes(own_key("H1").public)
    sum_anew(unpacked)
    found = findings_here(unpacked)
    assert any(
        line.startswith("H1: checkpoint 0 is under") and "none of those that are vouched for" in line for line in found
    )


def signed_anew(folder: Path, serial: str) -> tuple[Kept, bytes]:
    """Whoever makes everything anew signs it, too: with a key of their own."""
    kept, signer = read_kept(folder / "evidence", serial), own_key(serial)
    said_before = checkpoint.unpack(kept.signed[0].message)
    assert said_before is not None
    chain = next(row.chain for row in kept.stored.rows if row.sequence == said_before.following)
    signer.sign(checkpoint.pack(said_before._replace(index=signer.take(None), chain=chain)))
    while signer.work(1 << 20):
        pass
    message, signature = signer.signed()
    assert lms.verify(signer.public, message, signature)
    return kept._replace(signed=(Signed(message, signature, signer.public),)), signer.public


def silenced(raws: list[bytes]) -> None:
    raws[3] = flipped(raws[3], 1, 0x40)


def test_a_whole_new_journal_under_a_new_key_is_found_by_a_key_from_elsewhere(
    force: Force, unpacked: Path, tmp_path: Path
) -> None:
    """Whoever makes everything anew, the key, too, is found only by what is not in the bundle: it says so itself."""
    rewritten(unpacked, "C2", silenced)
    kept, public = signed_anew(unpacked, "C2")
    (unpacked / "evidence" / "keys" / "C2-1.pub").write_bytes(public)
    put(unpacked, kept)
    key = tmp_path / "published.pub"
    key.write_bytes(force.units[2].signer.public)
    done = here(unpacked)
    assert "C2: " in done.stdout and "only this bundle says that it is the unit's" in done.stdout
    found = findings_here(unpacked, "--public-key", key)
    assert any("which you gave, is no unit's here" in line for line in found)


def test_a_second_key_that_signs_while_the_published_one_lies_there_unused(
    force: Force, unpacked: Path, tmp_path: Path
) -> None:
    kept, public = signed_anew(unpacked, "C2")
    (unpacked / "evidence" / "keys" / "C2-2.pub").write_bytes(public)
    write_signed(unpacked / "evidence", kept)
    put(unpacked, kept)
    key = tmp_path / "published.pub"
    key.write_bytes(force.units[2].signer.public)
    found = findings_here(unpacked, "--public-key", key)
    assert any(
        line.startswith("C2: checkpoint 0 is under") and "none of those that are vouched" in line for line in found
    )
    key.write_bytes(public)
    assert "is under" not in here(unpacked, "--public-key", key).stdout


def test_a_key_that_was_given_as_one_units_is_not_taken_for_anothers(
    force: Force, unpacked: Path, tmp_path: Path
) -> None:
    """The published key of C2 lies there as one of H1's, and C2 has one of the liar's."""
    kept, public = signed_anew(unpacked, "C2")
    keys = unpacked / "evidence" / "keys"
    (keys / "H1-2.pub").write_bytes((keys / "C2-1.pub").read_bytes())
    (keys / "C2-1.pub").write_bytes(public)
    write_signed(unpacked / "evidence", kept)
    put(unpacked, kept)
    given: list[str] = []
    for serial, unit in (("H1", force.weapon), ("C2", force.units[2])):
        path = tmp_path / f"{serial}.pub"
        path.write_bytes(unit.signer.public)
        given += ["--public-key", f"{serial}={path}"]
    assert any(line.endswith("which you gave as C2's, is not C2's here") for line in findings_here(unpacked, *given))


def test_a_unit_that_was_left_out(unpacked: Path) -> None:
    evidence = unpacked / "evidence"
    for name in ("journals/C1.ilj", "journals/C1.json"):
        (evidence / name).unlink()
    rows = json.loads((evidence / "units.json").read_bytes())
    (evidence / "units.json").write_text(json.dumps([row for row in rows if row["serial"] != "C1"]))
    sum_anew(unpacked)
    found = findings_here(unpacked)
    assert any("units[C1]" in line for line in found)


def test_a_statement_that_was_made_another(unpacked: Path) -> None:
    edit(unpacked / "evidence" / "annotations.json", ((0, "code"), "immediate_danger"))
    sum_anew(unpacked)
    found = findings_here(unpacked)
    assert any("H1:9: immediate_danger, by PC1: the signature does not fit: forged" in line for line in found)


def test_a_statement_that_nobody_made(unpacked: Path) -> None:
    edit(
        unpacked / "evidence" / "annotations.json",
        ((0, "signature"), None),
        ((0, "key"), None),
        ((0, "text"), "not a word of mine"),
    )
    sum_anew(unpacked)
    assert any("PC1" in line for line in findings_here(unpacked))


def test_a_page_that_says_something_else_is_not_vouched_for(unpacked: Path) -> None:
    """No bare Python draws the page anew: that is said, and what is compared follows."""
    (unpacked / "incident.html").write_text("<p>unwitnessed</p>")
    sum_anew(unpacked)
    done = here(unpacked).stdout
    assert "not shown  whether incident.html says what incident.json says" in done
    assert done.splitlines()[-2].startswith("The page incident.html was not compared.")


def test_a_readme_that_says_something_else(unpacked: Path) -> None:
    path = unpacked / "README.txt"
    path.write_bytes(path.read_bytes().replace(b"any camera: before", b"any camera: unwitnessed"))
    sum_anew(unpacked)
    assert findings_here(unpacked) == ["README.txt does not say what incident.json says"]


def test_signatures_that_were_taken_away_are_missed(unpacked: Path) -> None:
    """And the keys with them: then everything can be made anew, and that is said at the end."""
    assert "NOTHING IS SIGNED" not in here(unpacked).stdout
    evidence = unpacked / "evidence"
    for path in [*(evidence / "signed").iterdir(), *(evidence / "keys").iterdir()]:
        path.unlink()
    for serial in ("H1", "C1", "C2"):
        put(unpacked, read_kept(evidence, serial)._replace(signed=()))
    told = incident.facts(dossier.reckoned(dossier.Dossier(evidence)), "H1:9")
    (unpacked / "incident.json").write_bytes(plain.written(told))
    (unpacked / "README.txt").write_bytes(texts.bundle_readme(told, {}))
    sum_anew(unpacked)
    done = here(unpacked).stdout
    assert "NOTHING IS SIGNED in the journals of C1, C2, H1, by any key that is vouched for" in done
    assert (
        len(re.findall(r"not shown +\w\w: checkpoint 0 was taken \(record \d+\), and its signature is not here", done))
        == 3
    )


def test_a_verifier_that_was_changed(unpacked: Path) -> None:
    path = unpacked / "verifier" / "host_tools" / "judging" / "verdict.py"
    path.write_bytes(path.read_bytes() + b"\n")
    assert findings_here(unpacked) == [
        "verifier/host_tools/judging/verdict.py was altered: its SHA-256 is not the one in SHA256SUMS"
    ]


def test_files_that_were_added_or_taken_away(unpacked: Path) -> None:
    """Modules that are called as Python's own are not taken for them."""
    (unpacked / "incident.html").unlink()
    for place in ("json.py", "verifier/hashlib.py"):
        (unpacked / place).write_text("raise SystemExit(0)")
    assert findings_here(unpacked) == [
        "incident.html is missing, and SHA256SUMS lists it",
        "json.py is not listed in SHA256SUMS: it was put there",
        "verifier/hashlib.py is not listed in SHA256SUMS: it was put there",
    ]


def test_a_camera_that_was_taken_out_of_the_lists_and_whatever_else_was_put_there(unpacked: Path) -> None:
    evidence = unpacked / "evidence"
    rows = json.loads((evidence / "units.json").read_bytes())
    (evidence / "units.json").write_text(json.dumps([row for row in rows if row["serial"] != "C2"]))
    known = json.loads((evidence / "beside.json").read_bytes())
    del known["units"]["C2"]
    (evidence / "beside.json").write_text(json.dumps(known))
    for name in ("evidence/confession.txt", "evidence/signed/H1.7.msg", "__main__.pyc", "json/x.py"):
        (unpacked / name).parent.mkdir(exist_ok=True)
        (unpacked / name).write_text("x")
    sum_anew(unpacked)
    unread = {text.partition(" ")[0] for text in findings_here(unpacked) if "is no part of such an export" in text}
    assert unread == {
        *("evidence/confession.txt", "evidence/signed/H1.7.msg", "__main__.pyc", "json/x.py"),
        *("evidence/journals/C2.ilj", "evidence/journals/C2.json", "evidence/keys/C2-1.pub"),
        *("evidence/signed/C2.0.msg", "evidence/signed/C2.0.msg.sig"),
    }


@pytest.mark.parametrize("serial", ["C1", "H1"])
def test_a_unit_that_is_said_to_be_of_another_kind(unpacked: Path, serial: str) -> None:
    """Nothing that was signed says what it is but its records."""
    evidence, role = unpacked / "evidence", {"C1": ROLE_HOLSTER, "H1": ROLE_CAMERA}[serial]
    before = (unpacked / "incident.json").read_bytes()
    kept = read_kept(evidence, serial)
    number, _, name = kept.stored.identity
    write_kept(evidence, kept._replace(stored=kept.stored._replace(identity=(number, role, name))))
    rows = json.loads((evidence / "units.json").read_bytes())
    (evidence / "units.json").write_text(
        json.dumps([{**row, "role": role} if row["serial"] == serial else row for row in rows])
    )
    edit(evidence / "beside.json", (("units", serial, "role"), role))
    told = incident.facts(dossier.reckoned(dossier.Dossier(evidence)), "H1:9")
    (unpacked / "incident.json").write_bytes(plain.written(told))
    sum_anew(unpacked)
    events = [
        [event["verdict"] for use in facts["uses"] for event in use["events"]] for facts in (json.loads(before), told)
    ]
    assert events[0] == events[1] == ["before"] * 3
    done = here(unpacked)
    assert done.returncode == 1
    assert any(line.strip().startswith(f"FINDING  {serial}: it is said to be a") for line in done.stdout.splitlines())


def test_an_incident_that_says_one_thing_twice(unpacked: Path) -> None:
    path = unpacked / "incident.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"verdict": "before"', '"verdict": "unwitnessed", "verdict": "before"'))
    sum_anew(unpacked)
    done = here(unpacked)
    assert done.returncode != 0 and "'verdict' is there twice" in done.stdout + done.stderr


def test_an_invented_exemption_with_an_invented_second_person_is_only_the_bundles_word(unpacked: Path) -> None:
    evidence = unpacked / "evidence"
    keys = {by: Ed25519PrivateKey.generate() for by in ("SGT1", "INSP2")}
    raw = next(row.raw for row in read_kept(evidence, "H1").stored.rows if row.sequence == 15)
    record = statement.record_digest(raw)

    def signed(by: str, code: str, about: bytes | None) -> AnnotationRow:
        public = keys[by].public_key().public_bytes_raw()
        row = AnnotationRow("H1", 15, code, "at the door", by, NOW, record, about, public)
        return row._replace(signature=keys[by].sign(statement.encode(row)))

    said = signed("SGT1", "immediate_danger", None)
    rows = [said, signed("INSP2", "confirmed", statement.digest(said))]
    (evidence / "annotations.json").write_bytes(plain.written([plain.of_row(row) for row in rows]))
    people = {by: [plain.of_row(Vouched(key.public_key().public_bytes_raw()))] for by, key in keys.items()}
    edit(evidence / "beside.json", (("people",), people))
    told = incident.facts(dossier.reckoned(dossier.Dossier(evidence)), "H1:9")
    (unpacked / "incident.json").write_bytes(plain.written(told))
    sum_anew(unpacked)
    words = {by: f"{by}={key_text(key.public_key().public_bytes_raw())}" for by, key in keys.items()}
    shown = "H1:15: immediate_danger, by SGT1: signed, confirmed by INSP2"
    for given, state in (((), "note"), (("SGT1",), "note"), (("SGT1", "INSP2"), "ok")):
        options = [option for by in given for option in ("--person-key", words[by])]
        done = here(unpacked, *options)
        (line,) = (line.strip() for line in done.stdout.splitlines() if shown in line)
        assert line.startswith(state) and ("only this bundle says whose" in line) == (state == "note")
