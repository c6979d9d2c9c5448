"""What doctor says of a computer, system by system, on answers that were recorded."""

import asyncio
import datetime
import re
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from host_tools.context import Context
from host_tools.doctor import clock, desktop, keeping, linux, program
from host_tools.doctor.bluez import TABLE, Adapter, BlueZ, Device
from host_tools.doctor.clock import ClockState
from host_tools.doctor.examine import examine
from host_tools.doctor.surroundings import Surroundings, Trial, this_computer
from host_tools.store.store import Store
from host_tools.vault.vault import Vault

ON = Adapter("/org/bluez/hci0", "00:1A:7D:DA:71:0A", True, False, ("central", "peripheral"))
OFF = Adapter("/org/bluez/hci0", "00:1A:7D:DA:71:0A", False, False, ("central", "peripheral"))
NOW = datetime.datetime(2026, 11, 27, tzinfo=datetime.UTC)


class Recorded:
    """A computer as it was found: files of its system, answers of its commands, of BlueZ, of its radio."""

    def __init__(self, root: Path, platform: str = "linux") -> None:
        self.root, self.platform = root, platform
        self.version = {"linux": "#1 SMP", "darwin": "26.1", "win32": "10.0.26100"}[platform]
        self.environ: dict[str, str] = {}
        self.commands: dict[str, str] = {"bluetoothctl --version": "bluetoothctl: 5.66\n"}
        self.bluez = BlueZ(adapters=(ON,))
        self.trial = Trial(heard=2)
        self.clock: ClockState | None = ClockState(True, 12.0)

    def file(self, path: str, text: str) -> None:
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def around(self) -> Surroundings:
        async def bluez() -> BlueZ:
            return self.bluez

        async def trial() -> Trial:
            return self.trial

        return Surroundings(
            self.platform,
            self.version,
            self.root,
            self.environ,
            lambda command: self.commands.get(" ".join(command)),
            bluez,
            trial,
            lambda: self.clock,
        )

    def checks(self, home: Path | None = None, air: str | None = None) -> dict[str, tuple[str, str]]:
        """Check: (outcome, all that is said)."""
        found = asyncio.run(examine(Context(home or self.root / "home", air), self.around()))
        return {each.check: (each.outcome, f"{each.found} | {each.advice}") for each in found}


