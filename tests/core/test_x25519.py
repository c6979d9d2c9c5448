"""X25519 by the published vectors of RFC 7748, 5.2 and 6.1."""

from binascii import hexlify, unhexlify

from interlock.core.x25519 import BASE, Ladder, multiply


def test_the_published_products():
    for scalar, u, product in (
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
    ):
        assert hexlify(multiply(unhexlify(scalar), unhexlify(u))).decode() == product


def test_the_published_agreement():
    alice = unhexlify("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    bob = unhexlify("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    public = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert hexlify(multiply(bob, BASE)).decode() == public
    shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    assert hexlify(multiply(alice, multiply(bob, BASE))).decode() == shared
    assert hexlify(multiply(bob, multiply(alice, BASE))).decode() == shared


def test_the_iterated_product():
    k = u = BASE
    for _ in range(1):
        k, u = multiply(k, u), k
    assert hexlify(k).decode() == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"


def test_small_steps_give_what_one_long_one_gives():
    ladder = Ladder(bytes(range(32)), BASE)
    steps = 0
    while not ladder.step(7):
        steps += 1
    assert ladder.result == multiply(bytes(range(32)), BASE) and steps == 510 // 7


def test_it_takes_as_many_steps_as_it_says():
    ladder = Ladder(bytes(range(32)), BASE)
    steps = 1
    while not ladder.step(1):
        steps += 1
    assert steps == 255 + 255 and ladder.step(0)
