"""Raw records of a unit, for tests of the store."""

from interlock.core import layout, records
from interlock.core.seal import OpenSeal

SERIAL = "H1"


def life(count: int, salt: int = 0, serial: str = SERIAL) -> tuple[list[bytes], list[bytes]]:
    """(raw records, chain value before each and after the last) of a journal."""
    chain = layout.chain_start(serial.encode().ljust(8))
    raws, chains = [], [chain]
    for i in range(count):
        payload = records.pack(records.RESERVE, i + salt)
        raw, chain = layout.encode(records.RESERVE, i, 1, i * 10, payload, chain, OpenSeal())
        raws.append(raw)
        chains.append(chain)
    return raws, chains


RAWS, CHAINS = life(60)
