"""Power that fails while a technician sets a unit up, changes its settings, moves its admin key on, or has a checkpoint
signed.

At every flash operation of the settings area, with torn bits: the unit comes up as it was or as it was to become, and
somebody who holds what the vault holds can open it and finish.
"""

import struct
from collections.abc import Callable
from typing import Any

import pytest

from interlock.core import access, checkpoint, lms, records, settings, wire
from interlock.core.reading import Reading
from interlock.desk import Desk
from interlock.unit import Unit
from tests.core.flash import PowerCut, RamFlash
from tests.core.session_world import (
    ADMIN_KEY,
    H5,
    LABEL,
    SEAL_KEY,
    SECRET,
    Host,
    error_of,
    prepared,
    some_access,
    some_settings,
    with_key,
)

TORN: tuple[Callable[[int], int], ...] = (
    lambda i: 0x00,
    lambda i: 0xFF,
    lambda i: 0x5A if i % 3 else 0xA5,
    lambda i: 0xFF if i < 40 else 0x00,
)


class Silence:
    """A radio that nobody hears."""

    def __getattr__(self, name: str) -> Callable[..., bool]:
        return lambda *_: True


class Body:
    """What survives a power cut: two flash areas. `desk` is the unit of one boot."""

    def __init__(self, *, boxed: bool) -> None:
        self.area = RamFlash(settings.SECTORS)
        self.flash = RamFlash(6, 1024)
        access.store_label(self.area, LABEL)
        if not boxed:
            settings.store(self.area, some_settings())
            access.store(self.area, some_access())

    def boot(self) -> Desk:
        """As `app.main` does."""
        label = access.load_label(self.area)
        assert label == LABEL
        unit: Any = Unit(label.serial, self.flash, self.area, Silence(), lambda: 1000)  # type: ignore[arg-type]
        unit.write_boot(1)
        return Desk(
            unit, self.area, label, settings.load(self.area), lambda _: None, lambda: (0, 0), lambda _, how: how
        )

    def arm(self, cut: int, torn: Callable[[int], int]) -> None:
        self.area.operations, self.area.cut_after, self.area.keep_bits = 0, cut, torn

    def disarm(self) -> int:
        self.area.cut_after = None
        return self.area.operations


def opens(body: Body, secret: bytes, step: int) -> bool:
    """Whether an admin with this key gets in."""
    host = Host(body.boot())
    answer = host.greet(wire.ADMIN, number=step)
    if answer[0] == wire.ERROR:
        assert error_of(answer) == wire.NO_CREDENTIAL
        return False
    return host.prove(secret)[1:] == host.keys.unit_proof()


def set_up(body: Body) -> None:
    host = Host(body.boot()).open_setup(SECRET)
    reason, digest = host.ask(wire.PREPARE, prepared(some_settings(), some_access()))
    assert reason == wire.OK and host.ask(wire.COMMIT, digest)[0] == wire.OK


def change(body: Body) -> None:
    host = Host(body.boot()).open_admin()
    _, digest = host.ask(wire.PREPARE, prepared(some_settings(2)))
    assert host.ask(wire.COMMIT, digest)[0] == wire.OK


def operations(story: Callable[[Body], None], *, boxed: bool) -> int:
    """How many flash operations on the settings area the story takes."""
    body = Body(boxed=boxed)
    body.arm(10**6, TORN[0])
    story(body)
    return body.disarm()


@pytest.mark.parametrize("torn", range(len(TORN)))
def test_a_set_up_cut_anywhere_leaves_a_boxed_unit_or_one_in_service_and_can_be_done_again(torn: int) -> None:
    count = operations(set_up, boxed=True)
    assert count >= 4
    for cut in range(count):
        body = Body(boxed=True)
        body.arm(cut, TORN[torn])
        with pytest.raises(PowerCut):
            set_up(body)
        body.disarm()
        held = settings.load(body.area)
        assert held in (None, some_settings())
        if held is None:
            assert not opens(body, ADMIN_KEY, 1)
            set_up(body)
        # In service: admin key and label both open it, until an admin has.
        assert settings.load(body.area) == some_settings()
        assert sealed_under(body) == SEAL_KEY
        assert opens(body, ADMIN_KEY, 1)
        assert Host(body.boot()).open_setup(SECRET).ask(wire.PING)[0] == wire.OK


def sealed_under(body: Body) -> bytes:
    """The key of the journal's seal after the next start."""
    desk: Any = body.boot()
    key: bytes = desk._unit.journal.seal.key
    return key