@pytest.fixture
def linux_box(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def test_a_computer_that_is_fit_has_nothing_to_be_told(linux_box: Recorded) -> None:
    found = linux_box.checks()
    assert {outcome for outcome, _ in found.values()} <= {"ok", "skipped"}
    assert found["radio"] == ("ok", "a scan works; 2 units invite here | None")
    assert found["BlueZ version"][1].startswith("5.66")


@pytest.mark.parametrize(
    ("trouble", "files", "environ", "says"),
    [
        ("service", {"/usr/libexec/bluetooth/bluetoothd": ""}, {}, "does not run.*systemctl enable --now bluetooth"),
        ("service", {}, {}, "not installed.*apt install bluez"),
        ("bus", {}, {}, "no system bus.*apt install dbus"),
        ("bus", {"/.dockerenv": ""}, {}, "a container.*-v /run/dbus"),
        ("bus", {"/.flatpak-info": ""}, {}, "a flatpak.*--socket=system-bus"),
        ("bus", {}, {"SNAP": "/snap/interlock/1"}, "a snap.*snap connect"),
        ("bus", {"/proc/version": "Linux 6.6 Microsoft WSL2"}, {}, "WSL.*Windows' own Python"),
        ("denied", {"/etc/dbus-1/system.d/bluetooth.conf": '<policy group="lp">'}, {}, "refuses.*usermod -aG lp"),
        ("denied", {}, {}, "refuses.*Ask the administrator"),
        ("silent", {}, {}, "does not answer.*systemctl restart bluetooth"),
    ],
)
def test_a_service_that_cannot_be_reached_is_told_with_its_reason(
    linux_box: Recorded, trouble: str, files: dict[str, str], environ: dict[str, str], says: str
) -> None:
    linux_box.bluez = BlueZ(trouble, "as D-Bus said")
    linux_box.environ = environ
    for path, text in files.items():
        linux_box.file(path, text)
    found = linux_box.checks()
    outcome, text = found["Bluetooth service"]
    assert outcome == "fail"
    assert re.search(says, text), text
    assert found["radio"][0] == "skipped"


@pytest.mark.parametrize(("said", "outcome"), [("bluetoothctl: 5.54", "fail"), ("5.55", "ok"), ("", "skipped")])
def test_old_bluez_is_found(linux_box: Recorded, said: str, outcome: str) -> None:
    linux_box.commands = {"bluetoothctl --version": said}
    assert linux_box.checks()["BlueZ version"][0] == outcome


@pytest.mark.parametrize(
    ("adapters", "rfkill", "check", "outcome", "says"),
    [
        ((), {}, "adapter", "fail", "no Bluetooth adapter"),
        ((), {"hard": "1", "soft": "0"}, "adapter", "fail", "a hard block.*switch or the key"),
        ((OFF,), {"hard": "0", "soft": "0"}, "adapter hci0", "fail", "is off.*bluetoothctl power on"),
        ((OFF,), {"hard": "0", "soft": "1"}, "adapter hci0", "fail", "a soft block.*rfkill unblock bluetooth"),
        ((Adapter("/org/bluez/hci0", "A", True, False, ()),), {}, "adapter hci0", "fail", "cannot connect to"),
        ((Adapter("/org/bluez/hci0", "A", True, False, None),), {}, "adapter hci0", "ok", "is on"),
        ((Adapter("/org/bluez/hci0", "A", True, True, None),), {}, "adapter hci0", "warn", "another program scans"),
    ],
)
def test_adapters_are_told_one_by_one(
    linux_box: Recorded, adapters: tuple[Adapter, ...], rfkill: dict[str, str], check: str, outcome: str, says: str
) -> None:
    linux_box.bluez = BlueZ(adapters=adapters)
    for name, text in {"type": "bluetooth", "name": "hci0", **rfkill}.items() if rfkill else ():
        linux_box.file(f"/sys/class/rfkill/rfkill0/{name}", text)
    got, text = linux_box.checks()[check]
    assert (got, bool(re.search(says, text))) == (outcome, True), text


def test_a_second_adapter_that_is_off_hinders_nobody(linux_box: Recorded) -> None:
    linux_box.bluez = BlueZ(adapters=(ON, Adapter("/org/bluez/hci1", "B", False, False, ("central",))))
    found = linux_box.checks()
    assert (found["adapter hci0"][0], found["adapter hci1"][0], found["radio"][0]) == ("ok", "warn", "ok")


def test_an_adapter_that_only_the_kernel_sees_is_not_called_missing(linux_box: Recorded) -> None:
    linux_box.bluez = BlueZ()
    linux_box.file("/sys/class/bluetooth/hci0/address", "")
    assert "BlueZ does not manage" in linux_box.checks()["adapter"][1]


@pytest.mark.parametrize(("wifi", "outcome"), [("up", "warn"), ("down", "ok")])
def test_a_raspberry_pi_shares_its_radio_with_wifi(linux_box: Recorded, wifi: str, outcome: str) -> None:
    linux_box.file("/proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
    linux_box.file("/sys/class/net/wlan0/operstate", wifi)
    assert linux_box.checks()["Wi-Fi beside Bluetooth"][0] == outcome


def device(serial: str | None, bonded: bool = False, table: frozenset[str] | None = TABLE) -> Device:
    return Device("/org/bluez/hci0/dev_1", "/org/bluez/hci0", "D6:FB:36:71:25:D7", serial, bonded, False, table)


@pytest.mark.parametrize(
    ("remembered", "check", "outcome", "can_be_mended"),
    [
        ((), "bonds and caches", "ok", False),
        ((device("H1"), device("C1", table=None)), "bonds and caches", "ok", False),
        ((device("H1", bonded=True),), "bond with H1 (not in this vault)", "warn", True),
        ((device("H1", table=TABLE - {min(TABLE)}),), "cache of H1 (not in this vault)", "fail", True),
        ((device(None, table=TABLE | {"f00d"}),), "cache of a unit at D6:FB:36:71:25:D7", "fail", True),
    ],
)
def test_what_bluez_remembers_of_units_is_judged(
    remembered: tuple[Device, ...], check: str, outcome: str, can_be_mended: bool
) -> None:
    (found,) = linux.memories(BlueZ(adapters=(ON,), devices=remembered), [])
    assert (found.check, found.outcome, found.fix is not None) == (check, outcome, can_be_mended)


def test_a_unit_of_the_vault_is_called_by_its_serial() -> None:
    (found,) = linux.memories(BlueZ(devices=(device("H1", bonded=True),)), ["H1"])
    assert found.check == "bond with H1"


def test_macos_that_kills_the_program_is_explained(tmp_path: Path) -> None:
    mac = Recorded(tmp_path, "darwin")
    mac.environ = {"TERM_PROGRAM": "vscode"}
    mac.trial = Trial(signal=6)
    found = mac.checks()
    assert found["radio"][0] == "fail"
    assert "SIGABRT" in found["radio"][1]
    assert "Privacy & Security" in found["radio"][1]
    assert "vscode" in found["permission"][1]
    assert "Bluetooth service" not in found
    mac.environ = {"SSH_CONNECTION": "10.0.0.1"}
    assert mac.checks()["permission"][0] == "fail"


def test_macos_says_by_bleak_what_its_radio_is(tmp_path: Path) -> None:
    mac = Recorded(tmp_path, "darwin")
    mac.trial = Trial(happened="Bluetooth is not available: off", advice="Switch Bluetooth on.")
    assert mac.checks()["radio"] == ("fail", "Bluetooth is not available: off | Switch Bluetooth on.")


@pytest.mark.parametrize(("version", "outcome"), [("10.0.15063", "fail"), ("10.0.16299", "ok"), ("10.0.26100", "ok")])
def test_windows_is_too_old_before_bleaks_oldest(tmp_path: Path, version: str, outcome: str) -> None:
    windows = Recorded(tmp_path, "win32")
    windows.version = version
    found = windows.checks()
    assert found["Windows version"][0] == outcome
    assert found["radio"][0] == "ok"
    assert "bond" in found["bonds and caches"][1]


def test_a_signal_elsewhere_is_not_taken_for_macos() -> None:
    assert "signal 11" in desktop.radio(Trial(signal=11), "linux").found


@pytest.mark.parametrize(
    ("state", "now", "outcome"),
    [
        (ClockState(True, 12.0), NOW, "ok"),
        (ClockState(True), NOW, "ok"),
        (ClockState(True, 16_000.0), NOW, "warn"),
        (ClockState(False), NOW, "warn"),
        (None, NOW, "skipped"),
        (ClockState(True), datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC), "fail"),
    ],
)
def test_a_clock_that_nobody_keeps_is_told(
    linux_box: Recorded, state: ClockState | None, now: datetime.datetime, outcome: str
) -> None:
    linux_box.clock = state
    assert clock.clock(linux_box.around(), now).outcome == outcome


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("Leap Indicator: 0(no warning)\r\nStratum: 3\r\n", ClockState(True)),
        ("Sprungindikator: 3(nicht synchronisiert)\r\nStratum: 0\r\n", ClockState(False)),
        (None, None),
    ],
)
def test_windows_time_service_is_read_in_any_language(said: str | None, state: ClockState | None) -> None:
    assert clock.look("win32", lambda _: said) == state


