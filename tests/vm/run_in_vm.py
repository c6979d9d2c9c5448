"""Runs inside MicroPython: every test function of one module of tests/core, one line each."""

import sys

root, name = sys.argv[1], sys.argv[2]
sys.path[:0] = [root, root + "/firmware"]
module = __import__("tests.core." + name, None, None, ("*",))
failed = 0
for test in sorted(dir(module)):
    if not test.startswith("test_"):
        continue
    try:
        getattr(module, test)()
        print("ok", test)
    except Exception as error:  # noqa: BLE001 - a failing test is reported, and the next one run
        failed += 1
        print("FAILED", test)
        sys.print_exception(error)
sys.exit(1 if failed else 0)
