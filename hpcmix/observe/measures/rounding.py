"""What rounding does to particle numbers. Imports nothing: figures, which need no MPI, ask too."""

NORM_OF_A_TRANSFORM = {"double": 4e-16, "single": 2e-7}
"""Relative change of the norm that a transform and its inverse may make, always to the same side for a given grid
(measured; sizes with a factor 3)."""

PARTICLE_LIMIT = {"double": 1e-6, "single": 1e-2}
"""Relative change of a particle number that rounding does not explain."""
