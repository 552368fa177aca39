"""What a run says of its fluctuations: lines at the end, and a warning once where they are many."""

from __future__ import annotations

from hpcmix.problem.files.load import parse_problem
from hpcmix.running.log import Log
from hpcmix.running.output.fluctuations import FluctuationWatch, fluctuation_lines

TEXT = """
[grid]
points = [16]
lengths = [8]
[[species]]
name = "many"
particles = 50
initial = { kind = "gaussian", width = 1.0 }
[[species]]
name = "few"
particles = 9.99
initial = { kind = "gaussian", width = 1.0 }
[time]
final = 1.0
step = 0.01
[fluctuations]
"""
PROBLEM = parse_problem(TEXT)


def record(many: float, few: float = 2.0, **more: float) -> dict:
    """With so many excitations of each, a quarter of them transverse."""

    def entries(number: float) -> dict[str, float]:
        return {"excitations": number, "excitations_error": 0.1 * number, "transverse_excitations": number / 4,
                "transverse_excitations_error": 0.0, **more}  # fmt: skip

    return {"fluctuations": {"species": {"many": entries(many), "few": entries(few)}}}


class Listening(Log):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__(speaks=False)
        self.lines: list[str] = []

    def line(self, text: str = "") -> None:
        self.lines.append(text)


def test_a_line_for_each_species() -> None:
    assert list(fluctuation_lines(PROBLEM, record(4.0))) == [
        'fluctuations of "many": N = 4 +- 0.4, N_perp = 1; N and N_perp are 8 % and 2 % of its 50 particles',
        'fluctuations of "few": N = 2 +- 0.2, N_perp = 0.5',
    ]
    (first, _) = fluctuation_lines(PROBLEM, record(4.0, dressed_excitations=1.5, dressed_excitations_error=0.25))
    assert "N_perp = 1, N_Xi = 1.5 +- 0.25; N and" in first
    assert not list(fluctuation_lines(PROBLEM, {"step": 3}))


def test_more_than_a_tenth_is_warned_of_once() -> None:
    log = Listening()
    watch = FluctuationWatch(PROBLEM, log)
    for number in (0.0, 4.9, 5.0):
        watch.look(record(number, few=9.0), "1")  # of fewer than ten particles there is no share
    watch.look({"step": 3}, "1")
    assert not log.lines
    for number in (5.1, 20.0):
        watch.look(record(number), "2.5 ms")
    assert log.lines == [
        'warning: species "many": at t = 2.5 ms 5.1 +- 0.51 of its 50 particles are excitations, 10.2 %; beyond 10 % '
        "they see each other, and what is quadratic in them is not enough"
    ]


def test_coupled_species_share_their_particles() -> None:
    """How many each of them has is what changes; fewer than ten are enough together."""
    coupling = '[[coupling]]\nbetween = ["many", "few"]\nrabi_frequency = 2.0\n[time]'
    emptied = TEXT.replace('particles = 9.99\ninitial = { kind = "gaussian", width = 1.0 }', "particles = 0")
    coupled = parse_problem(emptied.replace("[time]", coupling))
    for line in fluctuation_lines(coupled, record(4.0, few=4.0)):
        assert line.endswith("N and N_perp are 8 % and 2 % of the 50 particles of the coupled species")
    log = Listening()
    FluctuationWatch(coupled, log).look(record(4.0, few=6.0), "1")
    (line,) = log.lines
    assert line.startswith('warning: species "few": at t = 1 6 +- 0.6 of the 50 particles of the coupled species are')
