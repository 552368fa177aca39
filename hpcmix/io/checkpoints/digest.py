"""A fingerprint of a distributed array: the same for every division of the array among ranks, and in every order.

    digest = sum over words w_i of m(w_i) k_i        modulo 2^64, in two lanes with different keys k: 128 bits

i is the global number of a 64-bit word in C order (an element of less than eight bytes counts as one word), m mixes the
high bits of a word into the low ones, m(w) = v xor (v >> 32) with v = w c + d and c odd, and k_i is an odd number that
depends on i: k_i = t[i mod L] s(i div L) with a table t of random odd numbers and a mixed, odd s. m is a bijection and
k odd, so a single damaged word is always noticed; swapped values, zeroed blocks and other damage are missed with a
probability of the order of 2^-64. It protects against accidents, not against an adversary.

A sum of products with keys is the multilinear hash of Carter and Wegman, J. Comput. Syst. Sci. 18 (1979) 143; s is the
finalizer of splitmix64, Steele, Lea and Flood, OOPSLA (2014) 453.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from hpcmix.io.checkpoints.pieces import all_pieces
from hpcmix.parallel.decomposition import Block, Part

_MASK = (1 << 64) - 1
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_OFFSET = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_PERIOD = 1 << 14
"""Words that are hashed together: they and their keys stay in the processor's cache."""
_KEYS = np.random.Generator(np.random.Philox(key=[0x6870636D, 0x6978])).integers(
    0, _MASK, size=(2, _PERIOD), dtype=np.uint64, endpoint=True
) | np.uint64(1)
"""t, for both lanes."""


def local_sums(part: Part) -> np.ndarray:
    """The two lanes of the digest of this rank's part; the lanes of all parts add up to those of the whole array."""
    return sums_of_pieces(all_pieces(part), part.local.dtype.itemsize)


def sums_of_pieces(pieces: Iterable[tuple[int, np.ndarray]], itemsize: int) -> np.ndarray:
    """The lanes of pieces, each the index of its first element in the whole array and its bytes."""
    lanes = [0, 0]
    word = np.dtype(f"u{min(itemsize, 8)}")
    for first, content in pieces:
        words = content.view(word).astype(np.uint64, copy=False)
        number = first * itemsize // word.itemsize  # elements are whole words
        while words.size:
            block, place = divmod(number, _PERIOD)
            size = min(words.size, _PERIOD - place)
            mixed = words[:size] * _MULTIPLIER
            mixed += _OFFSET
            mixed ^= mixed >> _HALF
            for lane in (0, 1):
                partial = int(np.dot(mixed, _KEYS[lane, place : place + size]))
                lanes[lane] += partial * _block_key(block, lane)
            words, number = words[size:], number + size
    return np.array([lane & _MASK for lane in lanes], np.uint64)


def _block_key(block: int, lane: int) -> int:
    """s, an odd number for every block of words and lane."""
    value = (2 * block + lane + 1) * 0x9E3779B97F4A7C15 & _MASK
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK
    return (value ^ value >> 31) | 1


def summed_over_ranks(world: Any, lanes: np.ndarray) -> np.ndarray:
    """Lanes added up modulo 2^64 over all ranks, any number of digests at once. Collective."""
    return np.asarray(np.sum(world.allgather(lanes), axis=0, dtype=np.uint64))


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
