"""The verifier with one of its checks damaged: the adversary's samples must notice each.

A damage is a line of a module that is written otherwise; the module is made anew with it, and takes the place of the
true one where the audit looks for it.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType

import pytest

from host_tools.auditing import audit, examine
from host_tools.journal_items import Signed
from host_tools.verifying import chain, checkpoints, found, gaps, seals, testimony, walk, witnesses
from host_tools.verifying.outcomes import Altered
from interlock.core import checkpoint, records

from . import test_verifying as others
from . import test_verifying_attacks as attacks
from . import test_verifying_epochs as epochs
from . import test_verifying_met as met
from .adversary import (
    careful,
    flipped,
    kind_of,
    lazy,
    sealed_from,
    signed_anew,
    summed,
    taken_apart,
    under_open_key,
    with_window,
)
from .audits import known_at, reports
from .sealed_world import Unit, shift

WEAPON, OWN, OTHER = shift()
TRUE = taken_apart(WEAPON.file())
COUNT = len(TRUE.raws)
SIGNED_TO = checkpoint.unpack(TRUE.signed[-1].message).following
EVENT = next(number for number, raw in enumerate(TRUE.raws) if kind_of(raw) == records.EVENT)
LAST_EVENT = max(number for number, raw in enumerate(TRUE.raws) if kind_of(raw) == records.EVENT)


def names(level: str, *files: bytes, unit: Unit = WEAPON) -> list[str]:
    return [outcome.name for outcome in reports(known_at(level, unit, OWN, OTHER), *files)[0].findings]


def changed(number: int) -> list[bytes]:
    return [*TRUE.raws[:number], flipped(TRUE.raws[number], 0, 1), *TRUE.raws[number + 1 :]]


def altered_by_seal(number: int) -> list[tuple[int | None, int | None]]:
    (found,) = reports(known_at("vault", WEAPON), careful(TRUE, changed(number)).unsigned().file())
    return [(o.first, o.last) for o in found.findings if isinstance(o, Altered) and o.shown_by == "seal"]


# The samples: each holds for the true verifier. They are few, and always the same.


def the_true_ones_pass() -> None:
    for level in ("nothing", "public key", "vault"):
        files = [unit.file() for unit in (WEAPON, OWN, OTHER)]
        assert [found.verdict for found in reports(known_at(level, WEAPON, OWN, OTHER), *files)] == ["intact"] * 3


def a_changed_record_is_altered_by_its_seal() -> None:
    for number in (EVENT, LAST_EVENT):
        assert altered_by_seal(number) == [(number, number)]
    number = sealed_from(TRUE.raws)
    assert altered_by_seal(number) == [(0, number)], "it or one of those before it, under everybody's key"


def the_key_of_an_era_is_the_one_that_fits() -> None:
    others.test_a_unit_that_was_set_up_again_is_under_the_key_of_its_new_era()


def a_changed_record_is_altered_by_what_was_signed() -> None:
    assert names("public key", careful(TRUE, changed(EVENT)).file()) == ["altered"]
    assert names("public key", careful(TRUE, changed(SIGNED_TO - 1)).file()) == ["altered"]


def a_forged_signature_is_none() -> None:
    last = TRUE.signed[-1]
    said = checkpoint.unpack(last.message)
    chain = careful(TRUE, changed(EVENT)).chains[SIGNED_TO]
    forged = Signed(checkpoint.pack(said._replace(chain=chain)), last.signature, last.public)
    assert names("public key", replace(careful(TRUE, changed(EVENT)), signed=(forged,)).file()) == ["altered"]


def a_strangers_signature_is_under_an_unknown_key() -> None:
    assert names("public key", signed_anew(careful(TRUE, changed(EVENT))).file()) == ["unknown key"]


def a_whole_journal_under_everybodys_key_is_altered() -> None:
    plain = [raw for raw in TRUE.raws if kind_of(raw) not in (records.SEAL, records.CHECKPOINT)]
    assert "altered" in names("vault", careful(TRUE, plain).unsigned().file())


def a_ring_under_everybodys_key_is_altered() -> None:
    assert "altered" in names("vault", under_open_key(TRUE, 500))


def a_beginning_under_everybodys_key_is_no_whole_journal() -> None:
    assert names("vault", under_open_key(TRUE, 0)) == ["truncated tail"]


def a_hole_is_a_gap() -> None:
    for kind in ("loss", "flash fault", "none"):
        for level in ("nothing", "public key", "vault"):
            assert names(level, with_window(TRUE, *attacks.INNER, kind)) == ["gap"]
    assert names("nothing", lazy(TRUE, [*TRUE.raws[:EVENT], *TRUE.raws[EVENT + 1 :]]).file()) == ["gap"]


def a_hole_that_something_loose_explains_is_a_gap() -> None:
    for level in ("nothing", "public key", "vault"):
        attacks.test_what_is_loose_elsewhere_explains_none_either(level)


def a_hole_that_a_forged_tail_explains_is_a_gap_to_who_has_keys() -> None:
    attacks.test_a_signed_record_that_explains_a_gap_must_be_what_was_signed()


def a_ring_explains_what_it_lost_and_no_more() -> None:
    attacks.test_a_ring_that_went_round_between_two_pulls_is_explained_by_the_very_record_that_it_kept("vault")
    attacks.test_a_loss_explains_no_hole_within_what_the_ring_kept("vault")


def a_present_key_reaches_no_earlier_epoch() -> None:
    for level in ("nothing", "vault"):
        attacks.test_who_has_the_present_key_cannot_go_over_a_hole_from_an_earlier_epoch_to_it(level)


def rot_is_explained() -> None:
    attacks.test_records_that_rotted_in_the_newest_sector_are_explained_as_soon_as_the_unit_says_so(1, "vault")
    attacks.test_records_that_rotted_in_the_newest_sector_are_explained_as_soon_as_the_unit_says_so(60, "nothing")
    attacks.test_with_a_public_key_that_is_so_once_a_checkpoint_covers_what_the_unit_says()


def hidden_checkpoints_are_told() -> None:
    attacks.test_checkpoints_that_were_hidden_behind_a_hole_are_told_as_not_shown("public key")


def a_hole_excuses_as_many_frames_as_it_has_records() -> None:
    attacks.test_a_hole_excuses_no_more_frames_than_records_are_missing()


def others_journals_contradict() -> None:
    cut = careful(TRUE, list(TRUE.raws[:LAST_EVENT])).unsigned().file()
    assert names("nothing", cut, OWN.file(), OTHER.file()) == ["truncated tail"]
    bent = careful(TRUE, changed(EVENT - 1)).unsigned().file()
    assert "contradicted" in names("nothing", bent, OWN.file(), OTHER.file())


def an_epoch_that_is_left_out_is_altered() -> None:
    number = max(n for n, raw in enumerate(TRUE.raws) if kind_of(raw) == records.SEAL)
    raw = TRUE.raws[number]
    later = (int.from_bytes(raw[13:17]) + 1).to_bytes(4)
    raws = [*TRUE.raws[:number], summed(raw[:13] + later + raw[17:-4]), *TRUE.raws[number + 1 :]]
    assert names("nothing", careful(TRUE, raws).unsigned().file()) == ["altered"]


def an_epoch_that_is_left_out_by_who_has_the_key_is_found() -> None:
    epochs.an_epoch_that_is_left_out_by_who_has_the_key()


def zeros_stated_anew_change_no_key() -> None:
    epochs.test_zeros_that_are_stated_anew_change_no_key_where_no_record_is_missing()


def a_counter_behind_the_end_shows_a_cut_tail() -> None:
    met.test_a_cut_tail_shows_by_a_frame_of_which_only_the_counter_could_be_read()


def a_head_that_was_met_shows_a_cut_tail() -> None:
    met.test_a_cut_tail_shows_by_a_head_that_was_met_alone("nothing")


def a_frame_built_ahead_contradicts_nothing() -> None:
    met.test_an_arming_whose_frame_was_built_before_its_draw_was_recorded_contradicts_nothing()


SAMPLES: tuple[Callable[[], None], ...] = (
    the_true_ones_pass,
    a_changed_record_is_altered_by_its_seal,
    the_key_of_an_era_is_the_one_that_fits,
    a_changed_record_is_altered_by_what_was_signed,
    a_forged_signature_is_none,
    a_strangers_signature_is_under_an_unknown_key,
    a_whole_journal_under_everybodys_key_is_altered,
    a_ring_under_everybodys_key_is_altered,
    a_beginning_under_everybodys_key_is_no_whole_journal,
    a_hole_is_a_gap,
    a_hole_that_something_loose_explains_is_a_gap,
    a_hole_that_a_forged_tail_explains_is_a_gap_to_who_has_keys,
    a_ring_explains_what_it_lost_and_no_more,
    a_present_key_reaches_no_earlier_epoch,
    rot_is_explained,
    hidden_checkpoints_are_told,
    a_hole_excuses_as_many_frames_as_it_has_records,
    others_journals_contradict,
    a_counter_behind_the_end_shows_a_cut_tail,
    a_head_that_was_met_shows_a_cut_tail,
    a_frame_built_ahead_contradicts_nothing,
    an_epoch_that_is_left_out_is_altered,
    an_epoch_that_is_left_out_by_who_has_the_key_is_found,
    zeros_stated_anew_change_no_key,
)

# (what is damaged, module, the line, the line instead, the sample that notices)
DAMAGES: tuple[tuple[str, ModuleType, str, str, Callable[[], None]], ...] = (
    ("tag compare", chain, "if outside.digest()[_TAG] != tag:", "if False:",
     a_changed_record_is_altered_by_its_seal),
    ("choice of an era's key", chain, "chained[:_BODY]) == tag:", "chained[:_BODY]) or True:",
     the_key_of_an_era_is_the_one_that_fits),
    ("checksum", chain, "if sequence != due or crc(chained) != check:", "if sequence != due and crc(chained) != check:",
     a_hole_is_a_gap),
    ("era 0", chain, "return config is None or config.revision > 0", "return False",
     a_whole_journal_under_everybodys_key_is_altered),
    ("epoch over a hole", walk, "if self._is_vague and changes_between", "if False and changes_between",
     a_present_key_reaches_no_earlier_epoch),
    ("order of epochs", chain, "if epoch <= before or not (self._is_vague or", "if epoch <= before or not (True or",
     an_epoch_that_is_left_out_is_altered),
    ("zeros with keys", chain, "if self._is_guess:\n                    self._is_guess = self._is_vague",
     "if False:\n                    self._is_guess = self._is_vague", rot_is_explained),
    ("zeros without keys", chain, "if not self._is_guess or self._keys or", "if True or self._keys or",
     rot_is_explained),
    ("loose told from chained", chain, 'return "loose"', 'return "chained"', a_hole_is_a_gap),
    ("signature", checkpoints, "if lms.verify(key, signed.message, signed.signature):", "if key:",
     a_forged_signature_is_none),
    ("whose key", checkpoints, 'return self.by != "nobody"', "return True",
     a_strangers_signature_is_under_an_unknown_key),
    ("chain compare at a checkpoint", checkpoints, "if known.get(following) == fact.said.chain:",
     "if following in known:", a_changed_record_is_altered_by_what_was_signed),
    ("hidden checkpoints", checkpoints, "            apart.append(fact)", "            pass",
     hidden_checkpoints_are_told),
    ("a checkpoint over a hole", checkpoints, "for fact in own if fact.is_trusted), default=0)",
     "for fact in own if False), default=0)", a_hole_that_a_forged_tail_explains_is_a_gap_to_who_has_keys),
    ("who explains, with keys", examine, "return is_sealed, is_sealed", "return is_in_chain, is_in_chain",
     a_hole_that_a_forged_tail_explains_is_a_gap_to_who_has_keys),
    ("who explains, without", examine, 'return walked.held_by(at) != "loose"', "return True",
     a_hole_that_something_loose_explains_is_a_gap),
    ("a hole nobody states", examine, 'loose, counts) if stated else ""', 'loose, counts) if stated else "ring"',
     a_hole_is_a_gap),
    ("a ring in era 0", examine, "if not header.first or era_of(header.epoch):", "if True:",
     a_ring_under_everybodys_key_is_altered),
    ("what a ring explains", gaps, "losses.within(first + 1, last + 1, counts[0], last)",
     "losses.within(first + 1, 1 << 32, counts[0], last)", a_ring_explains_what_it_lost_and_no_more),
    ("nothing sealed", audit, "if newest.known.seal_keys and newest.is_unsealed:", "if False:",
     a_beginning_under_everybodys_key_is_no_whole_journal),
    ("excuses", witnesses, "or len(excused) < excuses:", "or True:",
     a_hole_excuses_as_many_frames_as_it_has_records),
    ("beyond the end", witnesses, "if window.high is None:\n            _note_beyond(book, teller, said, sight)",
     "if window.high is None:\n            pass", a_counter_behind_the_end_shows_a_cut_tail),
    ("chain values behind the end", witnesses, "                _note_beyond(book, teller, said, sight)",
     "                pass", a_head_that_was_met_shows_a_cut_tail),
    ("heads that were met", testimony, "tell[about] += pack(counter, _MET, receiver.OWN, digest, sequence)", "pass",
     a_head_that_was_met_shows_a_cut_tail),
    ("frames built ahead", witnesses, "_BUILT_AHEAD = (frames.ARM, frames.DISCHARGE)", "_BUILT_AHEAD = ()",
     a_frame_built_ahead_contradicts_nothing),
    ("chain values heard", witnesses, "sight.wrong.append((end, window, teller, said))", "pass",
     others_journals_contradict),
    ("epoch where nothing is missing", walk, "if is_due and not self._is_vague and", "if False and",
     zeros_stated_anew_change_no_key),
    ("the very next epoch", seals, "return epoch == before + 1 and epoch &", "return epoch > before and epoch &",
     an_epoch_that_is_left_out_by_who_has_the_key_is_found),
    ("the next epoch's key", seals, "return mac_of(key_after(mac))", "return mac", the_true_ones_pass),
    ("changes of key", seals, "return epoch - before if era_of(epoch)", "return 0 if era_of(epoch)",
     a_present_key_reaches_no_earlier_epoch),
)  # fmt: skip

MODULES = (audit, chain, checkpoints, examine, found, gaps, seals, testimony, walk, witnesses)


@contextmanager
def damaged(monkeypatch: pytest.MonkeyPatch, module: ModuleType, line: str, instead: str) -> Iterator[None]:
    """The functions and classes of a damaged copy where the true ones are used, as bases of classes, too."""
    source = inspect.getsource(module)
    assert source.count(line) == 1, "the line is not there any more, or more than once"
    copy = ModuleType(module.__name__)
    copy.__file__, copy.__package__ = module.__file__, module.__package__
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, copy)
        exec(compile(source.replace(line, instead), str(module.__file__), "exec"), copy.__dict__)
    for user in MODULES:
        for name, value in list(vars(user).items()):
            if getattr(value, "__module__", None) == module.__name__ and callable(value) and hasattr(copy, name):
                monkeypatch.setattr(user, name, getattr(copy, name))
    heirs = [kind for kind in (walk._Walk,) if kind.__base__.__module__ == module.__name__]
    true = [kind.__bases__ for kind in heirs]
    for kind in heirs:
        kind.__bases__ = tuple(getattr(copy, base.__name__) for base in kind.__bases__)
    try:
        yield
    finally:
        for kind, bases in zip(heirs, true, strict=True):
            kind.__bases__ = bases


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_the_true_verifier_passes_the_sample(sample: Callable[[], None]) -> None:
    sample()


@pytest.mark.parametrize("what,module,line,instead,sample", DAMAGES, ids=[damage[0] for damage in DAMAGES])
def test_a_damaged_verifier_does_not(
    what: str,
    module: ModuleType,
    line: str,
    instead: str,
    sample: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with damaged(monkeypatch, module, line, instead), pytest.raises(AssertionError):
        sample()


def test_every_sample_notices_something() -> None:
    assert {sample for *_, sample in DAMAGES} | {the_true_ones_pass} == set(SAMPLES)
