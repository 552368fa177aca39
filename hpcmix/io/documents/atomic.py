"""Files that appear whole or not at all: a temporary name in the same directory, fsync, rename; and errors in
sentences.
"""

from __future__ import annotations

import ctypes
import errno
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hpcmix.problem.mistakes.ending import Foreseen


class OutputError(OSError, Foreseen):
    """A file or directory of a run cannot be written, or not be read; the text is a sentence for the user."""


def temporary_name(path: Path) -> Path:
    """Where `path` grows until it is complete; a leftover of a killed run is overwritten by the next attempt."""
    return path.with_name(path.name + ".partial")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the body a temporary path to write; afterwards it is synced and takes the place of `path`, or is removed
    on an error.

    The directory is made if it is missing. Raises :class:`OutputError` when the system refuses.
    """
    temporary = temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        sync(temporary)
        publish(temporary, path)
    except OSError as error:
        raise explained(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Replace `path` by `text`. Raises :class:`OutputError`."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def publish(temporary: Path, path: Path) -> None:
    """Rename a complete, synced file to its name and make the name last."""
    os.replace(temporary, path)
    with suppress(OSError):  # some file systems refuse to sync a directory; the rename is atomic there all the same
        sync(path.parent)


def sync(path: Path) -> None:
    """fsync a file or a directory; raises OSError when data that was accepted earlier could not be stored."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def reserve(path: Path, size: int) -> None:
    """Have the file system set aside `size` bytes for the file at `path` (made if it does not exist), before anything
    is written to it.

    A full disk or a quota is then an error here, on one rank, and not a hole in the data. Where the file system
    cannot reserve, the free space it reports must do. Raises OSError (ENOSPC, EDQUOT, EFBIG).
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        number = _fallocate(descriptor, size)
        if number in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
            allocated = os.fstat(descriptor).st_blocks * 512
            number = errno.ENOSPC if free_space(path.parent) < size - allocated else 0
        if number:
            os.ftruncate(descriptor, 0)  # give back what was set aside, so that the free space reported is that before
            raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(descriptor)


def _fallocate(descriptor: int, size: int) -> int:
    """Error number of Linux's fallocate, 0 for success. Not os.posix_fallocate: where the file system lacks it the C
    library writes a byte into every block instead, minutes for a large file on NFS."""
    if size == 0:
        return 0
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "fallocate"):
        return errno.ENOSYS
    library.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    while library.fallocate(descriptor, 0, 0, size) != 0:
        if ctypes.get_errno() != errno.EINTR:
            return ctypes.get_errno()
    return 0


def free_space(directory: Path) -> int:
    """Bytes that this user may still write to the file system of `directory`."""
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize


def explained(error: Exception, path: Path, size: int | None = None) -> OutputError:
    """The error in a sentence that names the file, what is wrong and what to do; `size`: bytes the file needs, if
    known.
    """
    if isinstance(error, OutputError):
        return error
    number = getattr(error, "errno", None)
    needs = "" if size is None else f" (it needs {described_size(size)})"
    if number in (errno.ENOSPC, errno.EDQUOT):
        with suppress(OSError):
            needs += f"; {described_size(free_space(path.parent))} are free there"
        reason = f"no space is left on the disk or in the quota for it{needs}"
    elif number == errno.EFBIG:
        reason = f"it is larger than this session allows a file to be{needs}; raise the limit (ulimit -f)"
    elif number in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason = f"{path.parent} does not let this user write"
    elif number == errno.ENOENT:
        reason = f"{path.parent} is not there (any more)"
    elif number in (errno.ENOTDIR, errno.EEXIST):
        reason = "a part of its path is a file and not a directory"
    else:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if number == errno.EIO:  # some MPI libraries say no more than that, of a full disk too
            with suppress(OSError):
                reason += f"; {described_size(free_space(path.parent))} are free there"
    return OutputError(f"{path} could not be written: {reason}")


def described_size(size: int) -> str:
    """A number of bytes for people: 512 bytes, 1.5 MB, 2.0 GB."""
    if size < 1000:
        return f"{size} bytes"
    units = ("kB", "MB", "GB", "TB", "PB")
    power = min(int(math.log10(size) / 3), len(units))
    return f"{size / 1000**power:.1f} {units[power - 1]}"
