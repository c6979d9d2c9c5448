"""Bumble's Security Manager Protocol for a host that has no Bumble `Device`: the few things that it asks of one.

`pairing.py` decides when it runs and what becomes of its keys. Overridden is what NimBLE does otherwise on the air:
keys for signing, and names (EDIV, Rand) of long term keys, are drawn, a refused comparison says so, and capabilities
that do not exist are taken for none. Left as Bumble has it: who displays the passkey in legacy pairing answers the
request only when the firmware has chosen it; keys have 16 bytes whatever the peer asks for; the key pair of LE Secure
Connections is made with the first pairing of an activation.

Source: Core specification 6.0, Vol 3, Part H; apache/mynewt-nimble nimble/host/src/ble_sm.c.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from bumble import device, hci, host, smp, utils
from bumble.core import PhysicalTransport
from bumble.keys import PairingKeys
from bumble.pairing import PairingConfig, PairingDelegate

from .bonds import Bond, peer_key

PASSKEY_INPUT, PASSKEY_DISPLAY, NUMERIC_COMPARISON = 2, 3, 4
"""What the user is asked for: the actions of `_IRQ_PASSKEY_ACTION`."""
KEY_BYTES = 16
_ALL_KEYS = smp.KeyDistribution.ENC_KEY | smp.KeyDistribution.ID_KEY | smp.KeyDistribution.SIGN_KEY
_T = TypeVar("_T")


class Link(utils.EventEmitter):
    """One connection as Bumble's security manager sees it, and how secure it is."""

    EVENT_DISCONNECTION = device.Connection.EVENT_DISCONNECTION
    EVENT_CONNECTION_ENCRYPTION_CHANGE = device.Connection.EVENT_CONNECTION_ENCRYPTION_CHANGE
    EVENT_CONNECTION_ENCRYPTION_KEY_REFRESH = device.Connection.EVENT_CONNECTION_ENCRYPTION_KEY_REFRESH
    transport = PhysicalTransport.LE
    self_resolvable_address = None
    peer_resolvable_address = None

    def __init__(
        self,
        handle: int,
        role: hci.Role,
        self_address: hci.Address,
        peer_address: hci.Address,
        send: Callable[[bytes], None],
    ) -> None:
        super().__init__()
        self.handle = handle
        self.role = role
        self.self_address = self_address
        self.peer_address = peer_address
        """On the air."""
        self.identity = peer_address
        self.is_encrypted = False
        self.is_authenticated = False
        self.is_bonded = False
        self.key_size = 0
        self._send = send

    def send_l2cap_pdu(self, channel: int, pdu: bytes) -> None:
        """Send one PDU of the protocol."""
        self._send(pdu)

    def send(self, command: smp.SMP_Command) -> None:
        """Send one command outside of a session."""
        self._send(bytes(command))

    def cancel_on_disconnection(self, work: Awaitable[_T]) -> Awaitable[_T]:
        """Let the work end with the connection."""
        return utils.cancel_on_event(self, self.EVENT_DISCONNECTION, work)

    async def drain(self) -> None:
        """NimBLE does not wait until the peer has its keys."""


class Identity:
    """What Bumble asks of a device: the host, and who we are. `irk`: our identity resolving key."""

    def __init__(self, to_host: host.Host, address: Callable[[], hci.Address], irk: bytes) -> None:
        self.host = to_host
        self.irk = irk
        self.of_link: hci.Address | None = None  # of the one that pairs, where that is under the public address
        self._address = address

    @property
    def public_address(self) -> hci.Address:
        """Where the address of the board is public."""
        return self.of_link or self._address()

    @property
    def static_address(self) -> hci.Address:
        """Where it is random."""
        return self._address()


class _Passkey(int):
    """Bumble takes a passkey of 0 for none."""

    def __bool__(self) -> bool:
        return True


class User(PairingDelegate):
    """The user as the firmware stands for it. `ask(action, number)` gives the passkey, or whether numbers are equal."""

    def __init__(
        self, io: int, ask: Callable[[int, int], Awaitable[int]], may_pair: Callable[[], Awaitable[bool]]
    ) -> None:
        keys = PairingDelegate.KeyDistribution(int(_ALL_KEYS))
        super().__init__(io, keys, keys)  # type: ignore[arg-type]  # firmware may set what does not exist
        self._ask = ask
        self._may_pair = may_pair

    async def accept(self) -> bool:
        """Whether the peer's request is answered."""
        return await self._may_pair()

    async def compare_numbers(self, number: int, digits: int) -> bool:
        """Whether both show the same."""
        return bool(await self._ask(NUMERIC_COMPARISON, number))

    async def get_number(self) -> int:
        """The passkey that the peer shows."""
        return _Passkey(await self._ask(PASSKEY_INPUT, 0))

    async def generate_passkey(self) -> int:
        """The passkey that we show: the firmware's choice."""
        return _Passkey(await self._ask(PASSKEY_DISPLAY, 0))


