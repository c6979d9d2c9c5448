"""What the host tools to come rely on in bleak: its version line, and backends handed in by parameter."""

import inspect
from importlib.metadata import version

import bleak
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner


def test_bleak_is_of_the_line_that_is_pinned() -> None:
    assert version("bleak").startswith("3.")


def test_scanner_and_client_take_a_backend_class() -> None:
    for face in (bleak.BleakScanner, bleak.BleakClient):
        assert "backend" in inspect.signature(face.__init__).parameters


def test_backends_are_abstract_classes_to_inherit_from() -> None:
    assert inspect.isabstract(BaseBleakClient) and inspect.isabstract(BaseBleakScanner)
