"""Reading a flash that may fail: what was only disturbed reads at the next try; what never reads must stop nothing."""

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Flash

TRIES = 3


def read_patiently(flash: "Flash", offset: int, buffer: bytearray) -> bool:
    """Fill `buffer` from `offset` on; whether it could be read, at the third try at latest."""
    for _ in range(TRIES):
        try:
            flash.read(offset, buffer)
        except OSError:
            continue
        return True
    return False
