"""Limits that end what hangs, on machines that compute other things too."""

import os

_MOST = 6.0


def patience(seconds: float) -> float:
    """So many seconds where every process has a core, and as many times longer as there are processes for each, up to
    six times: what hangs has to fail. A limit is no measurement."""
    return seconds * min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), _MOST)