@pytest.mark.parametrize("torn", range(len(TORN)))
def test_a_checkpoint_cut_anywhere_costs_its_index_at_most_and_none_is_used_for_two_messages(torn: int) -> None:
    seen: list[tuple[int, bytes]] = []

    def sign(body: Body) -> None:
        desk = body.boot()
        host = Host(desk).open_admin()
        reason, taken = host.ask(wire.CHECKPOINT, struct.pack(wire.CHECKPOINT_FORM, wire.NO_INDEX, b"n" * 16))
        assert reason == wire.OK
        while desk.work():
            pass
        _, signed = desk.signed()
        message = signed[: checkpoint.MESSAGE_BYTES]
        public = wire.unpack_key(desk.key()).public
        assert lms.verify(public, message, signed[checkpoint.MESSAGE_BYTES :])
        said = checkpoint.unpack(message)
        assert said is not None and said.index == struct.unpack(wire.TAKEN_FORM, taken)[0]
        seen.append((said.index, message))

    def fresh() -> Body:
        body = Body(boxed=False)
        with_key(body.area, H5)
        return body

    whole = fresh()
    whole.arm(10**6, TORN[0])
    sign(whole)
    count = whole.disarm()
    assert count >= 4
    for cut in range(count):
        body = fresh()
        seen.clear()
        body.arm(cut, TORN[torn])
        with pytest.raises(PowerCut):
            sign(body)
        body.disarm()
        _, left = body.boot().signed()
        before = checkpoint.unpack(left[: checkpoint.MESSAGE_BYTES])
        sign(body)
        sign(body)
        indices = [index for index, _ in seen] + ([] if before is None else [before.index])
        assert len(set(indices)) == len(indices) and max(indices) <= 2


@pytest.mark.parametrize("torn", range(len(TORN)))
def test_settings_changed_under_a_cut_are_the_old_or_the_new_ones(torn: int) -> None:
    for cut in range(operations(change, boxed=False)):
        body = Body(boxed=False)
        body.arm(cut, TORN[torn])
        with pytest.raises(PowerCut):
            change(body)
        body.disarm()
        assert settings.load(body.area) in (some_settings(1), some_settings(2))
        assert opens(body, ADMIN_KEY, 1)
        if settings.load(body.area) == some_settings(1):
            change(body)
        assert settings.load(body.area) == some_settings(2)


REKEYED = some_settings(2, b"v" * 32)._replace(
    group_key=b"h" * 32, group_other=b"g" * 32, policy=settings.DEFAULT_POLICY._replace(hold_ms=60000, covert=True)
)


def rekey(body: Body) -> None:
    """Own key, group's key and policy change at once."""
    host = Host(body.boot()).open_admin()
    _, digest = host.ask(wire.PREPARE, prepared(REKEYED))
    assert host.ask(wire.COMMIT, digest)[0] == wire.OK


def journalled(body: Body) -> list[tuple[int, int]]:
    """(before, after) of the policy's figures that the journal says to have changed."""
    return [record.fields()[1:] for record in Reading(body.flash).records if record.kind == records.POLICY]


@pytest.mark.parametrize("torn", range(len(TORN)))
@pytest.mark.parametrize("area", ["settings", "journal"])
def test_no_cut_puts_a_policy_in_force_that_the_journal_does_not_tell(area: str, torn: int) -> None:
    quiet = Body(boxed=False)
    flash = quiet.area if area == "settings" else quiet.flash
    booted = Body(boxed=False)
    Host(booted.boot()).open_admin()
    begun = 0 if area == "settings" else booted.flash.operations
    flash.operations, flash.cut_after, flash.keep_bits = 0, 10**6, TORN[0]
    rekey(quiet)
    cuts = range(begun, flash.operations)
    assert len(cuts) >= 2 and journalled(quiet) == [(30000, 60000), (0, 1)]
    for cut in cuts:
        body = Body(boxed=False)
        flash = body.area if area == "settings" else body.flash
        flash.operations, flash.cut_after, flash.keep_bits = 0, cut, TORN[torn]
        with pytest.raises(PowerCut):
            rekey(body)
        flash.cut_after = None
        held = settings.load(body.area)
        assert held in (some_settings(), REKEYED)
        if held == REKEYED:
            assert journalled(body) == [(30000, 60000), (0, 1)]
        # Either way the admin gets in, and what was cut can be done again.
        if held != REKEYED:
            rekey(body)
        assert settings.load(body.area) == REKEYED and opens(body, ADMIN_KEY, 1)


@pytest.mark.parametrize("torn", range(len(TORN)))
def test_an_admin_key_moved_on_under_a_cut_is_one_of_the_two_that_the_vault_holds(torn: int) -> None:
    kept: list[bytes] = []

    def ratchet(body: Body) -> None:
        host = Host(body.boot()).open_admin()
        kept.append(host.keys.next_admin_key)
        host.ask(wire.RATCHET, (1).to_bytes(4, "big"))

    for cut in range(operations(ratchet, boxed=False)):
        body = Body(boxed=False)
        body.arm(cut, TORN[torn])
        with pytest.raises(PowerCut):
            ratchet(body)
        body.disarm()
        assert opens(body, kept[-1], 2) or opens(body, ADMIN_KEY, 1)
        held = access.load(body.area)
        assert held is not None and held.step in (1, 2)
        if held.step == 1:
            ratchet(body)
        # Whatever happened, the step before still opens, and the one reached does.
        assert opens(body, kept[-1], 2) and opens(body, ADMIN_KEY, 1)


def test_an_admin_may_not_make_a_unit_in_service_another_one() -> None:
    body = Body(boxed=False)
    present = some_settings()
    for field, value in (("unit", 9), ("role", settings.ROLE_CAMERA), ("serial", b"HOLSTER2")):
        host = Host(body.boot()).open_admin()
        other = present._replace(revision=2, **{field: value})
        assert host.ask(wire.PREPARE, prepared(other))[0] == wire.BAD_SETTINGS, field
    assert settings.load(body.area) == present
