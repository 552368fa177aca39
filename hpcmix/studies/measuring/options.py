"""The claims by their words on the command line, and the options that mean something to each. Needs no MPI."""

from __future__ import annotations

from collections.abc import Iterable

from hpcmix.problem.mistakes.errors import ProblemError

OPTIONS = {
    "scattering-rates": {"--numbers"},
    "gross-pitaevskii-limit": {"--numbers", "--max-wall"},
    "dispersion": {"--numbers", "--max-wall"},
    "morawetz": {"--max-wall"},
    "pair-excitation": {"--numbers", "--max-wall"},
    "conservation": {"--max-wall"},
    "well-posedness": {"--max-wall"},
    "semiclassical-bounds": {"--numbers", "--at-start", "--max-wall"},
    "mean-field-limit": {"--numbers", "--max-wall"},
    "bose-fermi-limit": {"--numbers", "--bosons", "--max-wall"},
    "vlasov-limit": {"--numbers", "--markers", "--max-wall"},
    "excitations-bounded": {"--numbers", "--max-wall"},
    "fluctuation-growth": {"--numbers", "--max-wall"},
    "bogoliubov-limit": {"--numbers", "--max-wall"},
}
"""Which of the options that some claims take mean something to each: numbers to families, a time limit to what is kept
in parts, the start to what is of interest there."""


def check_options(claim: str, given: Iterable[str]) -> None:
    """Raise :class:`~hpcmix.problem.mistakes.errors.ProblemError` for an option that the claim would ignore."""
    for option in given:
        if option not in OPTIONS[claim]:
            raise ProblemError.of(option, f"means nothing to the claim {claim}; leave it out")
