"""One boson and one classical fermion on a line, the system (2.22) as it stands: hbar, masses and numbers are 1.

The fermion fills the ball of the trap omega = 1, which is switched off at once; the boson is a Gaussian of width 0.8 at
0.6; V = exp(-r^2 / (2 0.7^2)).
"""

from __future__ import annotations

AT_ONE = {
    "bosons kinetic": 0.47416898860,
    "gas kinetic": 0.33813071649,
    "interaction": 0.35596594881,
    "total": 1.16826565390,
    "bosons centre": 0.69177527260,
    "bosons width": 1.11009618930,
    "bosons momentum": 0.15973104335,
    "gas centre": -0.09177527264,
    "gas width": 1.09441152870,
    "gas momentum width": 0.80668917606,
}
"""Numbers at t = 1, to the digits of a converged computation by direct sums (``direct_sums.py``)."""

START_TOTAL = AT_ONE["total"]
"""The energy is conserved."""
