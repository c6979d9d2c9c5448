"""A secret that evolves, on two flash sectors: the next one is there before the one before it is destroyed, and what is
destroyed cannot be read out of the flash any more. Seal keys and one-time signing secrets live so.

Slots lie back to back in each sector: number u32 | secret | CRC32 of both, u32. A slot is blank (all FF), destroyed
(all 00), valid, or torn; one that cannot be read counts as torn. Numbers only rise; the valid slot with the highest one
is in force.
"""

import struct
from binascii import crc32

from .patient import read_patiently

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Flash

SECTORS = 2
OVERHEAD_BYTES = 8  # number and CRC32
NUMBER_MAX = 0xFFFFFFFF
TRIES = 4  # slots that a `put` may find worn out
_SLOTS_A_PIECE = 17  # read at once on opening; 170 slots of 24 bytes, 102 of 40: whole pieces in a sector of 4096


class KeyLog:
    """The log of secrets of `secret_bytes` in the two sectors of `flash` from `first_sector` on. Opening only reads.

    `number`, `secret`: what is in force, None when the log is empty. `previous`: (number, secret) of an older one that
    was not destroyed yet, or None: the power failed between `put` and `drop`. Call `drop` after opening in any case:
    it is free when there is nothing to destroy, and a cut in `drop` itself leaves half a secret that only it can see.
    """

    number: int | None
    secret: bytes | None
    previous: tuple[int, bytes] | None

    def __init__(self, flash: "Flash", first_sector: int, secret_bytes: int) -> None:
        self._flash = flash
        self._first = first_sector
        self._slot_bytes = OVERHEAD_BYTES + secret_bytes
        self._slots = flash.sector_bytes // self._slot_bytes  # in each sector
        self._blank = b"\xff" * self._slot_bytes
        self._zeros = bytes(self._slot_bytes)
        self._open()

    def _open(self) -> None:
        self.number = self.secret = self.previous = None
        self._at: int | None = None  # the slot in force, counted through both sectors
        self._sector = 0  # where writing goes on
        self._used = [0, 0]  # slots up to the last that is not blank
        self._doomed: list[int] = []  # slots to be destroyed: older secrets, and torn ones
        self._is_fresh = False  # whether this life programmed the secret in force
        held = []
        piece = bytearray(self._slot_bytes * _SLOTS_A_PIECE)
        blank = self._blank * _SLOTS_A_PIECE
        for first in range(0, SECTORS * self._slots, _SLOTS_A_PIECE):
            # A piece may reach over the end of the first sector's slots: then it is read slot by slot.
            whole = first // self._slots == (first + _SLOTS_A_PIECE - 1) // self._slots
            whole = whole and read_patiently(self._flash, self._offset(first), piece)
            if whole and piece == blank:
                continue
            for at in range(first, min(first + _SLOTS_A_PIECE, SECTORS * self._slots)):
                begin = (at - first) * self._slot_bytes
                data = bytes(piece[begin : begin + self._slot_bytes]) if whole else self._read(at)
                if data == self._blank:
                    continue
                self._used[at // self._slots] = at % self._slots + 1
                if data and struct.unpack(">I", data[-4:])[0] == crc32(data[:-4]) & 0xFFFFFFFF:
                    held.append((struct.unpack(">I", data[:4])[0], at, data[4:-4]))
                elif data != self._zeros:
                    self._doomed.append(at)
        if not held:
            return
        held.sort()
        self.number, self._at, self.secret = held.pop()
        self._sector = self._at // self._slots
        if held:
            self.previous = held[-1][0], held[-1][2]
            self._doomed += [at for _, at, _ in held]

    def put(self, number: int, secret: bytes) -> None:
        """Put `secret` in force under a higher number; the one before stays as `previous` until `drop`.

        Raises OSError when the flash did not keep it: then the one before is still in force."""
        if self.number is not None and number <= self.number:
            raise ValueError("key %d cannot follow key %d: numbers only rise" % (number, self.number))
        if number > NUMBER_MAX:
            raise OSError("no number is left for a key after %d" % NUMBER_MAX)
        data = self._encode(number, secret)
        for _ in range(TRIES):
            at = self._claim()
            if self._write(at, data):
                if self.number is not None and self.secret is not None and self._at is not None:
                    self.previous = self.number, self.secret
                    self._doomed.append(self._at)
                self.number, self.secret, self._at, self._is_fresh = number, secret, at, True
                return
            if not self._write(at, self._zeros):
                self._doomed.append(at)
        raise OSError("the flash did not keep key %d: the one before stays in force" % number)

    def drop(self) -> None:
        """Destroy all but the secret in force. Raises OSError when something of them may still be readable."""
        if not self._doomed:
            return
        if self._at is not None and self.number is not None and self.secret is not None:
            # What an earlier life wrote is programmed once more: a cut may have left cells that read well today only,
            # and there is no way back.
            data = self._encode(self.number, self.secret)
            if not ((self._is_fresh and self._read(self._at) == data) or self._write(self._at, data)):
                raise OSError("key %d does not read back: the one before it is not destroyed" % self.number)
        self.previous = None
        stuck = [at for at in self._doomed if not self._write(at, self._zeros)]
        self._doomed = stuck
        for sector in range(SECTORS):
            if not [at for at in stuck if at // self._slots == sector]:
                continue
            if self._in_force(sector):
                self._used[sector] = self._slots  # the next secret goes to the other sector, and this one is erased
            else:
                self._erase(sector)
        self._doomed = [at for at in stuck if not self._is_erased(at)]
        if self._doomed:
            raise OSError("%d old keys could not be destroyed: the flash is worn out" % len(self._doomed))

    def tidy(self) -> bool:
        """Erase ahead, in a quiet slot: True when there was a sector with nothing but destroyed secrets in it."""
        for sector in range(SECTORS):
            if self._used[sector] and not self._in_force(sector) and not self._is_pending(sector):
                self._erase(sector)
                return True
        return False

    def _is_pending(self, sector: int) -> bool:
        """Whether a secret in it is still to be destroyed."""
        for at in self._doomed:
            if at // self._slots == sector:
                return True
        return False

    def wipe(self) -> None:
        """Destroy every secret, the one in force last, and leave both sectors blank."""
        for at in self._doomed + ([] if self._at is None else [self._at]):
            self._write(at, self._zeros)
        for sector in range(SECTORS):
            if self._used[sector]:
                self._erase(sector)
        self._open()

    def _is_erased(self, at: int) -> bool:
        data = self._read(at)
        # Where the driver erased, nothing more can be done about what cannot be read.
        return data == self._blank or (not data and not self._in_force(at // self._slots))

    def _in_force(self, sector: int) -> bool:
        return self._at is not None and self._at // self._slots == sector

    def _claim(self) -> int:
        """A slot that was never used; from now on it was."""
        if self._used[self._sector] == self._slots:
            other = 1 - self._sector
            if self._in_force(other):
                raise OSError("no slot is left for a new key: the flash is worn out")
            if self._used[other]:
                self._erase(other)
            self._sector = other
        at = self._sector * self._slots + self._used[self._sector]
        self._used[self._sector] += 1
        return at

    def _erase(self, sector: int) -> None:
        self._flash.erase((self._first + sector) * self._flash.sector_bytes)
        self._used[sector] = 0
        self._doomed = [at for at in self._doomed if at // self._slots != sector]

    def _encode(self, number: int, secret: bytes) -> bytes:
        if len(secret) != self._slot_bytes - OVERHEAD_BYTES:
            raise ValueError("a key in this log has %d bytes" % (self._slot_bytes - OVERHEAD_BYTES))
        data = struct.pack(">I", number) + secret
        return data + struct.pack(">I", crc32(data) & 0xFFFFFFFF)

    def _offset(self, at: int) -> int:
        return (self._first + at // self._slots) * self._flash.sector_bytes + at % self._slots * self._slot_bytes

    def _read(self, at: int) -> bytes:
        """The slot's bytes, none where it cannot be read."""
        data = bytearray(self._slot_bytes)
        return bytes(data) if read_patiently(self._flash, self._offset(at), data) else b""

    def _write(self, at: int, data: bytes) -> bool:
        """Program a slot; whether it reads back so, whatever the driver said."""
        try:
            self._flash.program(self._offset(at), data)
        except OSError:
            pass
        return self._read(at) == data
