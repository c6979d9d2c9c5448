"""Rows: what each class of frame costs its receiver, HMACs and heap, counted in the MicroPython VM by
`receiver_in_vm.py`."""

from .rows import Row, Spec, by_id
from .vm import run

HEARD = {
    "own": "own, the next",
    "own_no_clock": "own, the next, no clock",
    "own_two_epochs": "own, the next, two epochs",
    "own_after_loss": "own, after 10 lost",
    "own_rebooted": "own, back after a power cut",
    "own_unheard": "own, long unheard",
    "own_again": "own, again",
    "group": "of the group",
    "group_two_epochs": "of the group, two epochs",
    "group_again": "of the group, again",
    "junk": "junk",
    "junk_two_epochs": "junk, two epochs",
    "junk_again": "junk, again",
    "junk_own_id": "junk behind an own identifier",
    "ack_between_others": "an ack between others",
    "ack_to_us": "an ack to us",
}
TABLES = {"at_once": "at once", "first_turns": "over the first turns"}
SPECS = tuple(
    spec
    for ids, begins in ((HEARD, "to hear a frame: "), (TABLES, "a partner's tables, "))
    for id_, text in ids.items()
    for spec in (
        Spec(f"receive.{id_}.hmacs", begins + text, "HMACs"),
        Spec(f"receive.{id_}.heap", begins + text, "heap bytes, 64-bit VM"),
    )
)


def rows() -> list[Row]:
    found = run("receiver_in_vm.py")
    assert found["word_bytes"] == 8
    told = [*found["heard"], ["an ack to us", *found["ack"]]]
    assert [one[0] for one in told] == list(HEARD.values()), told
    costs = [one[1:] for one in told] + [list(each) for each in zip(*found["tables"], strict=True)]
    specs, out = by_id(SPECS), []
    for id_, (hmacs, taken) in zip([*HEARD, *TABLES], costs, strict=True):
        out += [specs[f"receive.{id_}.hmacs"].row(hmacs), specs[f"receive.{id_}.heap"].row(taken)]
    return out
