"""The ports' flash modules inside the VM, and power that fails under them."""

import asyncio

import pytest

from interlock.core import settings
from simulator.hardware.vm import FirmwareError
from simulator.profiles import profile

from .boards import BOOT_S, for_s, play, to_the_end

JOURNAL = "import esp32; area = esp32.Partition.find(esp32.Partition.TYPE_DATA, label='journal')[0]"
PYB = "import pyb; area = pyb.Flash(start=0x18000, len=0x28000)"


@pytest.mark.parametrize(
    "expression, expected",
    [
        ("[p.info()[4] for p in esp32.Partition.find(1)]", "['nvs', 'phy_init', 'journal', 'vfs']"),
        ("area.info()", "(1, 64, 2097152, 1048576, 'journal', False)"),
        ("[p.info()[4] for p in esp32.Partition.find()]", "['factory']"),
        ("esp32.Partition.find(1, label='ota_0')", "[]"),
        ("esp32.Partition('nvs').readblocks(0, bytearray(8))", "OSError -262"),
        ("[p.info()[4] for p in esp32.Partition.find(1, 0x81)]", "['vfs']"),
        ("esp32.Partition(esp32.Partition.RUNNING).info()[4]", "factory"),
        ("esp32.Partition('nothing')", "OSError 2"),
        ("esp32.Partition(7)", "ValueError"),
        ("area.ioctl(4, 0), area.ioctl(5, 0), area.ioctl(3, 0), area.ioctl(99, 0)", "256 4096 0 None"),
        ("esp32.Partition('journal', 8192).ioctl(4, 0)", "128"),
        ("esp32.Partition('journal', 8192).ioctl(6, 0)", "-22"),
        ("area.get_next_update()", "OSError 2"),
        ("area.set_boot()", "OSError -5379"),
        ("esp32.Partition('factory').set_boot()", "OSError -261"),
        ("esp32.Partition.mark_app_valid_cancel_rollback()", "OSError -261"),
        ("area.writeblocks(0, bytes(100))", "OSError -260"),
        ("area.writeblocks(255, bytes(4097), 0)", "OSError -260"),
        ("esp32.Partition('factory').writeblocks(0, bytes(4096))", "OSError -269"),
    ],
)
def test_partitions_answer_as_on_an_esp32(tmp_path, expression, expected):
    script = f"""
        {JOURNAL}
        try:
            print({expression})
        except OSError as e:
            print("OSError", e.errno)
        except ValueError:
            print("ValueError")
        """
    assert play(tmp_path, script, to_the_end).output == [expected]


@pytest.mark.parametrize(
    "expression, expected",
    [
        ("area.ioctl(4, 0), area.ioctl(5, 0), area.ioctl(6, 0), area.ioctl(99, 0)", "320 512 0 None"),
        ("area.writeblocks(320, b'x', 0)", "-14"),
        ("area.writeblocks(319, bytes(1024), 0)", "-1"),
        ("area.writeblocks(320, bytes(512))", "-5"),
        ("area.readblocks(320, bytearray(512), 0)", "-14"),
        ("pyb.Flash(start=0, len=512).writeblocks(0, bytes(600), 0)", "0"),
        ("pyb.Flash(start=100)", "ValueError"),
        ("pyb.Flash(start=0, len=0x40200)", "ValueError"),
        ("pyb.Flash()", "TypeError"),
        ("pyb.LED", "AttributeError"),
    ],
)
def test_pyb_flash_returns_its_errors(tmp_path, expression, expected):
    script = f"""
        {PYB}
        try:
            print({expression})
        except Exception as e:
            print(type(e).__name__)
        """
    assert play(tmp_path, script, to_the_end, port="stm32wb").output == [expected]


def test_pyb_flash_keeps_a_write_in_its_cache_until_it_is_synced(tmp_path):
    script = f"""
        import time
        {PYB}
        area.writeblocks(1, b"record", 3)
        buffer = bytearray(6)
        area.readblocks(1, buffer, 3)
        print(buffer)
        t = time.ticks_us()
        area.ioctl(3, 0)
        print(time.ticks_diff(time.ticks_us(), t))
        """

    async def story(board):
        await to_the_end(board)
        assert board.flash.read(0x18000 + 512 + 3, 6) == b"record"

    board = play(tmp_path, script, story, port="stm32wb")
    port = board.profile
    assert board.output[0] == "bytearray(b'record')"
    assert int(board.output[1]) == port.erase_us + 16 * port.program_us + port.tick_us


@pytest.mark.parametrize("sleep_s, kept", [(0.0, b"old\xff\xff\xff"), (2.0, b"\xff" * 6), (7.0, b"oldnew")])
def test_power_lost_before_within_or_after_the_late_write_back_of_an_stm32(tmp_path, sleep_s, kept):
    script = f"""
        import time
        {PYB}
        area.writeblocks(0, b"old", 0)
        area.ioctl(3, 0)
        area.writeblocks(0, b"new", 3)
        print("written")
        time.sleep(60)
        """

    async def story(board):
        while not board.output:
            await asyncio.sleep(0.001)
        await asyncio.sleep(sleep_s)
        await board.power_off()
        assert board.flash.read(0x18000, 6) == kept

    play(tmp_path, script, story, port="stm32wb")


