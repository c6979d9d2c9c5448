"""The agent that BlueZ asks when it pairs. Apart, since dbus-fast is there on Linux only; it reads the annotations."""

from dbus_fast.annotations import DBusObjectPath, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method

PATH = "/interlock/agent"


class Agent(ServiceInterface):
    """org.bluez.Agent1 without input or output: agrees to what this program asked for."""

    def __init__(self) -> None:
        super().__init__("org.bluez.Agent1")

    @dbus_method()
    def Release(self) -> None:
        """BlueZ needs it no more."""

    @dbus_method()
    def RequestAuthorization(self, device: DBusObjectPath) -> None:
        """Yes."""

    @dbus_method()
    def RequestConfirmation(self, device: DBusObjectPath, passkey: DBusUInt32) -> None:
        """Yes: there is nobody to compare numbers."""

    @dbus_method()
    def Cancel(self) -> None:
        """The other side gave up."""
