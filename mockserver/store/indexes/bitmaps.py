"""Bitmaps of many ordinals, made from bytes.

pyroaring makes a bitmap of numbers one by one: of a million 20 to 30 ms. Here bytes become digits,
the digits an integer, and its bits the containers of a serialized bitmap: 2 ms (measured). The
format is described in github.com/RoaringBitmap/RoaringFormatSpec.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Container

from pyroaring import BitMap

_SIZE = 1 << 16  # ordinals of a container
_COOKIE = 12346  # of a bitmap without containers of runs
# A container is a set of bits only if it has more than 4,096 members. Each is written twice, with
# half of all bits set in addition: what both have are the members.
_HALVES = tuple(int.from_bytes(pattern * (_SIZE // 8), "little") for pattern in (b"\x55", b"\xaa"))


def find_bytes(content: bytes, wanted: Container[int]) -> BitMap:
    """The places in `content` of the bytes that are wanted."""
    digits = content.translate(bytes(b"01"[byte in wanted] for byte in range(256)))
    slices = (digits[at : at + _SIZE] for at in range(0, len(digits), _SIZE))
    containers = [int(each[::-1], 2) for each in slices]
    one, other = (_bitmap_of([each | half for each in containers]) for half in _HALVES)
    found: BitMap = one & other
    found.run_optimize()
    return found


def _bitmap_of(containers: list[int]) -> BitMap:
    """The bitmap of containers that each have more than 4,096 members."""
    count = len(containers)
    begin = 8 + 8 * count
    header = [
        struct.pack("<II", _COOKIE, count),
        *(struct.pack("<HH", key, it.bit_count() - 1) for key, it in enumerate(containers)),
        *(struct.pack("<I", begin + _SIZE // 8 * key) for key in range(count)),
    ]
    bits = [each.to_bytes(_SIZE // 8, "little") for each in containers]
    return BitMap.deserialize(b"".join((*header, *bits)))


_IS_LITTLE = sys.byteorder == "little"


def highest_bytes(numbers: array[int]) -> bytes:
    """The highest byte of each number of 64 bits."""
    return memoryview(numbers).cast("B")[7 if _IS_LITTLE else 0 :: 8].tobytes()


def upper_halves(numbers: array[int]) -> array[int]:
    """The upper 32 bits of each number of 64 bits, as a number with a sign."""
    found = array("i")
    found.frombytes(memoryview(numbers).cast("B").cast("i")[int(_IS_LITTLE) :: 2].tobytes())
    return found
