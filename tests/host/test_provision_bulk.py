"""A box full of units, set up in one go: one that fails stops no other, and whatever strikes, the next run goes on."""

import io
from types import SimpleNamespace

import pytest

from host_tools.commands import running
from host_tools.flows.provision_all import Progress, Wish, boxed, provision_all
from host_tools.labels.setup_list import parse, read
from host_tools.outcome import ToolError
from interlock.core import wire

from .flow_world import CAMERA, HOLSTER, World, struck, sweep

ROLES = {"H1": HOLSTER, "C1": CAMERA, "C2": CAMERA}


async def everything(bench, labels, signing="none", waits=True, report=lambda _: None):
    """What the command does: those in range, with these labels."""
    near = [sighting.serial for sighting in await boxed(bench, 1.0)]
    wishes = [Wish(labels[serial], ROLES[serial]) for serial in near if serial in labels]
    return await provision_all(bench, wishes, signing, waits, report=report)


def labels_of(world):
    return {serial: world.label(serial) for serial in world.units}


def test_all_units_in_range_are_set_up_and_their_keys_made_meanwhile(tmp_path):
    world, told = World(tmp_path, *ROLES), []
    tried = world.do(everything, labels_of(world), signing="h5", report=told.append)
    assert sorted(each.serial for each in tried) == sorted(ROLES)
    assert all(each.failure is None and each.done.signing.public for each in tried)
    stages = [(progress.stage, progress.at, progress.total) for progress in told]
    assert stages == [("set up", at, 3) for at in (1, 2, 3)] + [("key", at, 3) for at in (1, 2, 3)]
    assert all(isinstance(progress, Progress) for progress in told)
    assert world.do(everything, labels_of(world)) == ()  # nothing is boxed any more


def test_one_that_fails_is_told_and_the_others_are_set_up(tmp_path):
    world = World(tmp_path, *ROLES)
    labels = labels_of(world)
    labels["C1"] = labels["C2"].__class__("C1", bytes(16))
    tried = {each.serial: each for each in world.do(everything, labels)}
    assert tried["C1"].done is None and "wrong secret" in tried["C1"].failure and tried["C1"].advice
    assert tried["H1"].done.role == HOLSTER and tried["C2"].done.role == CAMERA
    (rest,) = world.do(everything, labels_of(world))
    assert rest.serial == "C1" and rest.failure is None


@pytest.mark.usefixtures("fated_writes", "impatient")
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "cut"])
@pytest.mark.parametrize("stride", [47, pytest.param(7, marks=pytest.mark.deep)])
def test_struck_anywhere_and_run_again_all_are_set_up(tmp_path, kill, stride):
    for at, home in sweep(tmp_path, stride):
        world = World(home, *ROLES)
        went_on = struck(world, at, kill, everything, labels_of(world))
        for unit in world.units.values():
            if unit.is_new:
                unit.boot()
        world.do(everything, labels_of(world))
        vault = world.vault
        for serial, role in ROLES.items():
            unit, entry = world.units[serial], vault.unit(serial)
            assert (entry.state, entry.role, unit.state) == ("committed", role, wire.STATE_IN_SERVICE)
            assert unit.held == vault.settings_for(serial, entry.revision)
            assert not unit.access.label_open
        assert len({vault.unit(serial).number for serial in ROLES}) == 3
        if not went_on:
            break
    assert at > 100


# The command.


@pytest.fixture
def box(desk):
    """A force with one unit in service and four in their boxes, of three of which the labels are in the vault."""
    assert desk.run("provision", desk.unit("H1"), "--role", "holster", "--force", "MPS", "--signing", "none")[0] == 0
    texts = [desk.unit(serial) for serial in ("H2", "C1", "C2", "X9")]
    assert desk.run("labels", "add", *texts[:3])[0] == 0
    return desk


QUICK = ("--signing", "none")


def test_a_box_full_by_how_serials_begin(box):
    code, out, err = box.run("provision", "--all", "--roles", "H=holster,C=camera", *QUICK)
    assert code == 0, err
    assert "3 of 3 are set up" in out and "no label of them is at hand: X9" in err
    assert box.json("labels", "list") == {"serials": []}, "a label that opens nothing is kept no longer"
    states = {unit["serial"]: unit["state"] for unit in box.json("scan")}
    assert states == {"H1": "in service", "H2": "in service", "C1": "in service", "C2": "in service", "X9": "boxed"}
    code, out, err = box.run("provision", "--all", "--role", "camera", *QUICK)
    assert code == 2 and "X9" in err and "of none a label is at hand" in err


