"""The order to end a search for a ground state before it is done."""

from __future__ import annotations


class SearchInterrupted(Exception):
    """Somebody wants the search to end before it is done. Raised on every rank, between two iterations."""

    sought: str = "the ground state was"
    """What was under way, as a sentence has it."""
    kept: str | None = None
    """Where its state is, once it has been kept."""
