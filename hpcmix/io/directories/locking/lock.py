"""The lock that keeps two jobs out of one directory.

Its file ``.lock`` holds who the job is (holder.py); it appears whole, as a hard link to a file written before. Any step
of what follows may take long, and any job may be killed between two of them, so that nobody trusts what it has seen a
moment ago:

* Nothing is removed under its own name. Who takes a lock for a dead job's, or gives up its own, first renames it to a
  name that nobody else uses, ``.lock.moved-...``, and then looks at what it has got. A dead one is removed; a living
  one - another job was quicker meanwhile - is put back, without overwriting what may have come into its place.
* A lock that was moved counts as if it were in its place, so that its job loses nothing, not even if whoever moved it
  dies: a job has the directory only if, after its own lock was there, no lock of another living job is, moved or not.
* A job that finds one withdraws and begins again after a random while; one that finds none adds the line ``held``.
  Others wait for that line before they give up: of jobs that withdraw for each other's sake, one comes through.

What is needed of a file system is that link, rename and exclusive creation are atomic, and that a directory shows a
change to who asks after it; NFS does so. It may lose the answer to a change that it has made, and then says of the
second attempt that it failed: link and rename look whether they have succeeded all the same.
"""

from __future__ import annotations

import errno
import json
import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hpcmix.io.directories.locking.holder import HELD, STOPPING, Holder, identity
from hpcmix.io.documents.atomic import OutputError, explained

HEARTBEAT_SECONDS = 15.0
"""How often a living job touches its lock."""

_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
"""How file systems say that they have none."""

_PUT_BACK_SECONDS = 5.0
"""How long a living lock waits for its place; where it is meanwhile it counts as well."""

_ATTEMPTS = 100


class Locked(OutputError):
    """Another job is at work in the directory; the text says which."""


