"""Pairing and bonding of one board, as NimBLE does them under MicroPython: `gap_pair`, `gap_passkey`, their events.

The protocol itself is Bumble's (`security_manager.py`), the records are the firmware's (`bonds.py`), encryption on the
air is `encrypting.py`. A connection has at most one procedure at a time, a board too (BLE_SM_MAX_PROCS); it ends with
`_IRQ_ENCRYPTION_UPDATE`, which tells the state of the link whether that succeeded or not, as the binding does: a failed
pairing reads (handle, 0, 0, 0, 0), a connection that breaks in the middle says so before it says that it is gone.

What NimBLE does and firmware should know:
- "bonded" is what both sides asked for; that the handler refused the record does not show (micropython#13642).
- A central whose peer has forgotten the bond is refused (PIN or key missing), stays unencrypted, and is refused again
  by the next `gap_pair`, since its record is still there: firmware has to drop the record itself.
- A peripheral whose peer has forgotten the bond forgets its own and pairs anew, whoever asks.
- A bonded peer is known by its identity when its resolvable address has changed; connecting to one that advertises
  under such an address is not modelled.
- A characteristic that needs encryption is refused with 0x0F where there is a bond, with 0x05 where there is none;
  the flags for authorization are looked at by nobody.
- `gap_passkey` that says no to a comparison raises OSError(-1036), and only the peer gets an event.
- Without LE Secure Connections at both sides they pair by legacy pairing: `le_secure` does not require it.

Not modelled: the time that elliptic curves take (a good part of a second on these boards), keys shorter than 16 bytes,
pairing by other ways (out of band), and what is reported without a known cause: secrets never asked for (micropython
#13642, #19405), -513 with resolvable addresses (#13639), passkeys that two boards cannot agree on (#17805). BTstack on
rp2 is `silent_pairing.py`.

Sources: extmod/nimble/modbluetooth_nimble.c; apache/mynewt-nimble nimble/host/src/ble_sm.c, ble_sm_sc.c, ble_gap.c
(ble_gap_security_initiate), ble_att_svr.c (ble_att_svr_check_perms).
"""

import asyncio
import contextlib
import errno
import random
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from bumble import att, hci, host, smp
from bumble.pairing import PairingConfig

from .bearers import Bearer, Bearers
from .bonds import DEFAULT_IRK, OUR_SECURITY, PEER_SECURITY, Ask, Bond, BondStore, peer_key
from .security_manager import (
    KEY_BYTES,
    NUMERIC_COMPARISON,
    PASSKEY_DISPLAY,
    PASSKEY_INPUT,
    Identity,
    Link,
    Manager,
    Session,
    User,
)
from .security_procedures import Procedures

IRQ_ENCRYPTION_UPDATE = 28
IRQ_PASSKEY_ACTION = 31
_CONTROLLER_REFUSES, _REFUSED_HERE = 0x200, 0x400
"""Where NimBLE's numbers for reasons of the controller begin, and of our own Security Manager."""
_MAX_PASSKEY = 999_999
_READ_NEEDS_ENCRYPTION, _READ_NEEDS_AUTHENTICATION = 0x0200, 0x0400
_WRITE_NEEDS_ENCRYPTION, _WRITE_NEEDS_AUTHENTICATION = 0x1000, 0x2000


class Security(Protocol):
    """What the firmware has configured."""

    bond: bool
    mitm: bool
    io: int
    le_secure: bool


