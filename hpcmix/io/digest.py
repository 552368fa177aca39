"""A fingerprint of a distributed array: the same for every division of the array among ranks, and in every order.

    digest = sum over words w_i of H(i, w_i)        modulo 2^64, in two lanes with different H: 128 bits

i is the global number of a 64-bit word in C order (an element of less than eight bytes counts as one word), H a keyed
hash that mixes index and content, so that a sum of it notices a flipped bit, swapped values and zeroed blocks. For a
fixed i, H is a bijection of w in the first lane: a single damaged word is always noticed; any other damage is missed
with probability 2^-128. It protects against accidents, not against an adversary.

H is the finalizer of splitmix64: Steele, Lea and Flood, OOPSLA (2014) 453.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from hpcmix.io.pieces import Part, all_pieces
from hpcmix.parallel.decomposition import Block

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_OTHER_LANE = np.uint64(0xD6E8FEB86659FD93)
_WORDS_AT_ONCE = 1 << 14
"""Words that are hashed together: the few arrays of them stay in the processor's cache."""


def local_sums(part: Part) -> np.ndarray:
    """The two lanes of the digest of this rank's part; the lanes of all parts add up to those of the whole array."""
    return sums_of_pieces(all_pieces(part), part.local.dtype.itemsize)


def sums_of_pieces(pieces: Iterable[tuple[int, np.ndarray]], itemsize: int) -> np.ndarray:
    """The lanes of pieces, each the index of its first element in the whole array and its bytes."""
    lanes = np.zeros(2, np.uint64)
    word = np.dtype(f"u{min(itemsize, 8)}")
    for first, content in pieces:
        words = content.view(word)
        number = first * itemsize // word.itemsize  # elements are whole words
        for begin in range(0, words.size, _WORDS_AT_ONCE):
            lanes += _hash_sums(number + begin, words[begin : begin + _WORDS_AT_ONCE])
    return lanes


def _hash_sums(number: int, words: np.ndarray) -> np.ndarray:
    """Both lanes of neighbouring words, the first of which is the `number`-th of the array. Arithmetic modulo 2^64."""
    hashed = np.arange(number, number + words.size, dtype=np.uint64)
    spare = np.empty_like(hashed)
    hashed *= _GOLDEN
    _mix(hashed, spare)
    hashed ^= words
    _mix(hashed, spare)
    first = hashed.sum(dtype=np.uint64)
    hashed ^= _OTHER_LANE
    hashed *= _FIRST
    np.right_shift(hashed, np.uint64(32), out=spare)
    hashed ^= spare
    hashed *= _SECOND
    return np.array([first, hashed.sum(dtype=np.uint64)], np.uint64)


def _mix(values: np.ndarray, spare: np.ndarray) -> None:
    """The finalizer of splitmix64, in place."""
    for shift, factor in ((30, _FIRST), (27, _SECOND)):
        np.right_shift(values, np.uint64(shift), out=spare)
        values ^= spare
        values *= factor
    np.right_shift(values, np.uint64(31), out=spare)
    values ^= spare


def summed_over_ranks(world: Any, lanes: np.ndarray) -> np.ndarray:
    """Lanes added up modulo 2^64 over all ranks, any number of digests at once. Collective."""
    return np.sum(world.allgather(lanes), axis=0, dtype=np.uint64)


def as_text(lanes: np.ndarray) -> str:
    """The digest as 32 hexadecimal digits."""
    return "".join(f"{int(lane):016x}" for lane in lanes)


def whole_array_digest(array: np.ndarray) -> str:
    """The digest of an array that this process holds whole."""
    return as_text(local_sums(Part(array.shape, Block((0,) * array.ndim, array.shape), array)))


def combined_digest(entries: Mapping[str, str]) -> str:
    """One digest of 32 hexadecimal digits for named texts, digests among them; their order does not matter."""
    content = "\n".join(f"{name}={entries[name]}" for name in sorted(entries))
    return hashlib.sha256(content.encode()).hexdigest()[:32]
