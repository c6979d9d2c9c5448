"""A unit loads what its role needs, and nothing else."""

from .units import built, loaded, modules

ALWAYS = {"interlock.app", "interlock.boards.esp32_s3", "interlock.flash_esp32"}
ON_PICO_W = {"interlock.boards.esp32_s3": "interlock.boards.pico_w", "interlock.flash_esp32": "interlock.flash_rp2"}
"""A unit on a Pico W loads these instead, and otherwise the same."""
MOST_BYTES = {"H1": 59_400, "C1": 54_200, "B1": 65_536}
"""The .mpy that units of each role hold while nobody serves them: below the goal of 64 KiB, and what they were when
last looked at and 2 %."""
LATER = (
    "serving",
    "session",
    "notary",
    "notary_update",
    "self_test",
    "setup",
    "placement",
    "release_files",
    "update",
    "x25519",
    "trial",
    "gopro",
    "recorder_uart",
)


def test_a_role_loads_its_own_code_and_not_the_other_ones_nor_what_technicians_ask_for(tmp_path):
    found = loaded(modules(tmp_path, "esp32_s3"), "esp32")
    for unit, role, other in (("H1", "holster_role", "camera_role"), ("C1", "camera_role", "holster_role")):
        assert found[unit] >= ALWAYS | {f"interlock.{role}"}
        assert f"interlock.{other}" not in found[unit]
        assert not found[unit] & {f"interlock.{name}" for name in LATER}
    assert found["B1"] >= {"interlock.holster_role", "interlock.camera_role"}
    sizes = {name.removesuffix(".mpy").replace("/", "."): size for name, size in built("pico_w").sizes().items()}
    for unit, most in MOST_BYTES.items():
        names = {ON_PICO_W.get(name, name) for name in found[unit]}
        assert names & sizes.keys() >= {"interlock.app", *ON_PICO_W.values()}
        assert sum(sizes.get(name, 0) for name in names) <= most
