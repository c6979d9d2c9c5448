"""Which keys each unit is to hold now, and which change of a key may go a step on: pure rules over the vault's content.

Every key in service changes in the same way, so that no two units lose each other, whatever is cut in between:

    accept    whoever listens learns the new key beside the old one; the old one is spoken
    speak     the new one is spoken; whoever listens still takes both
    over      the old one is forgotten

and a step begins only when all whom it concerns *confirmed* the one before: their settings, as each unit proved to hold
them, are in the vault. A group's key concerns the whole group, a unit's key its partners, a pair's key the pair (whose
steps are named after who is next: holster, camera).

Nothing is told to begin when a unit is revoked: a key that a revoked unit knows is *burnt*, and a burnt key changes by
itself as soon as it can. So a revocation is one write, and cannot be half done.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from interlock.core.settings import NO_KEY, PAIRED, PARTNERS_MAX, SPARE, Partner, Settings, SettingsError, encode

from ..outcome import ToolError
from .entries import COMMITTED, REVOKED, Force, PairEntry, UnitEntry
from .fields import ACCEPT, KEY_BYTES, SPEAK, Change

PAIRS_MAX = PARTNERS_MAX - 1
"""One place stays free: a partner is in the settings twice while a key changes, and no key may be stuck."""

Entropy = Callable[[int], bytes]
Entry = Force | UnitEntry | PairEntry


@dataclass(frozen=True)
class Book:
    """The vault's content at one time. `pairs`: by holster and camera."""

    force: Force
    units: dict[str, UnitEntry]
    pairs: dict[tuple[str, str], PairEntry]

    def having(self, entry: Entry) -> "Book":
        """The same with this entry in its place."""
        if isinstance(entry, Force):
            return replace(self, force=entry)
        if isinstance(entry, UnitEntry):
            return replace(self, units=self.units | {entry.serial: entry})
        return replace(self, pairs=self.pairs | {(entry.holster, entry.camera): entry})

    def members(self) -> list[str]:
        """Serials of the units in service, sorted."""
        return sorted(serial for serial, unit in self.units.items() if unit.state == COMMITTED)

    def pairs_of(self, serial: str) -> list[PairEntry]:
        """Its pairs in which nobody is revoked."""
        return [
            pair
            for pair in self.pairs.values()
            if serial in (pair.holster, pair.camera)
            and REVOKED not in (self.units[pair.holster].state, self.units[pair.camera].state)
        ]


# What a unit is to hold.


def settings_for(book: Book, serial: str, revision: int) -> Settings:
    """The settings that this unit is to hold now."""
    unit = book.units[serial]
    partners: list[Partner] = []
    for pair in book.pairs_of(serial):
        is_holster = serial == pair.holster
        keys = _holster_keys(pair) if is_holster else _camera_keys(pair)
        partners += _partners(book.units[pair.camera if is_holster else pair.holster], keys, pair.spare)
    partners.sort(key=lambda partner: int(partner.unit))  # stable: of one unit the older first
    send, other = group_keys(book.force)
    return Settings(
        revision,
        unit.serial_raw,
        unit.number,
        unit.role,
        _spoken(unit.unit_key, unit.unit_change),
        send,
        other,
        partners,
        unit.policy,
        unit.recorder,
        unit.recorder_id,
    )


def group_keys(force: Force) -> tuple[bytes, bytes]:
    """(key that frames are sent under, other key that is taken or NO_KEY)."""
    assert force.group_key is not None
    change = force.group_change
    if change is None:
        return force.group_key, NO_KEY
    return (force.group_key, change.key) if change.step == ACCEPT else (change.key, force.group_key)


def _spoken(key: bytes, change: Change | None) -> bytes:
    return change.key if change is not None and change.step == SPEAK else key


def _partners(other: UnitEntry, pair_keys: list[bytes], spare: bool) -> list[Partner]:
    """A partner's places in the settings: one, or two while a key of it changes, the older one first."""
    if not pair_keys:
        return []
    unit_keys = [other.unit_key] + ([other.unit_change.key] if other.unit_change is not None else [])
    places = max(len(unit_keys), len(pair_keys))
    standing = SPARE if spare else PAIRED
    return [
        Partner(other.number, other.role, standing, _at(unit_keys, place), _at(pair_keys, place))
        for place in range(places)
    ]


def _at(keys: list[bytes], place: int) -> bytes:
    return keys[min(place, len(keys) - 1)]


def _holster_keys(pair: PairEntry) -> list[bytes]:
    old = [pair.old_key] if pair.old_key is not None and pair.state in ("prepared", "holster") else []
    return old + [pair.key]


def _camera_keys(pair: PairEntry) -> list[bytes]:
    if pair.state == "prepared":
        return [] if pair.old_key is None else [pair.old_key]
    return [pair.key]


def check(book: Book, serial: str) -> None:
    """ToolError when the unit could not run with what it is to hold by this book."""
    if len(book.pairs_of(serial)) > PAIRS_MAX:
        raise ToolError(
            f"{serial} would be in more than {PAIRS_MAX} pairs",
            f"A unit holds {PARTNERS_MAX} partners' keys, and needs one place for changes of keys.",
        )
    if places(book, serial) > PARTNERS_MAX:
        raise ToolError(
            f"{serial} has no place for another key while one of its partners' changes",
            "Finish that change first: interlock rotate, with the units in range.",
        )
    try:
        encode(settings_for(book, serial, 1))
    except SettingsError as error:
        raise ToolError(f"{serial} cannot run with these settings: {error}", "Nothing was changed.") from error


# What a unit holds.


def surely(unit: UnitEntry, holds: Callable[[Settings], bool]) -> bool:
    """Whether `holds` is true of whatever settings the unit may have in force."""
    return unit.held is not None and holds(unit.held) and (unit.given is None or holds(unit.given))


