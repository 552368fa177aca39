"""Lines of a TOML file's entries, against the tables that tomllib reads."""

import tomllib

from hpcmix.problem.reading.lines import index_lines

TRICKY = '''# a comment with [brackets] and = signs
title = "a # that is no comment, [nor a table]"
dotted.key . "quoted.part" = 1   # comment

[grid]
points = [
    # comment ]
    16,

    32, ]
lengths = [ [1, 2], [3,
    4] ]
text = """
[species]
name = "not a key" \\""" ""still inside"""
raw = \'\'\'
x = 1\'\'\'\'
plain = 'single # quote'

[[species]]
name = "up"
potential = [ { kind = "harmonic", frequency = [1,
    2] },
    { kind = "gaussian", "odd key" = 1979-05-27 07:32:00 } ]

[species.initial]
kind = "gaussian"
noise = { amplitude = 1e-3, seed.value = 0x10 }

[[species]]
name = "down"
[[species.potential]]
kind = "box"
[[species.potential]]
kind = "file"

[output.snapshots]
every = 1
[output]
directory = """"quoted""""
'''


def _leaves(node, path=()):
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from _leaves(value, (*path, key))


def test_every_entry_has_a_line_and_no_other() -> None:
    lines = index_lines(TRICKY)
    assert set(lines) - {()} == set(_leaves(tomllib.loads(TRICKY)))


def test_lines() -> None:
    lines = index_lines(TRICKY)
    expected = {
        ("title",): 2,
        ("dotted", "key", "quoted.part"): 3,
        ("grid",): 5,
        ("grid", "points"): 6,
        ("grid", "points", 0): 8,
        ("grid", "points", 1): 10,
        ("grid", "lengths", 1, 0): 11,
        ("grid", "lengths", 1, 1): 12,
        ("grid", "text"): 13,
        ("grid", "raw"): 16,
        ("grid", "plain"): 18,
        ("species",): 20,
        ("species", 0): 20,
        ("species", 0, "potential", 0, "frequency", 0): 22,
        ("species", 0, "potential", 0, "frequency", 1): 23,
        ("species", 0, "potential", 1, "odd key"): 24,
        ("species", 0, "initial"): 26,
        ("species", 0, "initial", "noise", "seed", "value"): 28,
        ("species", 1): 30,
        ("species", 1, "potential"): 32,
        ("species", 1, "potential", 1): 34,
        ("species", 1, "potential", 1, "kind"): 35,
        ("output",): 39,
        ("output", "snapshots"): 37,
        ("output", "directory"): 40,
    }
    assert {path: lines[path] for path in expected} == expected


def test_a_file_without_a_last_newline() -> None:
    assert index_lines("a = [1,\n2]") == {(): 1, ("a",): 1, ("a", 0): 1, ("a", 1): 2}
    assert index_lines("") == {}