def test_a_box_full_by_a_table_with_labels_roles_and_names(box, tmp_path):
    path = tmp_path / "units.csv"
    path.write_text(f"Label;Role;Name\n{box.unit('X9')};combined;bike\nH2;holster;\nC1;camera;front\n")
    code, _, err = box.run("provision", "--all", "--roles", str(path), *QUICK)
    assert code == 2 and "others may read" in err
    path.chmod(0o600)
    code, _, err = box.run("provision", "--all", "--roles", str(path), *QUICK)
    assert code == 2 and "what C2 shall be is not said" in err
    assert [unit["name"] for unit in box.json("scan")] == ["holster 1", None, None, None, None], "nothing was set up"
    del box.units["C2"]
    done = {each["serial"]: each for each in box.json("provision", "--all", "--roles", str(path), *QUICK)}
    assert {serial: each["done"]["name"] for serial, each in done.items()} == {
        "X9": "bike",
        "H2": "holster 2" if done["H2"]["done"]["number"] == 2 else f"holster {done['H2']['done']['number']}",
        "C1": "front",
    }
    assert done["X9"]["done"]["role"] == "combined" and done["X9"]["failure"] is None


def test_ctrl_c_in_the_middle_and_run_again(box):
    links = []

    def interrupt(link):
        links.append(link)
        if len(links) == 4:
            raise KeyboardInterrupt

    box.on_link = interrupt
    wanted = ("provision", "--all", "--roles", "H=holster,C=camera", *QUICK)
    code, _, err = box.run(*wanted)
    assert code == 130 and "interrupted" in err
    box.on_link = lambda _: None
    for unit in box.units.values():
        if unit.is_new:
            unit.boot()
    code, out, err = box.run(*wanted)
    assert code == 0 and "2 of 2 are set up" in out, err


def test_one_that_is_not_set_up_is_code_3_and_named(box):
    box.units["C1"].label = box.units["C2"].label
    done = {each["serial"]: each for each in box.json("provision", "--all", "--role", "camera", *QUICK, code=3)}
    assert done["C1"]["done"] is None and done["C1"]["failure"] and done["C2"]["failure"] is None
    code, out, _ = box.run("provision", "--all", "--role", "camera", *QUICK)
    assert code == 3 and "0 of 1 are set up" in out


def test_without_a_label_the_boxed_unit_in_range_whose_label_is_in_the_vault(box, monkeypatch):
    code, _, err = box.run("provision", "--role", "camera", *QUICK)
    assert code == 2 and "3 boxed units are in range" in err and "--all" in err
    del box.units["H2"], box.units["C2"]
    done = box.json("provision", "--role", "camera", *QUICK)
    assert done["serial"] == "C1"
    del box.units["X9"]
    code, _, err = box.run("provision", "--role", "camera", *QUICK)
    assert code == 3 and "no boxed unit is in range" in err


