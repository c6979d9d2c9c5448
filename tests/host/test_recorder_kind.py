"""`interlock provision --recorder`: a camera unit's kind of recorder, at its set-up and later."""

import json

import pytest

from interlock.core import settings


def test_a_camera_unit_gets_its_kind_and_another_one_later(desk):
    wanted = ("--role", "camera", "--force", "MPS", "--no-wait", "--recorder", "uart")
    code, _, err = desk.run("provision", desk.unit("C1"), *wanted)
    assert code == 0, err
    held = desk.units["C1"].held
    assert (held.recorder, held.recorder_id) == (settings.UART, bytes(8))
    code, _, err = desk.run("provision", "C1", "--recorder", "gopro", "--recorder-id", "1234", "--no-wait")
    assert code == 0, err
    after = desk.units["C1"].held
    assert (after.recorder, after.recorder_id) == (settings.GOPRO, b"1234" + bytes(4))
    assert after.revision > held.revision and after.policy == held.policy
    code, _, err = desk.run("provision", "C1", "--no-wait")
    assert code == 0 and desk.units["C1"].held.recorder == settings.GOPRO, "left as it is where nobody says another"


@pytest.mark.parametrize(
    ("role", "options", "says"),
    [
        ("holster", ("--recorder", "level"), "a holster unit has no recorder"),
        ("camera", ("--recorder", "gopro"), "--recorder-id"),
        ("camera", ("--recorder", "uart", "--recorder-id", "1234"), "no other recorder is"),
        ("camera", ("--recorder-id", "1234"), "--recorder gopro"),
        ("camera", ("--recorder", "gopro", "--recorder-id", "123456789"), "end of no GoPro's name"),
        ("camera", ("--recorder", "film"), "film"),
    ],
)
def test_what_no_unit_can_have_is_refused_with_the_remedy(desk, role, options, says):
    code, _, err = desk.run("provision", desk.unit("X1"), "--role", role, "--force", "MPS", "--no-wait", *options)
    assert code == 2 and says in err
    assert desk.units["X1"].held is None


def test_a_vault_of_before_gives_its_units_the_recorder_that_they_have(team):
    vault = team.vault()
    unit = vault.path / "units" / "C1.json"
    values = json.loads(vault.files.read(unit))
    del values["recorder"], values["recorder_id"]
    with vault.locked():
        vault.files.write(unit, json.dumps(values).encode())
    code, _, err = team.run("provision", "C1", "--no-wait")
    assert code == 0, err
    assert team.units["C1"].held.recorder == settings.MOMENTARY
