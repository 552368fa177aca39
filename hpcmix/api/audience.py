"""Who listens to a run that a Python program started: a bar where somebody watches, and the error for the exception."""

from __future__ import annotations

import sys
import time
from typing import Any

from hpcmix.api.markup import progress_bar
from hpcmix.problem.mistakes.ending import Foreseen
from hpcmix.running.log import Bar, Terminal

_SECONDS_BETWEEN = 0.2
"""A notebook gets a message for every change of a bar."""


class Listener:
    """Keeps silent, but for a bar (:class:`~hpcmix.running.log.Audience`).

    shows  whether a bar is shown where somebody watches: in a notebook, on a terminal.
    error  what the run complained of last; None if it did not.
    """

    def __init__(self, shows: bool = True) -> None:
        self._shows = shows
        self.error: Foreseen | None = None

    def say(self, text: str) -> None:
        """It is in run.log."""

    def complain(self, error: Foreseen) -> None:
        """Keep it."""
        self.error = error

    def bar(self, title: str, total: float | None, done: float, place: str) -> Bar | None:
        """In a notebook or on a terminal."""
        if not self._shows:
            return None
        return NotebookBar(title, total, done, place) if in_notebook() else Terminal().bar(title, total, done, place)


def in_notebook() -> bool:
    """Whether a notebook's kernel runs this program."""
    library: Any = sys.modules.get("IPython")
    return library is not None and hasattr(library.get_ipython(), "kernel")


class NotebookBar:
    """A bar below the cell (:class:`~hpcmix.running.log.Bar`)."""

    def __init__(self, title: str, total: float | None, done: float, place: str) -> None:
        from IPython.display import display

        self._title, self._total, self._last = title, total, time.monotonic()
        self._page = Page("")
        self._shown: Any = display(self._page, display_id=True)
        self._show(done, place)

    def update(self, done: float, place: str, note: str) -> None:
        """Show it, unless it was shown a moment ago."""
        if time.monotonic() - self._last >= _SECONDS_BETWEEN:
            self._last = time.monotonic()
            self._show(done, f"{place}  {note}")

    def close(self) -> None:
        """Take it away."""
        self._shown.update(Page(""))

    def _show(self, done: float, words: str) -> None:
        self._shown.update(Page(progress_bar(self._title, done / self._total if self._total else None, words)))


class Page:
    """HTML that a notebook shows."""

    def __init__(self, content: str) -> None:
        self._content = content

    def _repr_html_(self) -> str:
        return self._content

    def __repr__(self) -> str:
        return ""
