"""Writing blocks of one file from many ranks through MPI-IO."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import numpy as np

from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together

_LARGEST_PIECE = 1 << 30
"""Bytes per call: the libraries count in 32-bit integers."""


def write_pieces(path: Path, comm: MPI.Comm, pieces: Iterable[tuple[int, np.ndarray]]) -> None:
    """Write this rank's pieces, each a byte offset and a one-dimensional array of bytes, into the existing file at
    `path`.

    Opening and closing are collective over `comm`, writing is not: ranks may have any number of pieces, none too.
    (Collective writes of unequal blocks hang or lose data in some MPI libraries.) Raises OSError, the same on every
    rank.
    """
    try:
        handle = MPI.File.Open(cast(MPI.Intracomm, comm), os.fspath(path), MPI.MODE_WRONLY)
    except MPI.Exception as error:
        raise _as_os_error(error) from error
    try:
        with together(comm):
            for offset, data in pieces:
                _write_piece(handle, offset, data)
    finally:
        handle.Close()


def _write_piece(handle: MPI.File, offset: int, data: np.ndarray) -> None:
    for first in range(0, data.size, _LARGEST_PIECE):
        part = data[first : first + _LARGEST_PIECE]
        status = MPI.Status()
        try:
            handle.Write_at(offset + first, [part, MPI.BYTE], status)
        except MPI.Exception as error:
            raise _as_os_error(error) from error
        written = status.Get_count(MPI.BYTE)
        if written != part.size:
            raise OSError(errno.ENOSPC, f"MPI wrote {written} of {part.size} bytes")


_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS, errno.ENOENT)
"""Errors of the system that a user can do something about."""

_CLASSES = {
    MPI.ERR_NO_SPACE: errno.ENOSPC,
    MPI.ERR_QUOTA: errno.EDQUOT,
    MPI.ERR_ACCESS: errno.EACCES,
    MPI.ERR_READ_ONLY: errno.EROFS,
    MPI.ERR_NO_SUCH_FILE: errno.ENOENT,
}
"""Classes of errors that MPI has for them."""


def _as_os_error(error: MPI.Exception) -> OSError:
    text = " ".join(error.Get_error_string().split())
    return OSError(error_number(error.Get_error_class(), text), text)


def error_number(error_class: int, text: str) -> int:
    """The system's number for an error of MPI-IO, EIO where there is none.

    MPI has classes for a full disk and for a quota; but ROMIO, which the MPICH family writes with, reports both as
    "other I/O error" and names the system's error in its text only.
    """
    named = next((number for number in _NUMBERS if os.strerror(number) in text), errno.EIO)
    return _CLASSES.get(error_class, named)