def test_this_kernels_clock_is_read() -> None:
    state = this_computer().clock()
    assert state is not None
    assert state.error_ms is not None and state.error_ms >= 0


def test_missing_time_zones_are_told() -> None:
    def none(name: str) -> object:
        raise ZoneInfoNotFoundError(name)

    assert (clock.zone(ZoneInfo).outcome, clock.zone(none).outcome) == ("ok", "fail")


@pytest.mark.parametrize(
    ("requirement", "installed", "says"),
    [
        ("bleak<4,>=3.1", "3.1.0", None),
        ("bleak<4,>=3.1", "3.0.1", "bleak 3.0.1 is not >=3.1"),
        ("bleak<4,>=3.1", "4.0", "bleak 4.0 is not <4"),
        ("rich<16,>=14", None, "rich is missing"),
        ('zxing-cpp<4,>=3.1; extra == "images"', None, None),
        ('zxing-cpp<4,>=3.1; extra == "images"', "2.2", "zxing-cpp 2.2 is not >=3.1"),
        ('bumble==0.0.236; extra == "sim"', "0.0.235", "bumble 0.0.235 is not ==0.0.236"),
    ],
)
def test_packages_are_held_against_what_the_program_asks_for(
    requirement: str, installed: str | None, says: str | None
) -> None:
    (found,) = program.packages([requirement], lambda _: installed)
    assert (found.outcome, found.found if says else None) == ("fail" if says else "ok", says)


