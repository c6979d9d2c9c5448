"""What the vault relies on in `cryptography`, against the installed release: published vectors, and its refusals."""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl as rust_openssl
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

H = bytes.fromhex


@pytest.mark.parametrize(
    ("password", "salt", "n", "r", "p", "derived"),
    [
        (
            b"", b"", 16, 1, 1,
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
        ),
        (
            b"password", b"NaCl", 1024, 8, 16,
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
        ),
        (
            b"pleaseletmein", b"SodiumChloride", 16384, 8, 1,
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
        ),
    ],
)  # fmt: skip
def test_scrypt_is_that_of_rfc_7914(password, salt, n, r, p, derived):
    assert Scrypt(salt, 64, n, r, p).derive(password) == H(derived)


def test_chacha20_poly1305_is_that_of_rfc_8439():
    key, nonce, aad = (
        H("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
        H("070000004041424344454647"),
        H("50515253c0c1c2c3c4c5c6c7"),
    )
    plain = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would "
        b"be it."
    )
    boxed = H(
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e06"
        "0b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d265"
        "86cec64b61161ae10b594f09e26a7e902ecbd0600691"
    )
    assert ChaCha20Poly1305(key).encrypt(nonce, plain, aad) == boxed
    assert ChaCha20Poly1305(key).decrypt(nonce, boxed, aad) == plain
    with pytest.raises(InvalidTag):
        ChaCha20Poly1305(key).decrypt(nonce, boxed, aad + b"!")


def test_hkdf_is_that_of_rfc_5869():
    derived = HKDF(SHA256(), 42, H("000102030405060708090a0b0c"), H("f0f1f2f3f4f5f6f7f8f9")).derive(b"\x0b" * 22)
    assert derived == H("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")


def test_hpke_is_that_of_rfc_9180():
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    key = X25519PrivateKey.from_private_bytes(H("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"))
    sent = H(
        "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"  # A.2.1
        "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
    )
    # The vectors have associated data, which the public call leaves empty.
    opened = rust_openssl.hpke._decrypt_with_aad(suite, sent, key, b"Ode on a Grecian Urn", b"Count-0")
    assert opened == b"Beauty is truth, truth beauty"


def test_hpke_opens_for_its_key_and_its_purpose_only():
    suite, key = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305), X25519PrivateKey.generate()
    boxed = suite.encrypt(b"k" * 32, key.public_key(), b"purpose")
    assert len(boxed) == 32 + 32 + 16 and suite.decrypt(boxed, key, b"purpose") == b"k" * 32
    with pytest.raises(InvalidTag):
        suite.decrypt(boxed, key, b"another")
    with pytest.raises(InvalidTag):
        suite.decrypt(boxed, X25519PrivateKey.generate(), b"purpose")
    with pytest.raises(InvalidTag):
        suite.decrypt(boxed[:-1] + bytes([boxed[-1] ^ 1]), key, b"purpose")