def perhaps(unit: UnitEntry) -> list[Settings]:
    """Settings that the unit may have in force."""
    return [settings for settings in (unit.held, unit.given) if settings is not None]


def places(book: Book, serial: str) -> int:
    """How many places a unit's partners take in its settings at most, while keys change as they do now."""
    count = 0
    for pair in book.pairs_of(serial):
        other = book.units[pair.camera if pair.holster == serial else pair.holster]
        count += 1 if pair.old_key is None and other.unit_change is None else 2
    return count


def is_up_to_date(book: Book, serial: str) -> bool:
    """Whether the unit confirmed just what it is to hold."""
    unit = book.units[serial]
    return unit.given is None and unit.held == settings_for(book, serial, unit.revision)


def needs_visit(book: Book, serial: str) -> bool:
    """Whether the unit may hold something else, or may be at another step of its admin key than the vault thinks."""
    return not is_up_to_date(book, serial) or book.units[serial].admin.next_key is not None


def lagging(book: Book) -> list[str]:
    """Members that have not confirmed the present step of the group's key."""
    wanted = group_keys(book.force)
    return [
        serial
        for serial in book.members()
        if not surely(book.units[serial], lambda held: (held.group_key, held.group_other) == wanted)
    ]


def burnt(book: Book) -> frozenset[bytes]:
    """Keys that revoked units know."""
    known: set[bytes] = set()
    for unit in book.units.values():
        if unit.state == REVOKED:
            for held in perhaps(unit):
                known |= {held.unit_key, held.group_key, held.group_other}
                known |= {partner.unit_key for partner in held.partners}
    return frozenset(known - {NO_KEY})


# Steps.


def due(book: Book, entropy: Entropy) -> Entry | None:
    """An entry that may go a step on now, as it is after it; None: nothing may before some unit confirmed more."""
    for steps in (_pair_steps, _unit_steps, _group_steps):
        for entry in steps(book, entropy):
            return entry
    return None


def begin(force: Force, entropy: Entropy) -> Force:
    """The first step of a rotation of the group's key."""
    return replace(force, group_change=Change(entropy(KEY_BYTES), ACCEPT))


def next_group_step(force: Force) -> Force:
    """The step after the one that is under way, whoever confirmed that."""
    change = force.group_change
    assert change is not None
    if change.step == ACCEPT:
        return replace(force, group_change=replace(change, step=SPEAK))
    return replace(force, group_key=change.key, group_change=None, epoch=force.epoch + 1)


def _group_steps(book: Book, entropy: Entropy) -> Iterator[Force]:
    force, change, known = book.force, book.force.group_change, burnt(book)
    if change is None:
        # All speak this key already, so none of them is lost by the next one.
        if force.group_key in known and book.members():
            yield begin(force, entropy)
    elif change.step == ACCEPT and change.key in known:
        yield begin(force, entropy)  # nobody speaks it yet: another takes its place
    elif not lagging(book):
        yield next_group_step(force)


def _unit_steps(book: Book, entropy: Entropy) -> Iterator[UnitEntry]:
    known = burnt(book)
    for serial in book.members():
        unit = book.units[serial]
        change = unit.unit_change
        if change is None or (change.step == ACCEPT and change.key in known):
            if change is not None or unit.unit_key in known:
                fresh = replace(unit, unit_change=Change(entropy(KEY_BYTES), ACCEPT))
                if _has_room(book.having(fresh), serial):
                    yield fresh
        elif change.step == ACCEPT:
            if all(surely(book.units[other], _takes(unit.number, change.key)) for other in listeners(book, serial)):
                yield replace(unit, unit_change=replace(change, step=SPEAK))
        elif surely(unit, lambda held, key=change.key: held.unit_key == key):  # type: ignore[misc]
            yield replace(unit, unit_key=change.key, unit_change=None)


def listeners(book: Book, serial: str) -> list[str]:
    """Units that are to know this unit's key: partners, but those that do not have the pair's key yet."""
    number = book.units[serial].number
    return [
        other
        for other in _partners_of(book, serial)
        if any(partner.unit == number for partner in settings_for(book, other, 1).partners)
    ]


def _partners_of(book: Book, serial: str) -> list[str]:
    return sorted(pair.camera if pair.holster == serial else pair.holster for pair in book.pairs_of(serial))


def _takes(number: int, key: bytes) -> Callable[[Settings], bool]:
    return lambda held: any(partner.unit == number and partner.unit_key == key for partner in held.partners)


def _has_room(book: Book, serial: str) -> bool:
    return all(places(book, other) <= PARTNERS_MAX for other in _partners_of(book, serial))


def _pair_steps(book: Book, _: Entropy) -> Iterator[PairEntry]:
    for pair in book.pairs.values():
        holster, camera = book.units[pair.holster], book.units[pair.camera]
        if pair.state == "committed" or REVOKED in (holster.state, camera.state):
            continue
        if pair.state == "prepared" and surely(holster, _has(camera.number, pair.key)):
            yield replace(pair, state="holster")
        elif pair.state == "holster" and surely(camera, _has(holster.number, pair.key)):
            is_over = pair.old_key is None
            yield replace(pair, state="committed" if is_over else "camera")
        elif pair.state == "camera" and surely(holster, _lacks(pair.old_key)):
            yield replace(pair, state="committed", old_key=None)


def _has(number: int, pair_key: bytes) -> Callable[[Settings], bool]:
    return lambda held: any(partner.unit == number and partner.pair_key == pair_key for partner in held.partners)


def _lacks(pair_key: bytes | None) -> Callable[[Settings], bool]:
    return lambda held: all(partner.pair_key != pair_key for partner in held.partners)
