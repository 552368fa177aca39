"""The seal of a file of arrays: written last, into a dataset of its own, and checked before HDF5 touches the file.

A file is good when it holds a seal, when it has the size that the seal names, when everything in it that is neither
seal nor array (HDF5's tables, attributes, small datasets) has the fingerprint that the seal names, and when the arrays
have their digests. The first three are checked here, by reading a few kilobytes; the arrays by whoever reads them. So a
damaged table is found by us and not by a crash of the library.

The seal is text: one line of JSON, blanks, and at its end the SHA-256 of all that. It is the dataset ``hpcmix/seal``, a
single string that is made before any other and so lies at the front, where it is found by its first characters.
Version 1 of the format had it in HDF5's user block, from the first byte on; readers that look for HDF5's signature
there, netCDF among them, do not take such a file for theirs.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hpcmix.io.checkpoints.digest import combined_digest
from hpcmix.io.documents.atomic import OutputError

VERSION = 2
DATASET = "hpcmix/seal"
_READABLE = (1, VERSION)
_OPENING = b'{"format": "hpcmix arrays"'
_FINGERPRINT = 64  # hexadecimal digits of SHA-256
_SEARCHED = 1 << 20
"""Bytes at the front of a file that its seal lies in."""
_READ_AT_ONCE = 1 << 20
_SIGNATURE_OF_HDF5 = b"\x89HDF\r\n\x1a\n"


class Damaged(OutputError):
    """A file that is not what was written; the text says which and how it shows."""


@dataclass(frozen=True)
class SealedArray:
    """Where an array lies in its file, in bytes, and its digest (:mod:`hpcmix.io.checkpoints.digest`)."""

    offset: int
    size: int
    digest: str


@dataclass(frozen=True)
class Seal:
    """What it says.

    place    where it begins in its file, bytes; zero in version 1.
    block    its own size, bytes.
    size     size of the file, bytes.
    labels   SHA-256 of all bytes outside the seal and the arrays.
    arrays   name -> place and digest.
    """

    place: int
    block: int
    size: int
    labels: str
    arrays: Mapping[str, SealedArray]

    @property
    def digest(self) -> str:
        """One digest for all arrays."""
        return combined_digest({name: array.digest for name, array in self.arrays.items()})


def size_of_seal(names: list[str]) -> int:
    """Bytes that have room for a seal of these arrays, a power of two."""
    needed = 512 + sum(160 + 6 * len(name) for name in names)  # JSON writes a character as up to six
    return 1 << (needed - 1).bit_length()


def set_seal(
    path: Path, room: tuple[int, int], places: Mapping[str, tuple[int, int]], digests: Mapping[str, str]
) -> Seal:
    """Seal the complete file at `path`; `places`: offset and size of every array. For the root rank, when all blocks
    are known to be on the disk; the caller syncs. Raises :class:`OutputError` where the seal has no room or is not
    taken whole.

    room  offset and size of the place for the seal.
    """
    place, block = room
    size = path.stat().st_size
    arrays = {name: SealedArray(*places[name], digests[name]) for name in places}
    seal = Seal(place, block, size, _labels_fingerprint(path, room, size, arrays), arrays)
    content = json.dumps({"format": "hpcmix arrays", "version": VERSION, **asdict(seal)}).encode()
    content = content.ljust(block - _FINGERPRINT - 2) + b"\n"
    content += hashlib.sha256(content).hexdigest().encode() + b"\n"
    if len(content) != block or place + block > _SEARCHED:
        raise OutputError(f"{path} could not be sealed: {len(arrays)} arrays are more than a seal has room for")
    descriptor = os.open(path, os.O_WRONLY)
    try:
        if os.pwrite(descriptor, content, place) != block:
            raise OutputError(f"{path} could not be sealed: the disk took a part of the seal only")
    finally:
        os.close(descriptor)
    return seal


def check_seal(path: Path) -> Seal:
    """The seal of the file at `path`. Raises :class:`Damaged` when there is none, when size or labels do not agree with
    it, and :class:`OutputError` when the file cannot be read."""
    try:
        seal = _read(path)
        size = path.stat().st_size
        if size != seal.size:
            raise Damaged(f"{path} is damaged: it has {size} bytes, {seal.size} were written")
        if _labels_fingerprint(path, (seal.place, seal.block), size, seal.arrays) != seal.labels:
            raise Damaged(f"{path} is damaged: its labels are not those that were written")
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror}") from error
    return seal


def _read(path: Path) -> Seal:
    with path.open("rb") as file:
        head = file.read(_SEARCHED)
    place = head.find(_OPENING)
    if place >= 0:
        end = head.find(b"\n", place) + 1
        signed, fingerprint = head[place:end], head[end : end + _FINGERPRINT + 1]
        if hashlib.sha256(signed).hexdigest().encode() + b"\n" == fingerprint:
            return _understood(path, signed)
    elif head.startswith(_SIGNATURE_OF_HDF5) or not head[:64].strip(b"\0"):
        raise Damaged(f"{path} is not sealed: its writing did not come to the end, or it is no file of this program")
    raise Damaged(f"{path} is damaged: its seal is broken, or it is no file of this program")


def _understood(path: Path, content: bytes) -> Seal:
    entries = json.loads(content)
    if entries.get("version") not in _READABLE:
        versions = " and ".join(map(str, _READABLE))
        raise Damaged(f"{path} has version {entries.get('version')} of the file format, this program reads {versions}")
    arrays = {name: SealedArray(**array) for name, array in entries["arrays"].items()}
    return Seal(entries.get("place", 0), entries["block"], entries["size"], entries["labels"], arrays)


def _labels_fingerprint(path: Path, seal: tuple[int, int], size: int, arrays: Mapping[str, SealedArray]) -> str:
    """Of the labels; `seal`: its place and size."""
    result = hashlib.sha256()
    kept = [seal, *((array.offset, array.size) for array in arrays.values())]
    with path.open("rb") as file:
        for begin, end in _gaps(size, kept):
            file.seek(begin)
            while begin < end:
                content = file.read(min(end - begin, _READ_AT_ONCE))
                if not content:
                    break
                result.update(content)
                begin += len(content)
    return result.hexdigest()


def _gaps(size: int, kept: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The parts of a file between pieces, which are offsets and sizes."""
    begin = 0
    for offset, length in sorted(kept):
        if offset > begin:
            yield begin, offset
        begin = max(begin, offset + length)
    if begin < size:
        yield begin, size
