"""What a radio on the air is seen to do."""

from bumble import hci
from bumble.device import Device, DeviceConfiguration
from bumble.transport.common import AsyncPipeSink

from simulator.radio.air import Air, Pdu
from simulator.radio.controller import AirController, QuietHost


def recorded(air: Air) -> list[Pdu]:
    log: list[Pdu] = []
    air.observers.append(log.append)
    return log


def bumble_device(name: str, air: Air, address: str) -> Device:
    controller = AirController(name, air, hci.Address("00:00:00:00:00:00/P"))
    host = QuietHost(controller, AsyncPipeSink(controller))
    controller.host = host
    return Device(config=DeviceConfiguration(name=name, address=hci.Address(address)), host=host)
