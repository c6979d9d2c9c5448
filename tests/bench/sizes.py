"""Rows: how large the application is, as built for boards, what a unit of each role loads of it, and what a release of
it takes."""

import tempfile
from pathlib import Path

from host_tools.building import release
from tests.building import units
from tests.vm.test_core_in_vm import ROOT

from .rows import Row, Spec, by_id

BOARDS = ("esp32", "esp32_c3", "esp32_c6", "esp32_s3", "nucleo_wb55", "pico2_w", "pico_w")
BUILT = {"esp32_s3": "esp32", "pico_w": "rp2"}
"""Board, and the port whose profile it is; the others differ by some ten bytes."""
ROLES = {"holster": "H1", "camera": "C1", "combined": "B1"}
SPECS = (
    *(Spec(f"size.{board}.mpy", f"{board}: all .mpy of the application", "bytes") for board in BUILT),
    *(
        Spec(f"size.{board}.{role}", f"{board}: .mpy that a {role} unit loads, one use, no session", "bytes", "all")
        for board in BUILT
        for role in ROLES
    ),
    *(
        Spec(f"size.{board}.release", f"{board}: release file, deflated, unsigned", "bytes", "its .mpy, plain")
        for board in BUILT
    ),
    Spec("size.source", "the application's source", "bytes of Python"),
)


def rows() -> list[Row]:
    assert tuple(release.boards()) == BOARDS, "a board was added or left: BOARDS in sizes.py"
    specs, out = by_id(SPECS), []
    for board, port in BUILT.items():
        sizes = units.built(board).sizes()
        whole = sizes[release.ALL]
        out += [specs[f"size.{board}.mpy"].row(whole), specs[f"size.{board}.release"].row(sizes[release.WHOLE], whole)]
        with tempfile.TemporaryDirectory() as folder:
            loaded = units.loaded(units.modules(Path(folder), board), port)
        for role, unit in ROLES.items():
            names = {name.replace(".", "/") for name in loaded[unit]}
            size = sum(
                size for name, size in sizes.items() if name.removesuffix(".mpy").removesuffix("/__init__") in names
            )
            out.append(specs[f"size.{board}.{role}"].row(size, whole))
    source = sum(path.stat().st_size for path in (ROOT / "firmware/interlock").rglob("*.py"))
    return [*out, specs["size.source"].row(source)]
