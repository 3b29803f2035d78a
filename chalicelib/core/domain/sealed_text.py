"""Text that only its sealer can read or make: encrypted and authenticated, bound to one use.

A synthetic initialisation vector (the construction of RFC 5297): the tag is a
keyed BLAKE2b of the text and of what it is bound to, and it also starts the
key stream. The standard library has both parts; a cipher would be a package more.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b, shake_256
from hmac import compare_digest

KEY_BYTES = 32
TAG_BYTES = 16


def sealed(text: str, key: bytes, bound_to: str) -> str:
    """The text, sealed: letters of base64url, a third longer, the same for the same text."""
    plain = text.encode()
    tag = _tag(plain, key, bound_to)
    return urlsafe_b64encode(tag + _masked(plain, key, tag)).decode()


def unsealed(seal: str, key: bytes, bound_to: str) -> str | None:
    """The text; None if this key did not seal it for this use."""
    try:
        opened = urlsafe_b64decode(seal.encode("ascii"))
    except (ValueError, binascii.Error):
        return None
    tag, plain = opened[:TAG_BYTES], _masked(opened[TAG_BYTES:], key, opened[:TAG_BYTES])
    return plain.decode() if compare_digest(tag, _tag(plain, key, bound_to)) else None


def _tag(plain: bytes, key: bytes, bound_to: str) -> bytes:
    use = bound_to.encode()
    return blake2b(len(use).to_bytes(4, "big") + use + plain, digest_size=TAG_BYTES, key=key, person=b"tag").digest()


def _masked(data: bytes, key: bytes, tag: bytes) -> bytes:
    """Data under the key stream of this tag, or out of it again."""
    stream = shake_256(blake2b(tag, key=key, person=b"stream").digest()).digest(len(data))
    return bytes(one ^ other for one, other in zip(data, stream, strict=True))
