"""What a recorder that talks says of itself: the first word counts whatever it is, then only what is another."""

from interlock.core.sign import Sign


def test_before_the_first_word_nothing_is_known_and_nothing_changed():
    sign = Sign()
    assert (sign.on, sign.is_known, sign.read(), sign.differs()) == (False, False, False, False)
    assert sign.take() == 0 and not sign.is_known


def test_the_first_word_counts_once_whatever_it_is():
    for level in (False, True):
        sign = Sign()
        sign.say(level)
        assert sign.differs() and sign.read() is level and sign.is_known is True
        assert sign.on is False, "it is on only once that was taken"
        assert sign.take() == 1 and sign.on is level
        assert not sign.differs() and sign.take() == 0 and sign.on is level


def test_the_first_word_still_counts_when_it_was_said_twice_before_anybody_looked():
    sign = Sign()
    sign.say(False)
    sign.say(False)
    assert sign.take() == 1 and sign.take() == 0


def test_later_only_another_word_counts_and_the_last_one_holds():
    sign = Sign()
    sign.say(True)
    sign.take()
    sign.say(True)
    assert not sign.differs() and sign.take() == 0
    sign.say(False)
    assert sign.differs() and sign.on is True and sign.read() is False
    sign.say(True)
    assert not sign.differs() and sign.take() == 0 and sign.on is True
    sign.say(False)
    assert sign.take() == 1 and sign.on is False and sign.take() == 0
