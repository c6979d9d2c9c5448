"""What every flow works with, whatever is around it: the real radio and clock, or a world with virtual time.

Flows (`flows/`) are coroutines that take a Bench and give frozen results. They know no other clock than `utc_ms` and
the event loop's, start no threads and print nothing.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from interlock.core import wire

from .session import Entropy, Link
from .vault.vault import Vault

if TYPE_CHECKING:
    from .store.store import Store


@dataclass(frozen=True)
class Sighting:
    """A unit that invites, as it says itself in the open: nothing of it is proven before a session.

    `serial`: None while it was not heard, or is none; `version`, `state`: of `wire.INFO_FORM`, None while not heard;
    `rssi`: dBm; `device`: what the radio connects to."""

    serial: str | None
    version: int | None
    state: int | None
    rssi: int
    device: object = field(repr=False, compare=False)

    @property
    def state_name(self) -> str:
        return "unknown" if self.state is None else wire.STATE_NAMES.get(self.state, f"state {self.state}")


class Radio(Protocol):
    """`link.py` is the real one."""

    async def scan(self, seconds: float, wanted: Collection[str] = ()) -> list[Sighting]:
        """Units that invite, the one heard last first. Over as soon as all `wanted` serials were heard, when any."""

    def connect(self, sighting: Sighting) -> AbstractAsyncContextManager[Link]:
        """A connection with REPLY subscribed. LinkLost when it does not come about."""


@dataclass
class Bench:
    """`utc_ms`: UTC of now; `person`: who works here, as units note it (1 to 8 ASCII characters)."""

    radio: Radio
    vault: Vault
    store: "Store"
    utc_ms: Callable[[], int]
    person: str

    @property
    def entropy(self) -> Entropy:
        """Random bytes: the vault's source, so that a world needs to give only one."""
        return self.vault.entropy
