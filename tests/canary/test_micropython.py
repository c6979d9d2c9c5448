"""What the simulator borrows from the MicroPython unix VM. A new build that changes any of it is noticed here first."""

import socket
import subprocess
from textwrap import dedent

import pytest

from simulator.hardware.interpreter import find_vm

OVERRIDABLE = ("time", "os", "hashlib", "random", "machine", "bluetooth", "esp32", "rp2", "board")
ONLY_BY_SYS_MODULES = ("_asyncio", "_thread", "gc", "micropython", "vfs", "termios", "tls")


def run(tmp_path, script: str) -> list[str]:
    path = tmp_path / "canary.py"
    path.write_text(dedent(script))
    done = subprocess.run([find_vm(), str(path)], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_the_path_begins_with_the_scripts_directory(tmp_path):
    assert run(tmp_path, "import sys\nprint(sys.path[0])") == [str(tmp_path)]


@pytest.mark.parametrize("name", OVERRIDABLE)
def test_a_file_on_the_path_goes_before_the_built_in_module(tmp_path, name):
    (tmp_path / f"{name}.py").write_text("double = True")
    assert run(tmp_path, f"import {name}\nprint({name}.double)") == ["True"]


@pytest.mark.parametrize("name", ONLY_BY_SYS_MODULES)
def test_some_modules_give_way_to_sys_modules_only(tmp_path, name):
    (tmp_path / f"{name}.py").write_text("double = True")
    script = f"""
        import sys, {name}
        print(hasattr({name}, "double"))
        class Absent: double = True
        sys.modules["{name}"] = Absent
        import {name}
        print({name}.double)
        """
    assert run(tmp_path, script) == ["False", "True"]


@pytest.mark.parametrize("name", ("time", "os", "hashlib", "random", "machine"))
def test_the_doubles_reach_the_real_module_by_its_u_name(tmp_path, name):
    (tmp_path / f"{name}.py").write_text("double = True")
    script = f"""
        import sys, u{name}
        print(hasattr(u{name}, "double"))
        sys.modules["u{name}"] = sys
        import u{name}
        print(u{name} is sys)
        """
    assert run(tmp_path, script) == ["False", "True"]


@pytest.mark.parametrize("name", ("bluetooth", "esp32", "rp2", "board", "hmac"))
def test_the_vm_has_no_such_module_of_its_own(tmp_path, name):
    script = f"""
        try:
            import {name}
            print("it has")
        except ImportError:
            print("none")
        """
    assert run(tmp_path, script) == ["none"]


def test_its_machine_has_neither_pins_nor_watchdog(tmp_path):
    assert run(tmp_path, "import machine\nprint(hasattr(machine, 'Pin'), hasattr(machine, 'WDT'))") == ["False False"]


def test_asyncio_reads_the_real_clock_whatever_time_is(tmp_path):
    script = """
        import sys, utime
        class Frozen:
            ticks_ms = staticmethod(lambda: 0)
        sys.modules["time"] = Frozen
        import _asyncio
        before = utime.ticks_ms()
        queue, task = _asyncio.TaskQueue(), _asyncio.Task((x for x in ()), {})
        queue.push(task)
        print(utime.ticks_diff(task.ph_key, before) >= 0, utime.ticks_diff(utime.ticks_ms(), task.ph_key) >= 0)
        """
    assert run(tmp_path, script) == ["True True"]


def test_locking_the_heap_nests_and_unlocking_tells_the_depth(tmp_path):
    script = """
        import micropython
        def depth():
            micropython.heap_lock()
            return micropython.heap_unlock()
        print(depth())
        micropython.heap_lock()
        micropython.heap_lock()
        d = depth()
        try:
            bytearray(1000)
            refused = False
        except MemoryError:
            refused = True
        micropython.heap_unlock()
        micropython.heap_unlock()
        print(d, refused, len(bytearray(1000)))
        """
    script = script.replace("def depth", "d = refused = 0\n        def depth")
    assert run(tmp_path, script) == ["0", "2 True 1000"]


def test_sha256_has_no_copy_and_ends_with_its_digest(tmp_path):
    script = """
        import hashlib
        h = hashlib.sha256(b"x")
        print(hasattr(h, "copy"), hasattr(h, "hexdigest"))
        h.digest()
        try:
            h.update(b"y")
        except ValueError as error:
            print(error)
        """
    assert run(tmp_path, script) == ["False False", "hash is final"]


def test_small_integers_are_wider_than_a_boards(tmp_path):
    assert run(tmp_path, "import sys\nprint(sys.maxsize)") == [str(2**63 - 1)]


def test_struct_knows_no_char_format(tmp_path):
    script = """
        import struct
        try:
            struct.pack("<c", b"x")
        except ValueError as error:
            print(error)
        """
    assert run(tmp_path, script) == ["bad typecode"]


def test_the_generator_repeats_from_its_seed(tmp_path):
    script = "import random\nrandom.seed(5)\nprint(random.getrandbits(32), random.random())"
    assert run(tmp_path, script) == run(tmp_path, script)


def test_the_collector_counts_live_bytes(tmp_path):
    script = """
        import gc
        gc.collect()
        before = gc.mem_alloc()
        kept = bytearray(50000)
        gc.collect()
        print(50000 <= gc.mem_alloc() - before < 50200)
        """
    assert run(tmp_path, script) == ["True"]


def test_a_file_on_a_descriptor_reads_exactly_and_does_not_buffer(tmp_path):
    script = """
        import os
        line = open(int(__import__("sys").argv[1]), "r+b")
        header = bytearray(4)
        line.write(b"ask")
        print(line.readinto(header), bytes(header), line.read(2))
        """
    ours, theirs = socket.socketpair()
    path = tmp_path / "line.py"
    path.write_text(dedent(script))
    with ours, theirs:
        process = subprocess.Popen(
            [find_vm(), str(path), str(theirs.fileno())], pass_fds=[theirs.fileno()], stdout=subprocess.PIPE
        )
        assert ours.recv(16) == b"ask"
        ours.sendall(b"ab")
        ours.sendall(b"cdefgh")
        assert process.communicate(timeout=60)[0] == b"4 b'abcd' b'ef'\n"


def test_an_uncaught_exception_ends_it_with_code_1_and_a_traceback(tmp_path):
    path = tmp_path / "fails.py"
    path.write_text("raise ValueError('x')")
    done = subprocess.run([find_vm(), str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == b"Traceback (most recent call last):"
    assert done.stdout.splitlines()[-1] == b"ValueError: x"