def test_several_give_a_menu(box, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    answers = iter(["7", "2"])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    code, out, err = box.run("provision", "--role", "camera", *QUICK)
    assert code == 0 and "Choose one of the list" in err and "C2 is set up" in out, err


def test_a_unit_keeps_its_role_and_it_is_said_what_there_is_to_do(box):
    text = box.unit("H1")
    code, _, err = box.run("provision", text, "--role", "camera")
    assert code == 2 and "in service as a holster unit, and was left as it is" in err
    assert "interlock revoke H1" in err and "--role holster" in err


def test_its_name_and_number_are_told_once(box):
    code, out, _ = box.run("provision", box.unit("C7"), "--role", "camera", "--name", "front [desk]", *QUICK)
    assert code == 0 and "C7 is set up: front [desk], camera number 2." in out
    code, out, _ = box.run("provision", box.unit("C8"), "--role", "camera", *QUICK)
    assert "C8 is set up: camera number 3." in out
    code, out, _ = box.run("provision", box.unit("C8"), *QUICK)  # what it is, is known


def test_a_picture_with_several_labels_is_for_all_of_them(desk, tmp_path):
    import segno
    from PIL import Image

    picture = Image.new("L", (900, 450), 255)
    for place, serial in enumerate(("C1", "C2")):
        code = tmp_path / f"{serial}.png"
        segno.make_qr(desk.unit(serial), error="m").save(str(code), scale=8, border=4)
        picture.paste(Image.open(code).convert("L"), (450 * place, 0))
    photo = tmp_path / "photo.png"
    picture.save(photo)
    photo.chmod(0o600)
    wanted = ("--role", "camera", "--force", "MPS", *QUICK)
    code, _, err = desk.run("provision", str(photo), *wanted)
    assert code == 2 and "holds 2 labels: C1, C2" in err and "--all" in err
    code, out, err = desk.run("provision", str(photo), "--all", *wanted)
    assert code == 0 and "2 of 2 are set up" in out, err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("label,role\nH1,cook\n", "line 2: 'cook' is no role"),
        ("serial,role\nH1,camera\nH1,camera\n", "line 3: H1 is in line 2, too"),
        ("label\nIL1:H1:XXX\n", "line 2: the label's secret has 29 letters"),
        ("label,name\nH1,much too long for a name\n", "line 2: 'much too long"),
        ("label,name\na b,x\n", "neither a label nor a serial"),
        ("role\nH1\n", "no column 'label'"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_by_line(tmp_path, text, says):
    path = tmp_path / "units.csv"
    path.touch(0o600)
    with pytest.raises(ToolError, match=says):
        parse(text.encode(), path)


def test_what_the_table_says_of_a_unit_goes_before_the_role_of_all(box, tmp_path):
    path = tmp_path / "units.csv"
    path.touch(0o600)
    path.write_text("serial,role,name\nh2,holster,second\n")
    done = {each["serial"]: each["done"] for each in box.json(
        "provision", "--all", "--roles", str(path), "--role", "camera", *QUICK
    )}  # fmt: skip
    assert (done["H2"]["role"], done["H2"]["name"]) == ("holster", "second")
    assert (done["C1"]["role"], done["C2"]["role"]) == ("camera", "camera")


def test_one_unit_is_set_up_as_the_table_says_whatever_the_others_are(box, tmp_path):
    path = tmp_path / "units.csv"
    path.write_text("serial,role\nH2,holster\n")
    code, out, err = box.run("provision", box.unit("H2"), "--roles", str(path), "--role", "camera", *QUICK)
    assert code == 0 and "H2 is set up: holster" in out and "By --roles, and not by --role: H2 (holster)." in err


def test_two_roles_of_one_unit_are_refused(tmp_path):
    with pytest.raises(ToolError, match="two roles"):
        read("H=holster,h=camera")
    with pytest.raises(ToolError, match="is in line 2, too"):
        parse(b"serial,role\nc1,camera\nC1,holster\n", tmp_path / "units.csv")


@pytest.mark.parametrize("answer", ["0001", "1"])
def test_a_scanned_serial_of_digits_is_no_number_of_the_menu(monkeypatch, answer):
    units = {f"000{number}": (number, CAMERA, f"camera {number}") for number in range(1, 5)}
    vault = SimpleNamespace(serials=lambda: sorted(units), name=units.get)
    near = [SimpleNamespace(serial=serial, rssi=-40) for serial in ("0004", "0002", "0003", "0001")]
    monkeypatch.setattr("typer.prompt", lambda *_, **__: answer)
    chosen = running.choose(SimpleNamespace(vault=vault), near)
    assert chosen == ("0001" if answer == "0001" else "0004")


def test_of_several_beginnings_the_longest_counts():
    plan = read("C=camera,CX=combined,h=holster")
    assert [plan.role(serial) for serial in ("C1", "CX1", "H1", "h1", "X1")] == [CAMERA, 3, HOLSTER, HOLSTER, None]
    for wrong, says in (("C=cook", "is no role"), ("=camera", "no beginning"), ("a b=camera", "no beginning")):
        with pytest.raises(ToolError, match=says):
            read(wrong)


def test_a_set_up_that_was_broken_off_goes_on_by_the_units_serial(box):
    text = box.unit("C7")
    links = []

    def interrupt(link):
        links.append(link)
        if len(links) == 2:
            raise KeyboardInterrupt

    code, _, err = box.run("provision", "C7", "--role", "camera", *QUICK)
    assert code == 2 and "C7 is a serial, and the vault has no label of it" in err
    box.on_link = interrupt
    assert box.run("provision", text, "--role", "camera", *QUICK)[0] == 130
    box.on_link = lambda _: None
    box.units["C7"].boot()
    code, out, err = box.run("provision", "c7", *QUICK)
    assert code == 0 and "C7 is set up: camera number" in out, err
    assert "C7" not in box.json("labels", "list")["serials"]
    code, out, _ = box.run("provision", "C7", *QUICK)
    assert code == 0 and "was set up already" in out
    code, out, err = box.run("provision", "h2", "--role", "holster", *QUICK)
    assert code == 0 and "H2 is set up" in out, "its label is in the vault"


def test_a_name_that_is_another_units_serial_or_name_is_refused(box):
    text = box.unit("C7")
    for name in ("h1", "HOLSTER 1", "C1"):  # a unit, its name, and a label in the vault
        code, _, err = box.run("provision", text, "--role", "camera", "--name", name, *QUICK)
        assert code == 2 and "is what" in err and "is called" in err, err
    for _ in range(2):  # its own serial, and then its own name
        assert box.run("provision", text, "--role", "camera", "--name", "c7", *QUICK)[0] == 0
