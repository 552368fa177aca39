"""Whether a node has the memory that a run needs, known before anything is allocated. Imports no MPI."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hpcmix.model.ranks import division_request
from hpcmix.parallel.sharing.division import Division, divide
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.running.planning.costs.memory import memory_bytes
from hpcmix.running.planning.plan_table import readable

MARGIN = 1.5
"""The estimate of the memory is good to a fifth; what it exceeds the node's by so much does not run."""


def require_room(problem: Problem, division: Division, node_ranks: int) -> None:
    """Raise :class:`ProblemError` where the first of `node_ranks` ranks, which share a node, needs far more memory than
    there is."""
    needed = memory_bytes(problem, division)
    if not needed <= MARGIN * memory_of_node() / node_ranks:
        ranks = "a rank" if node_ranks == 1 else f"each of the {node_ranks} ranks of a node"
        raise ProblemError.of(
            "grid.points",
            f"this problem needs {readable(needed)} for {ranks}, and the node has {readable(memory_of_node())}; "
            f"use more nodes, or {_less_of(problem)} (hpcmix plan says what a run needs)",
        )


def lines_of_shortage(problem: Problem, ranks: int) -> list[str]:
    """A line of ``hpcmix plan`` where a run on this machine, a rank on every core, would be refused by
    :func:`require_room`; none where there is room."""
    sharing = min(ranks, os.cpu_count() or 1)
    try:
        require_room(problem, divide(division_request(problem), ranks), sharing)
    except ProblemError as error:
        return [f"note: on machines like this one a run is refused: {error.complaints[0].message}"]
    return []


def _less_of(problem: Problem) -> str:
    """What takes the memory."""
    pairs = ", or fewer modes and probes of [fluctuations]" if problem.fluctuations else ""
    return f"a smaller grid{pairs}{', or fewer markers' if problem.classical else ''}"


def memory_of_node() -> float:
    """Bytes that this node has for the program: its memory, less where a limit is set on it."""
    return min(_limits())


def _limits() -> Iterator[float]:
    yield float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        yield float(limit)
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            yield float(Path(path).read_text())
