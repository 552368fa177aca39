"""The seal of a file of arrays: written last, into HDF5's user block, and checked before HDF5 touches the file.

A file is good when its user block is a seal, when it has the size that the seal names, when everything in it that is no
array (HDF5's tables, attributes, small datasets) has the fingerprint that the seal names, and when the arrays have
their digests. The first three are checked here, by reading a few kilobytes; the arrays by whoever reads them. So a
damaged table is found by us and not by a crash of the library.

The user block is text, ``head -n 1 FILE`` shows it: one line of JSON, blanks, and at its end the SHA-256 of all that.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hpcmix.io.checkpoints.digest import combined_digest
from hpcmix.io.documents.atomic import OutputError

VERSION = 1
_FINGERPRINT = 64  # hexadecimal digits of SHA-256
_LARGEST_USER_BLOCK = 1 << 20
_READ_AT_ONCE = 1 << 20


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
    """What the user block says.

    block    size of the user block, bytes.
    size     size of the file, bytes.
    labels   SHA-256 of all bytes outside the user block and the arrays.
    arrays   name -> place and digest.
    """

    block: int
    size: int
    labels: str
    arrays: Mapping[str, SealedArray]

    @property
    def digest(self) -> str:
        """One digest for all arrays."""
        return combined_digest({name: array.digest for name, array in self.arrays.items()})


def user_block_size(names: list[str]) -> int:
    """The smallest user block that HDF5 allows (a power of two from 512) and that has room for a seal of these
    arrays."""
    needed = 512 + sum(160 + 6 * len(name) for name in names)  # JSON writes a character as up to six
    return max(512, 1 << (needed - 1).bit_length())


def set_seal(path: Path, block: int, places: Mapping[str, tuple[int, int]], digests: Mapping[str, str]) -> Seal:
    """Seal the complete file at `path`; `places`: offset and size of every array. For the root rank, when all blocks
    are known to be on the disk; the caller syncs."""
    size = path.stat().st_size
    arrays = {name: SealedArray(*places[name], digests[name]) for name in places}
    seal = Seal(block, size, _labels_fingerprint(path, block, size, arrays), arrays)
    content = json.dumps({"format": "hpcmix arrays", "version": VERSION, **asdict(seal)}).encode()
    content = content.ljust(block - _FINGERPRINT - 2) + b"\n"
    content += hashlib.sha256(content).hexdigest().encode() + b"\n"
    descriptor = os.open(path, os.O_WRONLY)
    try:
        if os.pwrite(descriptor, content, 0) != block:
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
        if _labels_fingerprint(path, seal.block, size, seal.arrays) != seal.labels:
            raise Damaged(f"{path} is damaged: its labels are not those that were written")
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror}") from error
    return seal


def _read(path: Path) -> Seal:
    with path.open("rb") as file:
        block = 512
        while block <= _LARGEST_USER_BLOCK:
            file.seek(0)
            content = file.read(block)
            signed, fingerprint = content[: -_FINGERPRINT - 1], content[-_FINGERPRINT - 1 : -1]
            if len(content) == block and hashlib.sha256(signed).hexdigest().encode() == fingerprint:
                return _understood(path, signed)
            block *= 2
    with path.open("rb") as file:
        if not file.read(64).strip(b"\0"):
            raise Damaged(f"{path} is not sealed: its writing did not come to the end")
    raise Damaged(f"{path} is damaged: its seal is broken, or it is no file of this program")


def _understood(path: Path, content: bytes) -> Seal:
    entries = json.loads(content)
    if entries.get("version") != VERSION:
        raise Damaged(f"{path} has version {entries.get('version')} of the file format, this program reads {VERSION}")
    arrays = {name: SealedArray(**array) for name, array in entries["arrays"].items()}
    return Seal(entries["block"], entries["size"], entries["labels"], arrays)


def _labels_fingerprint(path: Path, block: int, size: int, arrays: Mapping[str, SealedArray]) -> str:
    result = hashlib.sha256()
    with path.open("rb") as file:
        for begin, end in _gaps(block, size, arrays):
            file.seek(begin)
            while begin < end:
                content = file.read(min(end - begin, _READ_AT_ONCE))
                if not content:
                    break
                result.update(content)
                begin += len(content)
    return result.hexdigest()


def _gaps(block: int, size: int, arrays: Mapping[str, SealedArray]) -> Iterator[tuple[int, int]]:
    """The parts of a file between its arrays."""
    begin = block
    for array in sorted(arrays.values(), key=lambda array: array.offset):
        if array.offset > begin:
            yield begin, array.offset
        begin = max(begin, array.offset + array.size)
    if begin < size:
        yield begin, size
