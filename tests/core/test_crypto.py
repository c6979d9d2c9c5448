"""HMAC and HKDF against the RFCs' own vectors."""

from binascii import hexlify, unhexlify

from interlock.core.crypto import Hmac, hkdf, same, xor

# RFC 4231, test cases 1-4, 6, 7 (5 is a truncation of the same construction): key, data, tag.
RFC4231 = (
    ("0b" * 20, "4869205468657265", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        "4a656665",
        "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    ("aa" * 20, "dd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (
        "0102030405060708090a0b0c0d0e0f10111213141516171819",
        "cd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (
        "aa" * 131,
        "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        "aa" * 131,
        "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206b657920616e642061"
        "206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565647320746f2062652068617368656420"
        "6265666f7265206265696e6720757365642062792074686520484d414320616c676f726974686d2e",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
)

# RFC 5869, appendix A.1-A.3: key, salt, info, output.
RFC5869 = (
    (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        "".join(["%02x" % i for i in range(0x50)]),
        "".join(["%02x" % i for i in range(0x60, 0xB0)]),
        "".join(["%02x" % i for i in range(0xB0, 0x100)]),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8"
        "367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    (
        "0b" * 22,
        "",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
)


def test_hmac_gives_the_tags_of_rfc_4231():
    for key, data, tag in RFC4231:
        assert hexlify(Hmac(unhexlify(key)).digest(unhexlify(data))).decode() == tag


def test_a_key_as_long_as_a_block_is_taken_as_it_is():
    tag = "091107fcc025b917f5abc0e67da0c8de73c139dcfe930d1d80c4e16ecc763b25"  # as Python's `hmac` has it
    assert hexlify(Hmac(bytes(range(64))).digest(b"a key of one block")).decode() == tag


def test_hkdf_gives_the_output_of_rfc_5869():
    for key, salt, info, output in RFC5869:
        made = hkdf(unhexlify(key), unhexlify(salt), unhexlify(info), len(output) // 2)
        assert hexlify(made).decode() == output


def test_hkdf_gives_all_that_it_can_and_refuses_more():
    most = hkdf(b"k", b"", b"", 8160)
    assert len(most) == 8160 and most[:64] == hkdf(b"k", b"", b"", 64)
    try:
        hkdf(b"k", b"", b"", 8161)
    except ValueError as error:
        assert "8160" in str(error)
    else:
        raise AssertionError("8161 bytes were given")


def test_same_compares_lengths_and_every_byte():
    assert same(b"abc", b"abc") and same(b"", b"")
    assert not same(b"abc", b"abd") and not same(b"abc", b"bbc") and not same(b"abc", b"abcd")


def test_xor_undoes_itself():
    assert xor(xor(b"secret", b"stream"), b"stream") == b"secret"
