"""The step of a table, and of the same table as bytes: which rule wins, what it changes, and what it is told."""

from interlock.core.machine import NOTHING, Machine, Packed, Rule, State, deadline, due, is_any_due, table_text

IDLE, BUSY, DONE, LAST = 0, 1, 2, 9  # LAST needs the high byte of the modes
GO, ASK = 7, 8


class Lamp(State):
    FIELDS = ("mode", "asked", "off_at", "ask_at")
    TIMERS = (("off_at", 40), ("ask_at", 41))

    def __init__(self):
        self.mode = IDLE
        self.asked = ()
        self.off_at = None
        self.ask_at = None


def allowed(state, data, now, policy):
    return (state.mode, data, now, policy) == (IDLE, "data", 5, "policy")


def refused(state, data, now, policy):
    return False


def note(state, data, now, policy, effects):
    state.asked = (state.mode, data, now, policy)
    effects.append(("noted",))


def again(state, data, now, policy, effects):
    effects.append(("again", len(effects)))


RULES = (
    Rule((IDLE, BUSY), GO, "refused", LAST, ("again",)),
    Rule((IDLE,), GO, "allowed", BUSY, ("note", "again")),
    Rule((IDLE,), GO, None, LAST, ()),
    Rule((DONE, LAST), ASK, None, None, ("again", "note")),
)
BYTES = bytes((7, GO, 0, 0b11, 1, LAST, 1)) + bytes((8, GO, 0, 0b1, 0, BUSY, 0, 1))
BYTES += bytes((6, GO, 0, 0b1, NOTHING, LAST)) + bytes((8, ASK, 0b10, 0b100, NOTHING, NOTHING, 1, 0))


def both():
    table = Machine(RULES, {"allowed": allowed, "refused": refused}, {"note": note, "again": again})
    return table, Packed(BYTES, (allowed, refused), (note, again))


def lamp(mode=IDLE):
    state = Lamp()
    state.mode = mode
    return state


def test_the_first_rule_that_fits_and_whose_guard_agrees_wins():
    for machine in both():
        state = lamp()
        after, effects = machine.step(state, GO, "data", 5, "policy")
        assert after.key() == (BUSY, (BUSY, "data", 5, "policy"), None, None)
        assert effects == [("noted",), ("again", 1)]
        assert state.key() == (IDLE, (), None, None), "the state that was given is another"


def test_a_guard_that_refuses_leaves_the_event_to_the_rules_below():
    for machine in both():
        after, effects = machine.step(lamp(), GO, "data", 6, "policy")
        assert after.key() == (LAST, (), None, None) and effects == []


def test_a_rule_without_a_next_mode_stays_and_its_actions_come_in_order():
    for machine in both():
        for mode in (DONE, LAST):
            after, effects = machine.step(lamp(mode), ASK, None, 1, None)
            assert after.key() == (mode, (mode, None, 1, None), None, None)
            assert effects == [("again", 0), ("noted",)]


def test_an_event_that_no_rule_of_the_mode_names_changes_nothing():
    for machine in both():
        for mode, event in ((IDLE, ASK), (BUSY, ASK), (BUSY, GO), (LAST, GO), (10, ASK), (8, ASK), (0, 9)):
            state = lamp(mode)
            assert machine.step(state, event, "data", 5, "policy") == (state, [])


def test_the_earliest_timer_is_the_deadline_and_the_first_that_is_due_is_taken_off():
    state = lamp()
    assert deadline(state, 0) is None and not is_any_due(state, 0)
    assert due(state, 0) == (state, None)
    state.off_at, state.ask_at = 30, 20
    assert deadline(state, 0) == 20 and not is_any_due(state, 19) and is_any_due(state, 20)
    taken, event = due(state, 20)
    assert (event, taken.ask_at, taken.off_at, state.ask_at) == (41, None, 30, 20)
    taken, event = due(state, 30)
    assert (event, taken.ask_at, taken.off_at) == (40, 20, None)


def test_a_tables_text_names_modes_events_and_guards_and_a_dash_for_none():
    rules = (Rule((IDLE, BUSY), GO, "allowed", BUSY, ("note", "again")), Rule((IDLE,), ASK, None, None, ()))
    text = table_text(Machine(rules, {}, {}), {IDLE: "idle", BUSY: "busy"}, {GO: "go", ASK: "ask"})
    assert text == (
        "| in | on | if | then | do |\n"
        "|---|---|---|---|---|\n"
        "| any | go | allowed | busy | note, again |\n"
        "| idle | ask | - | - | - |\n"
    )