class Pairing:
    """The security of one board's connections while its radio is active.

    `address()` is the board's identity; `ask` raises an event whose handler's result is wanted. Errors are OSError.
    """

    def __init__(
        self,
        port: str,
        security: Security,
        to_host: host.Host,
        bearers: Bearers,
        address: Callable[[], hci.Address],
        seed: random.Random,
        raise_irq: Callable[[int, tuple[Any, ...]], None],
        ask: Ask,
    ) -> None:
        self._security = security
        self._bearers = bearers
        self._address = address
        self._seed = seed
        self._raise_irq = raise_irq
        self._ask = ask
        self._host = to_host
        self._store = BondStore(port)
        self._identity = Identity(to_host, address, DEFAULT_IRK)
        self._manager = Manager(self._identity, seed, self._config, self._on_paired, self._on_failed)
        self._links: dict[int, Link] = {}
        self._peers: dict[hci.Address, bytes] = {}
        """Whose address may change, with the key that resolves it: what NimBLE puts into its controller."""
        self._procedures = Procedures(self._end)
        self._tasks: dict[asyncio.Task[None], None] = {}
        to_host.long_term_key_provider = self._long_term_key
        to_host.on("connection_encryption_change", self._on_encryption_change)
        to_host.on("connection_encryption_key_refresh", self._on_key_refresh)
        to_host.on("connection_encryption_failure", self._on_encryption_failure)
        to_host.on("connection_encryption_key_refresh_failure", self._on_encryption_failure)

    async def start(self, ask: Ask) -> bytes:
        """The stack begins: our identity resolving key, which the firmware may have kept."""
        irk = await self._store.own_irk(ask, self._seed.randbytes(KEY_BYTES))
        if irk is not None:
            self._identity.irk = irk
            for bond in await self._store.peers(ask):
                self._know(bond)
        return self._identity.irk

    # What the firmware calls.

    async def pair(self, connection: int, ask: Ask) -> None:
        """`gap_pair`: a central encrypts by its bond or pairs, a peripheral asks its central for either."""
        link = self._links.get(connection)
        if link is None:
            raise OSError(errno.ENOTCONN, f"no connection {connection}")
        if link.role == hci.Role.CENTRAL:
            await self._secure(link, await self._store.read(ask, PEER_SECURITY, peer_key(link.identity)))
        else:
            self._procedures.refuse_second(link)
            self._procedures.begin(link)
            self._manager.request_pairing(link)  # type: ignore[arg-type]

    def passkey(self, connection: int, action: int, passkey: int) -> None:
        """`gap_passkey`: the user's answer to `_IRQ_PASSKEY_ACTION`."""
        procedure = self._procedures.get(connection)
        if action not in (PASSKEY_INPUT, PASSKEY_DISPLAY, NUMERIC_COMPARISON):
            raise OSError(errno.EINVAL, f"passkey action {action}")
        if procedure is None:
            raise OSError(errno.ENOENT, "no pairing to answer for")
        if procedure.was_answered:
            raise OSError(errno.EALREADY, "answered already")
        if procedure.answer is None or procedure.action != action:
            raise OSError(errno.EINVAL, "not what is asked for")
        if action != NUMERIC_COMPARISON and not 0 <= passkey <= _MAX_PASSKEY:
            raise OSError(errno.EINVAL, f"a passkey of {passkey}")
        procedure.was_answered = True
        procedure.answer.set_result(passkey)
        self._procedures.touch(connection)
        if action == NUMERIC_COMPARISON and not passkey:
            raise OSError(-(_REFUSED_HERE + smp.ErrorCode.NUMERIC_COMPARISON_FAILED), "refused by the user")

    # What the GATT server asks.

    async def refusal(self, bearer: Bearer, flags: int, *, is_read: bool) -> att.ErrorCode | None:
        """Why this peer may not read (or write) a value with these flags; None: it may."""
        encryption = _READ_NEEDS_ENCRYPTION if is_read else _WRITE_NEEDS_ENCRYPTION
        authentication = _READ_NEEDS_AUTHENTICATION if is_read else _WRITE_NEEDS_AUTHENTICATION
        link = self._links.get(bearer.handle)
        if link is None or not flags & (encryption | authentication):
            return None
        if not link.is_encrypted:
            bond = await self._store.read(self._ask, PEER_SECURITY, peer_key(link.identity))
            has_key = bond is not None and bond.ltk is not None
            return att.ATT_INSUFFICIENT_ENCRYPTION_ERROR if has_key else att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR
        if flags & authentication and not link.is_authenticated:
            return att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR
        return None

    # What the radio tells.

    def connected(self, bearer: Bearer, own_address: hci.Address) -> None:
        """A connection is there, under this address of ours."""

        def send(pdu: bytes) -> None:
            self._procedures.touch(bearer.handle)
            self._bearers.send(bearer, pdu, smp.SMP_CID)

        link = self._links[bearer.handle] = Link(bearer.handle, bearer.role, own_address, bearer.peer, send)
        if bearer.peer.is_resolvable:
            known = smp.AddressResolver([(irk, peer) for peer, irk in self._peers.items()]).resolve(bearer.peer)
            link.identity = _without_identity_type(known) if known else bearer.peer

    def identity(self, bearer: Bearer) -> hci.Address:
        """Who it is, as the firmware is told."""
        return self._links[bearer.handle].identity

    def disconnected(self, bearer: Bearer) -> None:
        """It is gone; a procedure that was under way has its event before."""
        link = self._links[bearer.handle]
        was_busy = self._procedures.drop(link)
        if was_busy:
            self._tell(link)
        del self._links[bearer.handle]
        link.emit(link.EVENT_DISCONNECTION, 0)

    def close(self) -> None:
        """The radio goes off, without a word to the firmware."""
        for link in list(self._links.values()):
            self._procedures.drop(link)
            link.emit(link.EVENT_DISCONNECTION, 0)
        self._links.clear()
        for task in list(self._tasks):
            task.cancel()

    def on_pdu(self, bearer: Bearer, pdu: bytes) -> None:
        """A command of the peer's security manager. What makes no sense is dropped."""
        link = self._links[bearer.handle]
        try:
            command = smp.SMP_Command.from_bytes(pdu)
        except Exception:  # noqa: BLE001  # whatever a stranger sends
            return
        procedure = self._procedures.get(link.handle)
        if isinstance(command, smp.SMP_Security_Request_Command):
            self._spawn(self._on_security_request(link, command.auth_req))
        elif isinstance(command, smp.SMP_Pairing_Request_Command):
            self._on_pairing_request(link, command)
        elif procedure is not None and procedure.session is not None:
            self._procedures.touch(link.handle)
            procedure.session.on_smp_command(command)
        elif procedure is not None and isinstance(command, smp.SMP_Pairing_Failed_Command):
            self._end(link)

    # Procedures.

    def _config(self, link: Link) -> PairingConfig:
        """What the firmware wants at this moment."""
        wanted = self._security
        # NimBLE's identity goes by the address that the connection was made under (ble_hs_conn_addrs), whatever is set
        # since.
        self._identity.of_link = None if link.self_address.is_random else link.self_address
        is_random = self._identity.of_link is None and self._address().is_random
        kind = PairingConfig.AddressType.RANDOM if is_random else PairingConfig.AddressType.PUBLIC
        user = User(
            wanted.io, lambda action, number: self._ask_user(link, action, number), lambda: self._may_pair(link)
        )
        return PairingConfig(wanted.le_secure, wanted.mitm, wanted.bond, user, kind)

    def _end(self, link: Link) -> None:
        """End what is under way, and tell how the link is now."""
        if self._procedures.drop(link):
            self._tell(link)

    def _tell(self, link: Link) -> None:
        state = (link.is_encrypted, link.is_authenticated, link.is_bonded, link.key_size)
        self._raise_irq(IRQ_ENCRYPTION_UPDATE, (link.handle, *(int(value) for value in state)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(lambda task: self._tasks.pop(task, None))

    async def _secure(self, link: Link, bond: Bond | None) -> None:
        """As the central: by the keys of the bond, or pair."""
        self._procedures.refuse_second(link)
        if bond is None or bond.ltk is None:
            session = self._manager.begin(link, is_initiator=True)
            self._procedures.begin(link, session=session)
            session.send_pairing_request_command()
            return
        self._procedures.begin(link, bond=bond)
        command = hci.HCI_LE_Enable_Encryption_Command(link.handle, bond.rand, bond.ediv, bond.ltk)
        status = await self._host.send_async_command(command, check_status=False)
        if status != hci.HCI_ErrorCode.SUCCESS:
            self._procedures.drop(link)
            raise OSError(-(_CONTROLLER_REFUSES + status), f"encryption: {hci.HCI_ErrorCode(status).name}")

    def _on_pairing_request(self, link: Link, command: smp.SMP_Pairing_Request_Command) -> None:
        procedure = self._procedures.get(link.handle)
        if procedure is not None and (procedure.session or procedure.bond):
            self._procedures.drop(link)
            link.send(smp.SMP_Pairing_Failed_Command(reason=smp.ErrorCode.UNSPECIFIED_REASON))
        elif link.role == hci.Role.CENTRAL:
            link.send(smp.SMP_Pairing_Failed_Command(reason=smp.ErrorCode.COMMAND_NOT_SUPPORTED))
        elif procedure is not None or not self._procedures.is_full:  # one of another connection: NimBLE says nothing
            self._procedures.drop(link)
            session = self._manager.begin(link, is_initiator=False)
            self._procedures.begin(link, session=session)
            session.on_smp_command(command)

    async def _may_pair(self, link: Link) -> bool:
        """A peer that we know has forgotten us: so do we."""
        peer = peer_key(link.identity)
        while await self._store.read(self._ask, PEER_SECURITY, peer) is not None:
            await self._store.forget(self._ask, peer)
        return True

    async def _on_security_request(self, link: Link, wanted: int) -> None:
        """The peripheral asks: by the bond, or by pairing where the bond is less than what it wants."""
        if link.role != hci.Role.CENTRAL:
            link.send(smp.SMP_Pairing_Failed_Command(reason=smp.ErrorCode.COMMAND_NOT_SUPPORTED))
            return
        bond = await self._store.read(self._ask, PEER_SECURITY, peer_key(link.identity))
        if bond is not None and link.is_encrypted:
            lacks_mitm = wanted & smp.AuthReq.MITM and not bond.is_authenticated
            lacks_sc = wanted & smp.AuthReq.SC and not bond.is_secure
            bond = None if lacks_mitm or lacks_sc else bond
        if link.handle in self._links:
            with contextlib.suppress(OSError):  # nobody asked
                await self._secure(link, bond)

    def _know(self, bond: Bond) -> None:
        if bond.irk is not None:
            self._peers[hci.Address(bond.peer[1:], hci.AddressType(bond.peer[0]))] = bond.irk

    # What the user is asked, and how a session ends.

    async def _ask_user(self, link: Link, action: int, number: int) -> int:
        procedure = self._procedures.get(link.handle)
        assert procedure is not None
        procedure.action = action
        procedure.answer = asyncio.get_running_loop().create_future()
        self._raise_irq(IRQ_PASSKEY_ACTION, (link.handle, action, number))
        return await procedure.answer

    def _on_paired(self, session: Session) -> None:
        link = session.connection
        link.is_authenticated |= session.is_authenticated
        link.is_bonded |= session.bonding
        if session.bonding and session.peer_bd_addr is not None:
            link.identity = session.peer_bd_addr
        self._procedures.drop(link)
        self._spawn(self._finish(link, session))

    async def _finish(self, link: Link, session: Session) -> None:
        if session.bonding:
            ours, theirs = session.bonds(self._identity.irk)
            await self._store.write(self._ask, OUR_SECURITY, ours)
            if await self._store.write(self._ask, PEER_SECURITY, theirs):
                self._know(theirs)
        if link.handle in self._links:
            self._tell(link)

    def _on_failed(self, session: Session, reason: int) -> None:
        link = session.connection
        if session.has_failed_here and reason == smp.ErrorCode.NUMERIC_COMPARISON_FAILED:
            self._procedures.drop(link)  # the user knows
        else:
            self._end(link)

    # What encryption on the air comes to.

    async def _long_term_key(self, connection: int, rand: bytes, ediv: int) -> bytes | None:
        link, procedure = self._links.get(connection), self._procedures.get(connection)
        if link is None:
            return None
        if procedure is not None and procedure.session is not None:
            return procedure.session.get_long_term_key(rand, ediv)
        bond = await self._store.read(self._ask, OUR_SECURITY, peer_key(link.identity))
        self._procedures.drop(link)
        if bond is None or bond.ltk is None or (bond.rand, bond.ediv) != (rand, ediv) or self._procedures.is_full:
            return None
        self._procedures.begin(link, bond=bond)
        return bond.ltk

    def _on_encryption_change(self, connection: int, is_encrypted: int, _key_size: int) -> None:
        link, procedure = self._links.get(connection), self._procedures.get(connection)
        if link is None:
            return
        link.is_encrypted = bool(is_encrypted)
        if procedure is None:
            return
        link.key_size = KEY_BYTES
        if procedure.session is not None:
            link.is_authenticated |= procedure.session.is_authenticated
            self._procedures.touch(connection)
            link.emit(link.EVENT_CONNECTION_ENCRYPTION_CHANGE)
            return
        if procedure.bond is not None:
            link.is_authenticated |= procedure.bond.is_authenticated
            link.is_bonded = True
        self._end(link)

    def _on_key_refresh(self, connection: int) -> None:
        self._on_encryption_change(connection, 1, 0)

    def _on_encryption_failure(self, connection: int, _status: int) -> None:
        link = self._links.get(connection)
        if link is not None:
            self._end(link)


def _without_identity_type(address: hci.Address) -> hci.Address:
    kind = hci.Address.RANDOM_DEVICE_ADDRESS if address.is_random else hci.Address.PUBLIC_DEVICE_ADDRESS
    return hci.Address(bytes(address), kind)
