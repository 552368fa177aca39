"""What problem files of N bodies in tests have in common."""

INTERACTIONS = """\
[[interaction]]
between = ["up", "up"]
kind = "gaussian"
strength = 1.1
width = 0.8
[[interaction]]
between = ["up", "down"]
kind = "gaussian"
strength = -0.6
width = 1.0
[scaling]
kind = "fractions"
"""
"""Of two species "up" and "down" that the fractions scale."""

SIX_AND_THREE = """
title = "Six and three bodies on a ring"
[grid]
points = [16]
lengths = [6.0]
[[species]]
name = "up"
particles = 6
initial = { kind = "gaussian", width = 1.2 }
[[species]]
name = "down"
particles = 3
mass = 1.5
initial = { kind = "gaussian", width = 1.3, centre = 0.4 }
"""
"""The beginning of a file, before its interactions."""
