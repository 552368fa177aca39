"""hpcmix: mixtures of quantum gases on large grids, in parallel."""

__version__ = "0.2.0"
