"""hpcmix: mixtures of quantum gases on large grids, in parallel."""

__version__ = "0.1.0"
