"""``hpcmix check`` on files that are wrong: the verdict says so, and what is to blame."""

from __future__ import annotations

import json

import pytest

from tests.system.commands import hpcmix


def checked(folder, claim, text, *overrides, numbers=""):
    """What the real command makes of a file: its report."""
    (folder / "file.toml").write_text(text, encoding="utf-8")
    arguments = [part for one in overrides for part in ("--set", one)] + (["--numbers", numbers] if numbers else [])
    result = hpcmix("check", claim, "file.toml", *arguments, "--restart", "never", folder=folder)
    assert result.returncode == 0, result.stderr
    return json.loads((folder / "runs" / "file" / "claim.json").read_text(encoding="utf-8"))


# ---------------------------------------------------------------- well-posedness

TRAPPED = """
[grid]
points = [40]
lengths = [12.0]
[[species]]
name = "first"
particles = 6.0
initial = { kind = "gaussian", width = 0.7, centre = 0.3, momentum = 0.5 }
potential = [{ kind = "harmonic", frequency = 1.0 }]
[[species]]
name = "second"
mass = 1.3
particles = 3.0
initial = { kind = "gaussian", width = 1.0, centre = -0.3 }
potential = [{ kind = "harmonic", frequency = 1.0 }]
[[interaction]]
between = ["first", "first"]
kind = "contact"
strength = 0.2
[[interaction]]
between = ["first", "second"]
kind = "contact"
strength = 0.1
[time]
final = 3.2
step = 0.08
[output]
observables = { every = 1 }
"""

WIDE_KERNEL = """
[grid]
points = [48]
lengths = [8.0]
[[species]]
name = "first"
initial = { kind = "gaussian", width = 0.5 }
[[interaction]]
between = ["first", "first"]
kind = "gaussian"
strength = -0.2
width = 8.0
[time]
final = 0.2
step = 0.04
[output]
observables = { every = 1 }
"""


def test_the_trapped_mixture_is_consistent(tmp_path):
    """The file that the wrong ones below are made from."""
    report = checked(tmp_path, "well-posedness", TRAPPED)
    assert report["holds"] is True and max(report["numerical_errors"][0]["errors"]) < 1e-3, report["verdict"]


@pytest.mark.parametrize(
    ("cause", "overrides"),
    [
        ("grid", ["grid.points=[8]", "grid.lengths=[18.0]"]),
        ("box", ["grid.points=[12]", "grid.lengths=[3.0]"]),
        ("time step", ["time.step=0.8", "time.check_step=false", 'time.integrator="strang"', "time.final=4.8"]),
    ],
)
def test_a_bound_on_the_kinetic_energy_is_not_resolved(tmp_path, cause, overrides):
    """Too coarse a grid, too small a box, a step too large."""
    report = checked(tmp_path, "well-posedness", TRAPPED, *overrides)
    assert report["holds"] is None and f"most of it from the {cause}" in report["reason"], report["verdict"]


def test_a_kernel_that_is_not_the_theorems_breaks_the_bound(tmp_path):
    """A Gaussian as wide as the periodic box: particles attract all images too, 2.5 times as much as the kernel that
    the proof bounds. In free space the same file is consistent."""
    report = checked(tmp_path, "well-posedness", WIDE_KERNEL)
    assert report["holds"] is False and report["verdict"].startswith("NOT CONSISTENT"), report["verdict"]
    assert report["numerical_errors"][0]["values"][0] > 1.1
    report = checked(tmp_path, "well-posedness", WIDE_KERNEL, 'interaction.0.boundary="free"')
    assert report["holds"] is True, report["verdict"]


def test_energy_that_a_potential_pumps_in_is_bounded_by_nothing(tmp_path):
    """A trap that becomes stiffer: the kinetic energy passes all the energy there was, and the reason is given."""
    stiffer = 'species.first.potential=[{kind="expression", value="0.5*(1 + 8*t)*x**2"}]'
    report = checked(tmp_path, "well-posedness", TRAPPED, stiffer)
    kinetic, total = report["columns"].index("kinetic energy"), report["columns"].index("total energy")
    assert max(row[kinetic] for row in report["rows"]) > report["rows"][0][total]
    assert report["holds"] is None and "a potential changes in time" in report["reason"], report["verdict"]


# ---------------------------------------------------------------- scattering-rates

NARROW = """
[grid]
points = [10, 10, 10]
lengths = [8.0, 8.0, 8.0]
[[species]]
name = "a"
mass = 0.5
initial = { kind = "gaussian", width = 1.0 }
[[interaction]]
between = ["a", "a"]
kind = "scattering"
potential = { kind = "gaussian-bump", height = 8.0, width = 0.05, radius = 1.5 }
particles = 100
neumann_radius = 0.5
"""


def test_a_potential_too_narrow_for_the_solver_is_not_resolved(tmp_path):
    """The finest panels that the solver takes are longer than the bump, and shorter ones come to something else. A bump
    a hundred times wider is within its reach; one that no node sees is refused."""
    report = checked(tmp_path, "scattering-rates", NARROW, numbers="16,64,256")
    assert report["holds"] is True, report["verdict"]
    assert max(max(one["errors"]) for one in report["numerical_errors"]) < 1e-6
    narrower = "interaction.0.potential.width=5e-4"
    report = checked(tmp_path, "scattering-rates", NARROW, narrower, numbers="16,64,256")
    assert report["holds"] is None and "most of it from the panels" in report["reason"], report["verdict"]
    (tmp_path / "file.toml").write_text(NARROW.replace("width = 0.05", "width = 1e-5"), encoding="utf-8")
    result = hpcmix("check", "scattering-rates", "file.toml", "--restart", "never", folder=tmp_path)
    assert result.returncode == 2 and "a radius near its width" in result.stderr, result.stderr