class Lock:
    """The lock of a run's directory. For the root rank.

    say  is told in a sentence when :meth:`check` or :meth:`acquire` waits for a job that is about to end.
    """

    def __init__(self, directory: Path, say: Callable[[str], None] = lambda sentence: None) -> None:
        self.path = directory / ".lock"
        self._say = say
        self._key = ""
        self._file: int | None = None  # ours, open: a heartbeat reaches it wherever it has been moved

    @property
    def _descriptor(self) -> int:
        """Of our own file, while this job takes the directory or holds it."""
        if self._file is None:
            raise TypeError(f"{self.path} is not this job's")
        return self._file

    def holder(self) -> Holder | None:
        """The living job that holds the directory, if there is one and it is not this one."""
        return self._other()

    def check(self) -> None:
        """Raise :class:`Locked` when a living job holds the directory. For one that is about to end, or is just taking
        the directory and may withdraw, this waits a while."""
        begin, said = time.monotonic(), False
        while (holder := self._other()) is not None:
            waited, patience = time.monotonic() - begin, holder.patience
            if waited >= patience:
                raise Locked(holder.sentence(waited))
            if holder.is_ending and not said:
                said = True
                self._say(
                    f"waiting for process {holder.entries.get('process', '?')}, which is about to end, to leave "
                    f"{self.path.parent}; {patience:.0f} s at most"
                )
            time.sleep(0.05)

    def acquire(self) -> None:
        """Take the directory, from a dead job if need be. Raises :class:`Locked`, or :class:`OutputError`."""
        self.release()
        self._key = os.urandom(8).hex()
        content = json.dumps(identity() | {"key": self._key, "claims": True}) + "\n"
        draft = self.path.with_name(f".lock.new-{self._key}")
        try:
            self._file = self._created(draft, content)
            self._compete(draft, content)
        except BaseException as error:
            self.release()
            if isinstance(error, OSError):
                raise explained(error, self.path) from None
            raise
        finally:
            with suppress(OSError):
                draft.unlink()

    def _compete(self, draft: Path, content: str) -> None:
        for _ in range(_ATTEMPTS):
            self.check()
            self._remove_dead()
            if not self._place(draft, content):
                continue
            if self._is_alone():
                os.write(self._descriptor, f"{HELD}\n".encode())
                return
            self._remove_own()
            time.sleep(random.uniform(0.02, 0.2))
        raise Locked(f"{self.path} changes hands too quickly; is more than one job being started here?")

    def is_here(self) -> bool:
        """Whether the directory is held: not so after it was moved aside, and another one made in its place."""
        return self._file is not None and bool(self._own_names())

    def touch(self) -> None:
        """Say that this job is alive."""
        if self._file is not None:
            with suppress(OSError):
                os.utime(self._file)

    def mark_stopping(self) -> None:
        """Say that this job was asked to end: who wants the directory then waits for that."""
        if self._file is not None:
            with suppress(OSError):
                os.write(self._file, f"{STOPPING}\n".encode())

    def release(self) -> None:
        """Give the directory free, if the lock is still ours."""
        if self._file is None:
            return
        with suppress(OSError):
            self._remove_own()
        with suppress(OSError):
            os.close(self._file)
        self._file = None

    # ------------------------------------------------------------------------------------------- what is there

    def _holders(self) -> list[Holder]:
        """Every lock, in its place or moved. The place is read last once more: what was moved when it was read first
        may be back there when the others are listed."""
        moved = [self.path, *self.path.parent.glob(f"{self.path.name}.moved-*"), self.path]
        return [holder for holder in map(Holder.read, moved) if holder is not None]

    def _other(self) -> Holder | None:
        """A living job's lock that is not ours."""
        return next((holder for holder in self._holders() if holder.key != self._key and not holder.is_gone()), None)

    def _own_names(self) -> set[Path]:
        """Where our lock is: in its place, or where others have moved it."""
        return {holder.path for holder in self._holders() if holder.key == self._key}

    def _is_alone(self) -> bool:
        """Whether our lock is there and no other living job's, twice at the same places: nothing moves meanwhile."""
        names = self._own_names()
        return bool(names) and self._other() is None and self._own_names() == names and self._other() is None

    # ------------------------------------------------------------------------------------------ what changes it

    @staticmethod
    def _created(path: Path, content: str) -> int:
        """A new file, open."""
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
            os.write(file, content.encode())
        except FileExistsError:
            raise
        except OSError as error:
            raise explained(error, path) from error
        return file

    def _place(self, draft: Path, content: str) -> bool:
        """Put our lock into its place; False where another one is."""
        try:
            return self._linked(draft)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
        try:  # for a moment it is empty here, and counts as a living job's
            file = self._created(self.path, content)
        except FileExistsError:
            return False
        os.close(self._descriptor)
        self._file = file
        return True

    def _linked(self, source: Path) -> bool:
        """Whether a file is in the lock's place, without anything having been overwritten."""
        try:
            os.link(source, self.path)
        except FileExistsError:
            with suppress(OSError):
                return os.path.samefile(source, self.path)
            return False
        return True

    def _take_away(self) -> Path | None:
        """Rename what is in the lock's place to a name of its own; None where nothing was there."""
        moved = self.path.with_name(f"{self.path.name}.moved-{os.urandom(8).hex()}")
        try:
            os.rename(self.path, moved)
        except FileNotFoundError:
            return moved if moved.exists() else None
        return moved

    def _put_back(self, moved: Path) -> None:
        """Give a living job's lock its place again. A claim that came into it meanwhile withdraws, as it sees this one;
        until then, and if its place never becomes free, it counts where it is."""
        deadline = time.monotonic() + _PUT_BACK_SECONDS
        while time.monotonic() < deadline:
            try:
                if self._linked(moved):
                    moved.unlink(missing_ok=True)
                    return
            except OSError:  # there are no hard links here, or its job has just given it up
                return
            time.sleep(0.02)

    def _remove_dead(self) -> None:
        """Remove the locks that dead jobs have left."""
        holder = Holder.read(self.path)
        if holder is not None and holder.is_gone():
            moved = self._take_away()
            judged = None if moved is None else Holder.read(moved)
            if judged is not None and not judged.is_gone():
                self._put_back(judged.path)
        for kind in ("moved", "new"):
            for other in map(Holder.read, self.path.parent.glob(f"{self.path.name}.{kind}-*")):
                if other is not None and other.key != self._key and other.is_gone():
                    other.path.unlink(missing_ok=True)

    def _remove_own(self) -> None:
        """Remove our lock wherever it is, and no other one."""
        for _ in range(_ATTEMPTS):
            names = self._own_names()
            for path in names:
                if path != self.path:
                    path.unlink(missing_ok=True)
                    continue
                moved = self._take_away()
                judged = None if moved is None else Holder.read(moved)
                if judged is not None and judged.key == self._key:
                    judged.path.unlink(missing_ok=True)
                elif judged is not None:
                    self._put_back(judged.path)
            if not names:
                return
