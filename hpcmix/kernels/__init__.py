"""Loops over grid points that decide the speed: compiled, each with a numpy twin. Use them through `dispatch`."""
