"""What advertising reports look like in bleak."""

from bumble import hci
from bumble.device import Advertisement
from hypothesis import given
from hypothesis import strategies as st

from bleak_bumble.advertising import Portrait
from tests.bleak_bumble.world import (
    LOCAL_NAME,
    MANUFACTURER,
    SERVICE,
    SERVICE_DATA_16,
    SERVICE_UUIDS_128,
    ad,
    uuid_bytes,
)

ADDRESS = hci.Address("C0:00:00:00:00:02")
BATTERY = "0000180f-0000-1000-8000-00805f9b34fb"


def heard(data: bytes, is_response: bool = False, rssi: int = -60) -> Advertisement:
    return Advertisement(ADDRESS, rssi=rssi, is_scan_response=is_response, data_bytes=data)


def test_every_kind_of_content_arrives() -> None:
    data = b"".join(
        (
            ad(0x03, bytes.fromhex("0f18")),
            ad(0x05, bytes.fromhex("78563412")),
            ad(SERVICE_UUIDS_128, uuid_bytes(SERVICE)),
            ad(SERVICE_DATA_16, bytes.fromhex("0f1864")),
            ad(0x20, bytes.fromhex("78563412") + b"b"),
            ad(0x21, uuid_bytes(SERVICE) + b"c"),
            ad(MANUFACTURER, bytes.fromhex("4c00") + b"m"),
            ad(0x0A, b"\xf8"),
        )
    )
    seen = Portrait().update(heard(data))
    assert seen.service_uuids == [BATTERY, "12345678-0000-1000-8000-00805f9b34fb", SERVICE]
    assert seen.service_data == {BATTERY: b"d", "12345678-0000-1000-8000-00805f9b34fb": b"b", SERVICE: b"c"}
    assert seen.manufacturer_data == {0x4C: b"m"}
    assert (seen.tx_power, seen.rssi, seen.local_name) == (-8, -60, None)


def test_a_scan_response_is_merged_and_stays_until_there_is_a_new_one() -> None:
    portrait = Portrait()
    assert portrait.update(heard(ad(MANUFACTURER, b"\x01\x00a"))).local_name is None
    assert portrait.update(heard(ad(LOCAL_NAME, b"unit"), is_response=True)).manufacturer_data == {1: b"a"}
    later = portrait.update(heard(ad(MANUFACTURER, b"\x01\x00b"), rssi=-70))
    assert (later.local_name, later.manufacturer_data, later.rssi) == ("unit", {1: b"b"}, -70)


def test_where_there_is_no_signal_strength_bleak_says_what_it_says_on_linux() -> None:
    assert Portrait().update(heard(b"", rssi=127)).rssi == -127


@given(st.lists(st.binary(max_size=31), max_size=4), st.booleans())
def test_no_content_however_broken_raises(contents: list[bytes], is_response: bool) -> None:
    portrait = Portrait()
    for content in contents:
        portrait.update(heard(content, is_response))
