"""What a bundle has of people: their keys, and what they said of the incident's events. Standard library only.

The bundle alone says whose a person's key is; whoever makes a bundle can make a person, a second one who confirms, and
keys for both. So their word is *ok* only by keys that whoever checks had from elsewhere.
"""

from collections.abc import Iterator, Sequence

from ..reporting.grounds import Annotation
from ..reporting.model import Report
from ..statements.keytext import key_text
from ..vouched import People
from .given import PersonKey
from .line import Line

_SIGNED = {"good": "signed", "stranger": "signed by a key that nobody vouches for", "none": "not signed"}
_STATES = {"good": "ok", "forged": "finding"}


def keys(people: People, known: Sequence[PersonKey]) -> Iterator[Line]:
    part = "Keys of people"
    held = [PersonKey(person, vouched.key) for person, own in sorted(people.items()) for vouched in own]
    for one in held:
        if one in known:
            yield Line("ok", part, f"{one.person}: {_text(one.key)}, which is one that you gave")
        else:
            says = "only this bundle says that it is this person's"
            yield Line("note", part, f"{one.person}: {_text(one.key)}; {says}")
    for one in known:
        if one not in held:
            says = "the key was exchanged, or is another person's"
            yield Line("finding", part, f"{_text(one.key)}, which you gave, is not {one.person}'s here: {says}")


def _text(key: bytes) -> str:
    try:
        return key_text(key)
    except ValueError:
        return f"{key.hex()}, no Ed25519 key"


def said(report: Report, reference: str, people: People, known: Sequence[PersonKey]) -> Iterator[Line]:
    """What stands of all that was said of the events of this incident."""
    part = "What people said of the events"
    uses = [use for use in report.uses if use.incident == reference]
    for event in [event for use in uses for event in use.events]:
        for one in event.annotations:
            by = f"{event.reference}: {one.code}, by {one.by}"
            confirmed = f", confirmed by {one.confirmed_by}" if one.confirmed_by else ", confirmed by nobody"
            doubts = "".join(f"; {doubt}" for doubt in one.doubts)
            text = f"{by}: {_SIGNED.get(one.signature, 'the signature does not fit: forged')}{confirmed}{doubts}"
            state = _STATES.get(one.signature, "note")
            if state == "ok" and not _is_known(one, people, known):
                state, text = "note", f"{text}; only this bundle says whose key that is"
            yield Line(state, part, text)


def _is_known(one: Annotation, people: People, known: Sequence[PersonKey]) -> bool:
    """Whether every key that the bundle has of who said it, and of who confirmed it, is one that was given."""
    spoke = [one.by] if one.confirmed_by is None else [one.by, one.confirmed_by]
    return all(PersonKey(person, vouched.key) in known for person in spoke for vouched in people.get(person, ()))
