"""A bundle checks itself: in a bare Python, in an empty place, with nothing of ours installed. And lies that somebody
planted in it are each found and named, as far as anything in it can tell."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from host_tools.exporting import bundle, files, unpacking
from host_tools.exporting.kept_files import read_kept, write_kept
from host_tools.journal_items import Signed
from host_tools.reporting.asked import Beside
from host_tools.verifying.places import Kept
from interlock.core import checkpoint, lms, records, settings
from interlock.core.layout import CRC_BYTES, HEAD_BYTES, chain_next
from interlock.core.signer import Signer
from tests.core.flash import RamFlash
from tests.host.adversary import careful, flipped, kind_of, payload_of, taken_apart
from tests.host.exports import ASKED, Force, edit, said, sum_anew

SHOWN = "H1:9"
ROOT = Path(__file__).parent.parent.parent
FIRST_SHIFT = ROOT / "simulator" / "scenarios" / "first_shift.toml"


def pythons() -> Iterator[str]:
    """Of other versions, as far as they are on this machine: on the path, or kept by pyenv."""
    for minor in range(11, 16):
        found = shutil.which(f"python3.{minor}")
        if found is not None and "shims" not in Path(found).parts:
            yield found
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from (str(path) for path in sorted(kept.glob("3.*/bin/python3")))


def version_of(python: str) -> tuple[int, int]:
    done = subprocess.run(
        [python, "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    )
    major, minor = done.stdout.split()
    return int(major), int(minor)


def by_version() -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    for python in pythons():
        found.setdefault(version_of(python), python)
    return found


def run(what: Path, *arguments: str | Path, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """As a stranger would: no site, no environment, in a folder with nothing else in it."""
    where = what.parent / "empty"
    where.mkdir(exist_ok=True)
    words = [python, "-I", "-S", str(what), *map(str, arguments)]
    return subprocess.run(words, cwd=where, env={"PATH": ""}, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def force(tmp_path_factory: pytest.TempPathFactory) -> Force:
    """Not to be changed."""
    return Force(tmp_path_factory.mktemp("force") / "home" / "journals.sqlite")


@pytest.fixture(scope="module")
def packed(force: Force) -> Path:
    """A bundle with a statement that is signed by somebody whom the force vouches for."""
    store = force.open()
    _, vouched = said(store, "H1", 9, "PC1")
    store.close()
    known = force.beside
    beside = Beside(known.force, known.units, known.pairs, {"PC1": (vouched,)}, known.keys)
    path = force.place.parent / "H1-9.zip"
    bundle.write(path, SHOWN, force.holdings, beside, ASKED)
    return path


@pytest.fixture
def unpacked(packed: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    unpacking.unpack(packed, folder)
    return folder


def findings(folder: Path, *arguments: str | Path) -> list[str]:
    done = run(folder / "verify.py", *arguments)
    assert done.stderr == "" and done.returncode in (0, 1), done.stderr
    found = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("FINDING")]
    assert bool(found) == (done.returncode == 1)
    assert ("THE BUNDLE IS NOT WHAT IT SAYS IT IS" in done.stdout) == bool(found)
    return [line.removeprefix("FINDING").strip() for line in found]


# What is true is found true.


def test_a_bare_python_checks_the_bundle_in_its_folder_and_as_a_file(packed: Path, unpacked: Path) -> None:
    before = dict(files.names_in(unpacked))
    for what in (unpacked / "verify.py", packed):
        done = run(what)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        assert "The bundle is what it says it is, and nothing is found" in done.stdout
        assert "H1:15 discharge" in done.stdout and "training, by PC1: signed" in done.stdout
        assert "every field of incident.json is what follows" in done.stdout
    assert dict(files.names_in(unpacked)) == before  # nothing is left in it


def test_what_is_installed_or_lies_about_is_not_taken_for_its_own(packed: Path, unpacked: Path, tmp_path: Path) -> None:
    """Without -I and -S, too: modules of the same names are elsewhere, in the way."""
    for name in ("host_tools", "interlock", "json", "hashlib"):
        for place in (tmp_path / "installed", unpacked.parent / "cwd"):
            (place / name).mkdir(parents=True)
            (place / name / "__init__.py").write_text("raise SystemExit(0)")
    for what in (unpacked / "verify.py", packed):
        done = subprocess.run(
            [sys.executable, str(what)], cwd=unpacked.parent / "cwd", env={"PYTHONPATH": str(tmp_path / "installed")},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0 and "The bundle is what it says it is" in done.stdout, done.stderr


def test_it_runs_in_every_python_from_3_11_on_that_is_here(unpacked: Path) -> None:
    found = {version: python for version, python in by_version().items() if version >= (3, 11)}
    if not set(found) - {sys.version_info[:2]}:
        pytest.skip("no other Python from 3.11 on is on this machine")
    said_by = {}
    for version, python in found.items():
        done = run(unpacked / "verify.py", python=python)
        assert (done.returncode, done.stderr) == (0, ""), (version, done.stderr)
        said_by[version] = done.stdout
    assert len(set(said_by.values())) == 1, "they do not say the same"


def test_an_older_python_says_what_is_needed(unpacked: Path) -> None:
    old = {version: python for version, python in by_version().items() if (3, 0) <= version < (3, 11)}
    if not old:
        pytest.skip("no Python before 3.11 is on this machine")
    for python in old.values():
        done = run(unpacked / "verify.py", python=python)
        assert done.returncode == 2 and "needs Python 3.11" in done.stderr and "Traceback" not in done.stderr


def test_nothing_but_the_bundle_is_imported(unpacked: Path) -> None:
    """Modules come from Python itself and from `verifier/`; no socket is opened."""
    probe = (
        "import runpy, socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('network')\n"
        "socket.socket.connect = socket.create_connection = refuse\n"
        "sys.argv = ['verify.py']\n"
        "try: runpy.run_path('bundle/verify.py', run_name='__main__')\n"
        "except SystemExit as end: print('code', end.code)\n"
        "for name, module in sorted(sys.modules.items()):\n"
        "    place = getattr(module, '__file__', None) or ''\n"
        "    if name.partition('.')[0] not in (*sys.stdlib_module_names, '__main__'): print('from', name, place)\n"
    )
    words = [sys.executable, "-I", "-S", "-c", probe]
    done = subprocess.run(words, cwd=unpacked.parent, env={}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "code 0" in done.stdout, done.stderr
    taken = [line.split() for line in done.stdout.splitlines() if line.startswith("from ")]
    assert len(taken) > 60
    assert all(place.startswith(str(unpacked / "verifier")) for _, _, place in taken), taken


def test_a_published_key_is_told_from_one_that_only_the_bundle_has(
    force: Force, unpacked: Path, tmp_path: Path
) -> None:
    key = tmp_path / "published.pub"
    key.write_bytes(force.weapon.signer.public)
    done = run(unpacked / "verify.py", "--public-key", key)
    assert done.returncode == 0 and done.stdout.count("which is one that you gave") == 1
    assert done.stdout.count("only this bundle says") == 2
    key.write_bytes(b"no key")
    assert run(unpacked / "verify.py", "--public-key", key).returncode == 2


@pytest.mark.deep
def test_the_bundle_of_a_simulated_shift_is_checked_as_well(tmp_path: Path) -> None:
    """Real firmware in virtual units, a vault, and the commands that people type."""
    play = [sys.executable, "-c", "from host_tools.cli import main; main()"]
    home = tmp_path / "home"
    words = ["simulate", str(FIRST_SHIFT), "--seed", "1", "--out", str(home)]
    subprocess.run([*play, *words], cwd=ROOT, capture_output=True, check=True, timeout=600)
    made = [*play, "--home", str(home), "export", "H1:88", "--bundle", str(tmp_path / "b.zip")]
    subprocess.run(made, cwd=ROOT, capture_output=True, check=True, timeout=300)
    done = run(tmp_path / "b.zip", "--public-key", home / "vault" / "public" / "H1-1.pub")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "H1:88 draw" in done.stdout and "unwitnessed" in done.stdout and "one that you gave" in done.stdout


@pytest.mark.parametrize("serial", ["H1", "C1", "C2"])
def test_somebody_elses_tool_verifies_what_the_unit_signed(unpacked: Path, serial: str) -> None:
    """As the README says: `hsslms verify` of pyhsslms."""
    tool = [sys.executable, "-c", "from pyhsslms.hsslms import main; main()", "verify"]
    words = [*tool, f"../keys/{serial}-1", f"{serial}.0.msg"]
    where = unpacked / "evidence" / "signed"
    done = subprocess.run(words, cwd=where, capture_output=True, text=True, timeout=60)
    assert "valid" in done.stdout.lower() and "not valid" not in done.stdout.lower(), done.stdout + done.stderr
    assert "hsslms verify ../keys/H1-1 H1.0.msg" in (unpacked / "README.txt").read_text(encoding="utf-8")
    (where / f"{serial}.0.msg").write_bytes(b"another message")
    assert subprocess.run(words, cwd=where, capture_output=True, text=True, timeout=60).stdout != done.stdout
    sum_anew(unpacked)
    assert findings(unpacked) == [f"{serial}: signed/{serial}.0.msg is not what the unit's journal has"]


def test_each_record_that_a_verdict_rests_on_and_nobody_signed_is_named(force: Force, tmp_path: Path) -> None:
    """Of the last use nothing is signed yet, of the first all of it."""
    bundle.write(tmp_path / "b.zip", "H1:49", force.holdings, force.beside, ASKED)
    done = run(tmp_path / "b.zip")
    assert done.returncode == 0, done.stdout + done.stderr
    bare = [line for line in done.stdout.splitlines() if "no signature covers" in line]
    assert [line.split()[2] for line in bare] == ["H1:49:", "H1:50:", "H1:51:"]
    assert "H1:51" in bare[2].split("covers")[1]
    bundle.write(tmp_path / "b.zip", SHOWN, force.holdings, force.beside, ASKED)
    assert "no signature covers" not in run(tmp_path / "b.zip").stdout


# Lies.


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
    assert found[0] == "evidence/journals/H1.ilj was altered: its SHA-256 is not the one in SHA256SUMS"
    assert any(line.startswith("H1: altered at record") for line in found)
    sum_anew(unpacked)
    again = findings(unpacked)
    assert not any("SHA-256" in line for line in again) and any(
        line.startswith("H1: altered at record") for line in again
    )


def test_a_record_made_anew_with_everything_that_needs_no_key(unpacked: Path) -> None:
    def later(raws: list[bytes]) -> None:
        raws[9] = flipped(raws[9], 3, 0x40)

    rewritten(unpacked, "H1", later)
    found = findings(unpacked)
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
    found = findings(unpacked)
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
    (found,) = findings(unpacked)
    assert found.startswith(told), found


def test_a_signature_of_another_checkpoint(unpacked: Path) -> None:
    kept = read_kept(unpacked / "evidence", "C1")
    (only,) = kept.signed
    other = read_kept(unpacked / "evidence", "C2").signed[0]
    put(unpacked, kept._replace(signed=(only._replace(signature=other.signature),)))
    found = findings(unpacked)
    assert any(line.startswith("C1: ") and "signature is not good" in line for line in found)


def test_a_key_in_place_of_the_units(unpacked: Path) -> None:
    (unpacked / "evidence" / "keys" / "H1-1.pub").write_bytes(own_key("H1").public)
    sum_anew(unpacked)
    found = findings(unpacked)
    assert any(
        line.startswith("H1: checkpoint 0 is under") and "none of those that are vouched for" in line for line in found
    )


def test_a_whole_new_journal_under_a_new_key_is_found_by_a_key_from_elsewhere(
    force: Force, unpacked: Path, tmp_path: Path
) -> None:
    """Whoever makes everything anew, the key, too, is found only by what is not in the bundle: it says so itself."""

    def silenced(raws: list[bytes]) -> None:
        raws[3] = flipped(raws[3], 1, 0x40)

    rewritten(unpacked, "C2", silenced)
    kept, signer = read_kept(unpacked / "evidence", "C2"), own_key("C2")
    said_before = checkpoint.unpack(kept.signed[0].message)
    assert said_before is not None
    chain = next(row.chain for row in kept.stored.rows if row.sequence == said_before.following)
    signer.sign(checkpoint.pack(said_before._replace(index=signer.take(None), chain=chain)))
    while signer.work(1 << 20):
        pass
    message, signature = signer.signed()
    assert lms.verify(signer.public, message, signature)
    (unpacked / "evidence" / "keys" / "C2-1.pub").write_bytes(signer.public)
    put(unpacked, kept._replace(signed=(Signed(message, signature, signer.public),)))
    key = tmp_path / "published.pub"
    key.write_bytes(force.units[2].signer.public)
    done = run(unpacked / "verify.py")
    assert "C2: " in done.stdout and "only this bundle says that it is the unit's" in done.stdout
    found = findings(unpacked, "--public-key", key)
    assert any("which you gave, is no unit's here" in line for line in found)


def test_a_unit_that_was_left_out(unpacked: Path) -> None:
    evidence = unpacked / "evidence"
    for name in ("journals/C1.ilj", "journals/C1.json"):
        (evidence / name).unlink()
    rows = json.loads((evidence / "units.json").read_bytes())
    (evidence / "units.json").write_text(json.dumps([row for row in rows if row["serial"] != "C1"]))
    sum_anew(unpacked)
    found = findings(unpacked)
    assert any("units[C1]" in line for line in found)


def test_a_statement_that_was_made_another(unpacked: Path) -> None:
    edit(unpacked / "evidence" / "annotations.json", ((0, "code"), "immediate_danger"))
    sum_anew(unpacked)
    found = findings(unpacked)
    assert any("H1:9: immediate_danger, by PC1: the signature does not fit: forged" in line for line in found)


def test_a_statement_that_nobody_made(unpacked: Path) -> None:
    edit(
        unpacked / "evidence" / "annotations.json",
        ((0, "signature"), None),
        ((0, "key"), None),
        ((0, "text"), "not a word of mine"),
    )
    sum_anew(unpacked)
    assert any("PC1" in line for line in findings(unpacked))


def test_a_page_that_says_something_else_is_not_vouched_for(unpacked: Path) -> None:
    """No bare Python draws the page anew: that is said, and what is compared follows."""
    (unpacked / "incident.html").write_text("<p>unwitnessed</p>")
    sum_anew(unpacked)
    assert (
        "not shown  whether incident.html and README.txt say what incident.json says"
        in run(unpacked / "verify.py").stdout
    )


def test_a_verifier_that_was_changed(unpacked: Path) -> None:
    path = unpacked / "verifier" / "host_tools" / "judging" / "verdict.py"
    path.write_bytes(path.read_bytes() + b"\n")
    assert findings(unpacked) == [
        "verifier/host_tools/judging/verdict.py was altered: its SHA-256 is not the one in SHA256SUMS"
    ]


def test_files_that_were_added_or_taken_away(unpacked: Path) -> None:
    """Modules that are called as Python's own are not taken for them."""
    (unpacked / "incident.html").unlink()
    for place in ("json.py", "verifier/hashlib.py"):
        (unpacked / place).write_text("raise SystemExit(0)")
    assert findings(unpacked) == [
        "incident.html is missing, and SHA256SUMS lists it",
        "json.py is not listed in SHA256SUMS: it was put there",
        "verifier/hashlib.py is not listed in SHA256SUMS: it was put there",
    ]


@pytest.mark.parametrize("name", ["SHA256SUMS", "incident.json", "evidence/beside.json", "evidence/journals/H1.json"])
def test_what_cannot_be_checked_is_told_and_never_passes(unpacked: Path, name: str) -> None:
    (unpacked / name).write_bytes(b"\xff nonsense")
    done = run(unpacked / "verify.py")
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