class Session(smp.Session):
    """One pairing."""

    manager: "Manager"
    connection: Link  # type: ignore[assignment]

    def __init__(self, manager: "Manager", connection: Link, config: PairingConfig, is_initiator: bool) -> None:
        super().__init__(manager, connection, config, is_initiator)  # type: ignore[arg-type]
        self.pairing_result = None  # nobody awaits it
        self.our_csrk = manager.chance.randbytes(KEY_BYTES)
        self.has_failed_here = False
        self._has_confirmed = False

    def get_long_term_key(self, rand: bytes, ediv: int) -> bytes | None:
        """None until our side has confirmed all: Bumble would let a central encrypt before the user has agreed."""
        return None if self.sc and not self._has_confirmed else super().get_long_term_key(rand, ediv)

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody in between would have been noticed."""
        return self.pairing_method != smp.PairingMethod.JUST_WORKS

    @property
    def our_keys(self) -> smp.KeyDistribution:
        """What we distribute."""
        return self.initiator_key_distribution if self.is_initiator else self.responder_key_distribution

    def bonds(self, our_irk: bytes) -> tuple[Bond, Bond]:
        """The records of what we gave the peer and of what it gave us."""
        peer = peer_key(self.peer_bd_addr or self.connection.identity)
        security = (KEY_BYTES, self.is_authenticated, self.sc)
        ours, theirs = Bond(peer), Bond(peer)
        if self.sc:
            ours = theirs = _with_ltk(Bond(peer), self.ltk, *security)
        else:
            if self.our_keys & smp.KeyDistribution.ENC_KEY:
                ours = replace(_with_ltk(ours, self.ltk, *security), ediv=self.ltk_ediv, rand=self.ltk_rand)
            if self.peer_ltk is not None:
                ediv, rand = self.peer_ediv or 0, self.peer_rand or bytes(8)
                theirs = replace(_with_ltk(theirs, self.peer_ltk, *security), ediv=ediv, rand=rand)
        if self.our_keys & smp.KeyDistribution.ID_KEY:
            ours = replace(ours, irk=our_irk)
        if self.our_keys & smp.KeyDistribution.SIGN_KEY:
            ours = replace(ours, csrk=self.our_csrk)
        return ours, replace(theirs, irk=self.peer_identity_resolving_key, csrk=self.peer_signature_key)

    def decide_pairing_method(self, auth_req: int, initiator_io_capability: int, responder_io_capability: int) -> None:
        """By both capabilities; reserved ones count as none."""
        if max(initiator_io_capability, responder_io_capability) > smp.IoCapability.KEYBOARD_DISPLAY:
            self.pairing_method = smp.PairingMethod.JUST_WORKS
        else:
            super().decide_pairing_method(auth_req, initiator_io_capability, responder_io_capability)

    def prompt_user_for_numeric_comparison(self, code: int, next_steps: Callable[[], None]) -> None:
        """A refusal has a reason of its own."""

        async def prompt() -> None:
            if await self.pairing_config.delegate.compare_numbers(code, digits=6):
                next_steps()
            else:
                self.send_pairing_failed(smp.ErrorCode.NUMERIC_COMPARISON_FAILED)

        self.connection.cancel_on_disconnection(prompt())

    def send_pairing_failed(self, error: smp.ErrorCode) -> None:
        """Tell the peer, then end."""
        self.has_failed_here = True
        super().send_pairing_failed(error)

    def send_command(self, command: smp.SMP_Command) -> None:
        """Bumble's key for signing is a placeholder."""
        self._has_confirmed |= isinstance(command, smp.SMP_Pairing_DHKey_Check_Command)
        if isinstance(command, smp.SMP_Signing_Information_Command):
            command = smp.SMP_Signing_Information_Command(signature_key=self.our_csrk)
        super().send_command(command)

    def distribute_keys(self) -> None:
        """From here on these two name the long term key of legacy pairing; until now zeros named the short term one."""
        if not self.sc:
            self.ltk_ediv = self.manager.chance.getrandbits(16)
            self.ltk_rand = self.manager.chance.randbytes(8)
        super().distribute_keys()


def _with_ltk(bond: Bond, ltk: bytes, key_size: int, is_authenticated: bool, is_secure: bool) -> Bond:
    return replace(bond, ltk=ltk, key_size=key_size, is_authenticated=is_authenticated, is_secure=is_secure)


class Manager(smp.Manager):
    """Makes sessions and hears how they end; `pairing.py` keeps them. `chance`: where keys of the board come from."""

    def __init__(
        self,
        identity: Identity,
        chance: random.Random,
        config: Callable[[Any], PairingConfig],
        on_paired: Callable[[Session], None],
        on_failed: Callable[[Session, int], None],
    ) -> None:
        super().__init__(identity, config)  # type: ignore[arg-type]
        self.chance = chance
        self._on_paired = on_paired
        self._on_failed = on_failed

    def begin(self, link: Link, *, is_initiator: bool) -> Session:
        """One pairing on this connection, which has not said anything yet."""
        return Session(self, link, self.pairing_config_factory(link), is_initiator)  # type: ignore[arg-type]

    def on_session_start(self, session: smp.Session) -> None:
        """Nobody is told."""

    def on_session_end(self, session: smp.Session) -> None:
        """It is not kept here."""

    async def on_pairing(self, session: Any, identity_address: hci.Address | None, keys: PairingKeys) -> None:
        """All keys are there."""
        self._on_paired(session)

    def on_pairing_failure(self, session: Any, reason: smp.ErrorCode) -> None:
        """Here or at the peer."""
        self._on_failed(session, reason)