def test_a_soft_reset_of_an_stm32_writes_the_cache_back_and_a_hard_one_does_not(tmp_path):
    for how, kept in (("soft_reset", b"new"), ("reset", b"\xff\xff\xff")):
        script = f"""
            import machine
            {PYB}
            if machine.reset_cause() == machine.PWRON_RESET:
                area.writeblocks(0, b"new", 0)
                machine.{how}()
            """
        board = play(tmp_path, script, for_s(2), port="stm32wb")
        assert board.flash.read(0x18000, 3) == kept, how


def test_a_cut_on_cue_stops_an_stm32_in_its_rewrite(tmp_path):
    script = f"""
        {PYB}
        for n in range(10):
            area.writeblocks(0, bytes([n]), n)
            area.ioctl(3, 0)
            print(n)
        """

    async def story(board):
        board.cut_at_flash_operation(6, fraction=0)  # the third program
        await asyncio.sleep(3)
        assert not board.is_running and board.boots == 1
        assert board.flash.read(0x18000, 3) == b"\xff\xff\xff"

    assert play(tmp_path, script, story, port="stm32wb").output == ["0", "1"]


def test_power_can_be_cut_at_an_instant(tmp_path):
    async def story(board):
        board.cut_power(BOOT_S + 0.35)
        await asyncio.sleep(5)
        assert not board.is_running and board.boots == 1
        await board.power_on()
        await asyncio.sleep(BOOT_S + 0.15)

    script = "import time\nwhile True:\n    time.sleep_ms(100)\n    print(time.ticks_ms())"
    assert play(tmp_path, script, story).output == ["100", "200", "300", "100"]


def test_an_edge_during_an_stm32s_rewrite_is_latched(tmp_path):
    script = f"""
        import machine, time
        {PYB}
        count = []
        machine.Pin("C6", machine.Pin.IN).irq(lambda p: count.append(1))
        area.writeblocks(0, b"x", 0)
        area.ioctl(3, 0)
        print(len(count))
        """
    start_s = profile("stm32wb").boot_us / 1e6

    async def story(board):
        for n in range(5):
            asyncio.get_running_loop().call_at(start_s + 0.005 + n * 0.001, board.set_pin, "C6", 1 - n % 2)
        await to_the_end(board)

    assert play(tmp_path, script, story, port="stm32wb").output == ["1"]


def test_a_stuck_and_a_bouncing_wire_reach_the_firmware(tmp_path):
    script = """
        import time
        from machine import Pin
        edges = []
        stuck, bouncing = Pin(4, Pin.IN), Pin(5, Pin.IN)
        bouncing.irq(lambda p: edges.append(p.value()))
        time.sleep(1)
        print(stuck.value(), bouncing.value(), len(edges))
        """

    async def story(board):
        board.pins.stick(4, 1)
        board.set_pin(4, 0)
        asyncio.get_running_loop().call_at(BOOT_S + 0.1, board.pins.bounce, 5, 1, [200, 500, 900, 1600])
        await to_the_end(board)

    assert play(tmp_path, script, story).output == ["1 1 5"]


def test_rp2_refuses_what_is_no_part_of_its_storage(tmp_path):
    for options in ("start=100", "start=0, len=0", f"start=0, len={964 * 1024 + 4096}"):
        with pytest.raises(FirmwareError, match="ValueError"):
            play(tmp_path, f"import rp2\nrp2.Flash({options})", to_the_end, port="rp2")


def test_the_firmwares_area_on_an_stm32_behaves_like_nor_flash_and_is_on_the_chip_when_it_returns(tmp_path):
    script = """
        from interlock.boards.nucleo_wb55 import BOARD
        area = BOARD.journal_area()
        print(area.size, area.sector_bytes)
        area.program(4093, b"\\x0f" * 6)
        area.program(4095, b"\\x3c" * 2)
        cells = bytearray(8)
        area.read(4092, cells)
        print(*cells)
        area.erase(4096)
        area.read(4092, cells)
        print(*cells)
        try:
            area.read(area.size, cells)
        except OSError as e:
            print(e.errno)
        """

    async def story(board):
        await to_the_end(board)
        first = board.profile.journal_offset + settings.SECTORS * 4096
        assert board.flash.read(first + 4092, 8) == bytes([255, 15, 15, 12, 255, 255, 255, 255])

    board = play(tmp_path, script, story, port="stm32wb")
    size = board.profile.journal_bytes - settings.SECTORS * 4096
    assert board.output == [f"{size} 4096", "255 15 15 12 12 15 15 255", "255 15 15 12 255 255 255 255", "14"]