def test_what_this_program_asks_for_is_installed_here() -> None:
    assert program.python((3, 10)).outcome == "fail"
    found = {check: outcome for check, (outcome, _) in Recorded(Path("/nonexistent")).checks().items()}
    assert (found["Python"], found["packages"]) == ("ok", "ok")


def test_a_home_that_others_can_look_into_can_be_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (_, found) = keeping.home(home)
    assert found.outcome == "warn"
    assert found.fix is not None
    asyncio.run(found.fix.do())
    assert [each.outcome for each in keeping.home(home)] == ["ok", "ok"]


def test_a_full_disk_is_told_before_a_pull_meets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = {"free": 10 << 20}
    monkeypatch.setattr(keeping.shutil, "disk_usage", lambda _: type("Usage", (), left))
    assert next(keeping.home(tmp_path)).outcome == "fail"
    left["free"] = 500 << 20
    assert next(keeping.home(tmp_path)).outcome == "warn"


def test_a_vault_in_clear_fails_and_damaged_locks_are_told(tmp_path: Path) -> None:
    context = Context(tmp_path)
    assert keeping.vault(context).outcome == "skipped"
    Vault.create(context.vault_path, "LONDON")
    assert (keeping.vault(context).outcome, "not encrypted" in keeping.vault(context).found) == ("fail", True)
    (context.vault_path / "keys.json").write_text("{")
    assert "not encrypted" not in keeping.vault(context).found
    assert keeping.vault(context).outcome == "fail"


def test_a_vault_is_looked_at_without_being_opened(tmp_path: Path) -> None:
    context = Context(tmp_path / "home", key_file=tmp_path / "key", person="alice")
    context.create_vault("LONDON")
    (tmp_path / "key").unlink()
    found = keeping.vault(context)
    assert (found.outcome, "key file of alice" in found.found) == ("warn", True)


def test_a_damaged_store_is_told_apart_from_a_sound_one(tmp_path: Path) -> None:
    context = Context(tmp_path)
    assert [each.outcome for each in keeping.store(context)] == ["skipped"]
    store = Store.open(context.store_place)
    store.learn_unit("H1", 1, 1, "holster 1")
    store.close()
    assert [each.outcome for each in keeping.store(context)] == ["ok"]
    data = bytearray(context.store_place.read_bytes())
    data[4096 * 2 : 4096 * 6] = b"\xa5" * 4096 * 4
    context.store_place.write_bytes(data)
    assert "fail" in [each.outcome for each in keeping.store(context)]


def test_a_log_that_has_grown_is_told(tmp_path: Path) -> None:
    context = Context(tmp_path)
    Store.open(context.store_place).close()
    with (tmp_path / "journals.sqlite-wal").open("wb") as log:
        log.truncate(keeping.WAL_BYTES_MAX + 1)
    assert ("write-ahead log", "warn") in [(each.check, each.outcome) for each in keeping.store(context)]


def test_behind_a_door_no_bluetooth_is_looked_at(linux_box: Recorded) -> None:
    found = linux_box.checks(air="tcp:127.0.0.1:1")
    assert found["virtual air"][0] == "fail"
    assert "Bluetooth service" not in found
