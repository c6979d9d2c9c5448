"""One board's MicroPython `bluetooth.BLE`, host side: power, activation, and who does a call.

Calls become HCI commands to a Bumble controller on the air: `ble_stack.py` has what one activation has, `ble_config.py`
what `config` sets. The other half is `doubles/bluetooth.py`, inside the VM.
Behaviour of the two bindings from MicroPython 1.29, extmod/nimble/modbluetooth_nimble.c (esp32, stm32wb) and
extmod/btstack/modbluetooth_btstack.c (rp2); HCI and the air are `controller.py` and `air.py`.
"""

import asyncio
import errno
import random
from collections.abc import Callable
from typing import Any

from bumble import hci

from ..radio.air import Air
from .ble_config import ADDRESS_NRPA, ADDRESS_PUBLIC, ADDRESS_STATIC, Config, SecurityConfig
from .ble_stack import BleStack
from .bonds import Ask
from .broadcast import IRQ_SCAN_DONE, IRQ_SCAN_RESULT, Radio, RadioCosts
from .dialogue import Dialogue
from .pairing import Pairing

__all__ = [
    "ADDRESS_NRPA",
    "ADDRESS_PUBLIC",
    "ADDRESS_STATIC",
    "IRQ_SCAN_DONE",
    "IRQ_SCAN_RESULT",
    "Ble",
    "RadioCosts",
    "SecurityConfig",
]


_NIMBLE_DISABLED = -30  # BLE_HS_EDISABLED: the binding has no errno for it


class Ble:
    """The radio of the board `name`. `seed` is its stream of chance; events go out by `raise_irq(event, data, ticket)`.

    A ticket that is not 0 wants the handler's result by `answer`, when it has run.
    A board has power between `power_on` and `power_off`; its firmware has the radio after "active". Every call raises
    OSError with the errno that firmware sees on that port.
    """

    def __init__(
        self,
        name: str,
        air: Air,
        seed: random.Random,
        raise_irq: Callable[[int, tuple[Any, ...], int], None],
        costs: RadioCosts,
    ) -> None:
        self.name = name
        self._air = air
        self._seed = seed
        self._raise = raise_irq
        self._costs = costs
        self._is_nimble = costs.stack == "nimble"
        self._public_address = hci.Address(seed.randbytes(6), hci.Address.PUBLIC_DEVICE_ADDRESS)
        self._chance_of_keys = random.Random(f"keys {name} {self._public_address}")
        self._has_power = False
        self._stack: BleStack | None = None
        self._config = self._fresh_config()
        self._answers: dict[int, asyncio.Future[object]] = {}
        self._tickets = 0
        self._dialogue: Dialogue | None = None

    def _fresh_config(self) -> Config:
        return Config(self.name, self._is_nimble, self._public_address, self._seed)

    @property
    def security(self) -> SecurityConfig:
        """What the firmware wants of pairing."""
        return self._config.security

    async def power_on(self) -> None:
        """Supply on. The radio stays silent until the firmware activates it."""
        self._has_power = True

    async def power_off(self) -> None:
        """Supply off at this instant, a PDU on its way included; no event comes any more."""
        self._has_power = False
        self._drop()
        if self._dialogue is not None:
            self._dialogue.close()
        self._config = self._fresh_config()

    def _drop(self) -> None:
        if self._stack is not None:
            self._stack.close()
            self._stack = None
        for answer in list(self._answers.values()):
            answer.cancel()

    def _raise_irq(self, event: int, data: tuple[Any, ...]) -> None:
        self._raise(event, data, 0)

    def _ask(self, event: int, data: tuple[Any, ...]) -> "asyncio.Future[object]":
        """Tell the firmware, now; the future gets what its handler returned, in the wire's values."""
        self._tickets += 1
        ticket = self._tickets
        answer = self._answers[ticket] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda _: self._answers.pop(ticket))
        self._raise(event, data, ticket)
        return answer

    def answer(self, ticket: int, result: object) -> None:
        """The handler has run and returned this; a ticket that nobody waits for is ignored."""
        answer = self._answers.get(ticket)
        if answer is not None and not answer.done():
            answer.set_result(result)

    def answer_all(self) -> None:
        """Nobody will answer any more."""
        for ticket in list(self._answers):
            self.answer(ticket, None)

    async def call(self, op: str, args: tuple[Any, ...]) -> object:
        """Execute one operation of `bluetooth.BLE` and return its value; its cost passes in virtual time meanwhile.

        ValueError for an operation or a parameter that this simulator does not have: the world's fault, not firmware's.
        """
        match op:
            case "active":
                return await self._active(_nobody, *args)
            case "gap_pair":
                await self._pairing(_NIMBLE_DISABLED).pair(args[0], _nobody)
            case "gap_passkey":
                self._pairing(errno.ENOENT).passkey(*args)
            case "converse":
                return await self._converse(*args)
            case "go_on":
                assert self._dialogue is not None
                return await self._dialogue.go_on(*args)
            case "answer":
                self.answer(*args)
            case "config_get":
                return self._config.get(args[0], self._active_stack)
            case "config_set":
                for key, value in args:
                    await self._config.set(key, value, self._active_stack)
            case "gap_advertise" if args[0] is None and self._stack is None:
                pass  # without a radio the bindings stop silently
            case _:
                return await self._active_stack().call(op, args)
        return None

    async def _converse(self, op: str, argument: Any) -> tuple[object, ...]:
        """A call within which the stack may ask the firmware's handler."""
        dialogue = self._dialogue = Dialogue()
        if op == "active":
            return await dialogue.begin(self._active(dialogue.ask, argument))
        return await dialogue.begin(self._pairing(_NIMBLE_DISABLED).pair(argument, dialogue.ask))

    def _pairing(self, refusal: int) -> Pairing:
        if self._stack is None:  # the bindings do not look at these two calls
            raise OSError(refusal, f"the radio of {self.name} is not active")
        pairing = self._stack.pairing
        if pairing is None:
            raise ValueError(f"{self.name}: this port is built without pairing")
        return pairing

    async def _active(self, ask: Ask, wanted: bool | None) -> bool:
        """NimBLE's binding begins anew where it is active already."""
        if self._stack is not None and wanted is not None and (not wanted or self._is_nimble):
            self._stack.say_goodbye()
            self._drop()
        if wanted and self._stack is None:
            if not self._has_power:
                raise OSError(errno.ETIMEDOUT, f"{self.name} has no power")
            radio = Radio(self.name, self._air, self._public_address, self._costs)
            self._config.activated()
            self._stack = BleStack(radio, self._costs, self._config, self._chance_of_keys, self._raise_irq, self._ask)
            try:
                await radio.host.reset(driver_factory=None)
            except hci.HCI_Error as error:
                raise OSError(errno.ETIMEDOUT, f"{self.name} lost its power meanwhile") from error
            if self._stack is not None and self._stack.pairing is not None:
                self._config.irk = await self._stack.pairing.start(ask)
        return self._stack is not None

    def _active_stack(self) -> BleStack:
        if self._stack is None:
            raise OSError(errno.ENODEV, f"the radio of {self.name} is not active")
        return self._stack


async def _nobody(event: int, data: tuple[object, ...]) -> object:
    """Who calls without a handler has no answers either."""
    return None
