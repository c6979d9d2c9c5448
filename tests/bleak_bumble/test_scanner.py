"""bleak's scanner over Bumble."""

import asyncio

import pytest
from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakBluetoothNotAvailableError, BleakError

from bleak_bumble import backends
from simulator.clock import run
from tests.bleak_bumble.world import ADVERTISEMENT, LOCAL_NAME, OTHER_SERVICE, SERVICE, World, ad

pytestmark = pytest.mark.usefixtures("both_worlds")


def test_a_scan_finds_who_advertises_and_hears_nobody_after_its_end() -> None:
    async def main() -> None:
        world = await World().start()
        unit = await world.peripheral()
        heard: list[tuple[BLEDevice, AdvertisementData]] = []
        async with BleakScanner(lambda d, a: heard.append((d, a)), backend=world.backends.scanner) as scanner:
            await asyncio.sleep(5)
        count = len(heard)
        await asyncio.sleep(5)
        assert len(heard) == count > 2
        device, data = heard[0]
        assert (device.address, device.name, data.service_uuids) == (unit.address, "unit", [SERVICE])
        assert scanner.discovered_devices == [device]
        assert not world.laptop.is_scanning

    run(main())


def test_only_devices_with_a_wanted_service_are_shown() -> None:
    async def main() -> None:
        world = await World().start()
        unit = await world.peripheral(2)
        await (await world.peripheral(3, advertise=False)).advertise(ad(LOCAL_NAME, b"other"))
        for wanted, found in (([SERVICE.upper()], [unit.address]), ([OTHER_SERVICE], [])):
            devices = await BleakScanner.discover(5, service_uuids=wanted, backend=world.backends.scanner)
            assert [device.address for device in devices] == found

    run(main())


def test_scanners_share_the_radio_and_it_scans_actively_while_one_of_them_wants_that() -> None:
    async def main() -> None:
        world = await World().start()
        await world.peripheral()
        kind = world.backends.scanner
        counts = [0, 0]

        def count(i: int) -> None:
            counts[i] += 1

        passive = BleakScanner(lambda d, a: count(0), scanning_mode="passive", backend=kind)
        active = BleakScanner(lambda d, a: count(1), backend=backends(world.laptop).scanner)
        await passive.start()
        assert world.laptop.scanning_is_passive
        await active.start()
        assert not world.laptop.scanning_is_passive
        await asyncio.sleep(5)
        await active.stop()
        assert world.laptop.is_scanning and world.laptop.scanning_is_passive
        assert all(counts)
        middle = counts.copy()
        await asyncio.sleep(5)
        await passive.stop()
        assert counts[0] > middle[0] and counts[1] == middle[1]
        assert not world.laptop.is_scanning

    run(main())


def test_a_name_that_comes_later_is_taken_over() -> None:
    async def main() -> None:
        world = await World().start()
        unit = await world.peripheral(advertise=False)
        await unit.advertise(b"\x02\x01\x06")
        async with BleakScanner(backend=world.backends.scanner) as scanner:
            await asyncio.sleep(5)
            (device,) = scanner.discovered_devices
            assert device.name is None
            await unit.device.stop_advertising()
            await unit.advertise(ADVERTISEMENT)
            await asyncio.sleep(5)
            assert device.name == "unit"

    run(main())


def test_an_exception_in_a_callback_reaches_the_loops_handler_and_scanning_goes_on() -> None:
    async def main() -> None:
        world = await World().start()
        await world.peripheral()
        errors: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context["exception"]))

        def stumble(device: BLEDevice, data: AdvertisementData) -> None:
            raise LookupError

        async with BleakScanner(stumble, backend=world.backends.scanner):
            await asyncio.sleep(5)
        assert len(errors) > 2 and all(isinstance(error, LookupError) for error in errors)

    run(main())


def test_starting_twice_is_an_error_and_stopping_twice_is_none() -> None:
    async def main() -> None:
        world = await World().start()
        scanner = BleakScanner(backend=world.backends.scanner)
        await scanner.stop()
        await scanner.start()
        with pytest.raises(BleakError):
            await scanner.start()
        await scanner.stop()
        await scanner.stop()
        await scanner.start()
        await scanner.stop()

    run(main())


def test_a_scan_whose_start_is_cancelled_leaves_the_radio_silent() -> None:
    async def main() -> None:
        world = await World().start()
        start = asyncio.create_task(BleakScanner(backend=world.backends.scanner).start())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        assert not world.laptop.is_scanning
        async with BleakScanner(backend=world.backends.scanner):
            assert world.laptop.is_scanning
        assert not world.laptop.is_scanning

    run(main())


def test_a_radio_that_is_off_is_named_as_such() -> None:
    async def main() -> None:
        world = await World().start()
        await world.laptop.power_off()
        with pytest.raises(BleakBluetoothNotAvailableError):
            await BleakScanner(backend=world.backends.scanner).start()
        await world.laptop.power_on()
        async with BleakScanner(backend=world.backends.scanner):
            pass

    run(main())


def test_a_mistyped_argument_is_refused_where_bleak_would_ignore_it() -> None:
    async def main() -> None:
        world = await World().start()
        with pytest.raises(TypeError):
            BleakScanner(service_uids=[SERVICE], backend=world.backends.scanner)

    run(main())
