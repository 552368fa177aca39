"""What rounding does to particle numbers. Imports nothing: figures, which need no MPI, ask too."""

PARTICLE_LIMIT = {"double": 1e-6, "single": 1e-2}
"""Relative change of a particle number that rounding does not explain: a transform and its inverse change the norm by
up to 4e-16 in double precision and 2e-7 in single, always to the same side for a given grid (measured; sizes
with a factor 3)."""
