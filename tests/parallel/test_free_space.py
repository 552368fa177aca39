"""Free-space convolutions: the padded transform against a direct sum, and kernels against closed forms, on every pencil
grid that the ranks form, with grids they do not divide, in both precisions."""

import math

import numpy as np
import pytest
from parallel.engines import engine_on
from parallel.test_same_physics import parallel_options, pencil_grids
from physics.systems import coulomb, dipolar, expression, gaussian, require_below, species, system, yukawa
from scipy.special import erf, erfc

from hpcmix.model.pair_kernels.coulomb import YukawaKernel
from hpcmix.model.pair_kernels.dipoles.in_space import DipolarKernel
from hpcmix.model.pair_kernels.gaussian import GaussianKernel
from hpcmix.model.pair_kernels.kernel import Kernel, RadialKernel
from hpcmix.model.pair_kernels.radial.functions import RadialFunction
from hpcmix.model.pair_kernels.scaled_multipliers import PaddedMultiplier
from hpcmix.model.terms.free_space import FreeSpaceTerm
from hpcmix.model.terms.kernel_term import KernelShape
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.transforms.exchange import EXCHANGES

GRIDS = {
    "line": ((37,), (9.0,)),
    "plane": ((13, 18), (5.0, 8.0)),
    "space": ((7, 10, 9), (4.0, 6.0, 5.0)),
    "thin": ((9, 8, 2), (4.0, 4.0, 1.0)),
}
"""Numbers of points that two, three and four ranks do not divide, odd and even; the thin one has fewer wave numbers
along z than there may be ranks."""

PRECISION = {np.complex128: 1e-13, np.complex64: 1e-5}
"""Relative to the largest potential: sums of a thousand terms rounded to 1e-16 and 6e-8, and a kernel whose largest
values are some hundred times the result's."""

BUMP = RadialFunction((0.0, 1.1, 2.3), lambda r: (2.3 - r) ** 2 * np.cos(r))


def kernels(name: str, dimensions: int) -> list[Kernel]:
    """What acts between one pair."""
    match name:
        case "coulomb":
            return [YukawaKernel(1.3, 0.0, dimensions)]
        case "yukawa":
            return [YukawaKernel(-0.8, 0.6, dimensions)]
        case "gaussian":
            return [GaussianKernel(0.9, 0.7, dimensions)]
        case "wide gaussian":
            return [GaussianKernel(0.9, 11.0, dimensions)]
        case "table":
            return [RadialKernel(BUMP, dimensions)]
        case "dipoles along z":
            return [DipolarKernel(0.7, (0.0, 0.0, 1.0))]
        case "dipoles":
            direction = np.array([0.3, -0.5, 0.8]) / math.sqrt(0.98)
            return [DipolarKernel(0.7, tuple(direction))]
        case "several":
            return [*kernels("dipoles", 3), *kernels("gaussian", 3), *kernels("coulomb", 3)]


def direct(several: list[Kernel], density: np.ndarray, lengths: tuple[float, ...]) -> np.ndarray:
    """sum_j T_(i-j) rho_j by a plain transform that is padded as far as the cut kernel needs: by more than two, all
    zeros done, in double precision."""
    total = np.zeros(density.shape)
    spacings = [length / n for length, n in zip(lengths, density.shape, strict=True)]
    for kernel in several:
        radius = kernel.reach(math.sqrt(sum(length**2 for length in lengths)))
        shape = [2 * math.ceil((n + radius / h) / 2) for n, h in zip(density.shape, spacings, strict=True)]
        modes = [np.fft.fftfreq(n, 1.0 / n) for n in shape]
        grid = np.meshgrid(
            *(2 * np.pi / (n * h) * m for n, h, m in zip(shape, spacings, modes, strict=True)), indexing="ij"
        )
        largest = math.sqrt(sum((math.pi / h) ** 2 for h in spacings))
        symbol = 0.0
        for part in kernel.cut(radius, largest):
            values = part.evaluate(grid)
            for axis, odd in enumerate(part.odd):
                if odd:  # the mode without a sign counts as zero
                    values = np.where(np.abs(grid[axis]) < (1 - 1e-9) * math.pi / spacings[axis], values, 0.0)
            symbol = symbol + values
        padded = np.zeros(shape)
        padded[tuple(slice(n) for n in density.shape)] = density
        field = np.fft.ifftn(symbol * np.fft.fftn(padded)).real
        total += field[tuple(slice(n) for n in density.shape)]
    return total


CASES = [
    (grid, name)
    for grid, names in {
        "line": ("gaussian", "wide gaussian", "table"),
        "plane": ("coulomb", "yukawa", "gaussian", "table"),
        "space": ("coulomb", "yukawa", "gaussian", "wide gaussian", "table", "dipoles along z", "dipoles", "several"),
        "thin": ("coulomb", "dipoles"),
    }.items()
    for name in names
]


def pencil_grids_and_ways(ranks, points, name):
    """All pencil grids, each with one exchange between the ranks, or for some kernels with all of them."""
    ways = EXCHANGES if ranks > 1 and name in ("several", "dipoles") else EXCHANGES[-1:]
    return [(tuple(pencil_grid), way) for pencil_grid in pencil_grids(ranks, points) for way in ways]


@pytest.mark.parametrize("dtype", PRECISION, ids=["double", "single"])
@pytest.mark.parametrize(("grid", "name"), CASES)
def test_against_a_direct_sum(comm, grid, name, dtype):
    """Two species, the kernel within each and between them with different strengths; random densities."""
    points, lengths = GRIDS[grid]
    dimensions = len(points)
    random = np.random.default_rng(3)
    densities = [random.random(points), random.random(points)]
    within, between = kernels(name, dimensions), [GaussianKernel(-0.4, 0.9, dimensions)]
    expected = [
        direct(within, densities[0], lengths) + direct(between, densities[1], lengths),
        direct(between, densities[0], lengths),
    ]
    real = np.empty(0, dtype).real.dtype
    for pencil_grid, way in pencil_grids_and_ways(comm.size, points, name):
        communicators = Communicators.create(comm, points, pencil_grid)
        engine = engine_on(communicators, dtype, way)
        transform = engine.padded_transform(2)
        spacings = transform.on_three_axes([length / n for length, n in zip(lengths, points, strict=True)], 1.0)
        place = (transform.points, spacings, transform.padded, transform.first, transform.count)
        interaction = FreeSpaceTerm(
            [
                *(KernelShape(np.diag([1.0, 0.0]), PaddedMultiplier(kernel, place, real)) for kernel in within),
                KernelShape(1.0 - np.eye(2), PaddedMultiplier(between[0], place, real)),
            ],
            engine,
        )
        block = communicators.decomposition.position_block(comm.rank).slices
        mine = [np.ascontiguousarray(density[block], real) for density in densities]
        for _ in range(2):  # work arrays are used again
            for potential, whole in zip(interaction.potentials(mine), expected, strict=True):
                scale = np.max(np.abs(whole))
                np.testing.assert_allclose(potential, whole[block], rtol=0, atol=PRECISION[dtype] * scale)
                assert scale > 0.1
        engine.free()
        communicators.free()


# ---------------------------------------------------------------- closed forms

CHARGE = {"double": 1e-10, "single": 2e-6}
"""Errors allowed once the grid resolves the charge; in single precision the rounding of the density and of the sums."""


CHARGE_GRID = ([37, 38, 36], [9.6, 9.8, 9.4])


def charge(comm, pencil_grid, interaction, precision="double"):
    """A Gaussian cloud of two particles, not in the middle of its box: at the edge exp(-(4.4/0.8)^2) = 7e-14 of its
    density, at the largest wave number exp(-(12.1 * 0.8/2)^2) = 7e-11 of its spectrum."""
    points, lengths = CHARGE_GRID
    return system(
        points,
        lengths,
        [species("a", particles=2.0, initial=gaussian(0.8, centre=[0.2, -0.1, 0.3]))],
        [interaction],
        parallel={"precision": precision} | parallel_options(points, pencil_grid),
        comm=comm,
    )


@pytest.mark.parametrize("precision", CHARGE)
def test_potential_of_a_gaussian_charge(comm, precision):
    """W = strength N erf(r/w)/r everywhere in the box, its corners included: nothing of the images is left."""
    for pencil_grid in pencil_grids(comm.size, CHARGE_GRID[0]):
        state = charge(comm, pencil_grid, coulomb("a", "a", -1.3), precision)
        field = state.mixture.interactions.mean_fields([state.density()])[0]
        x, y, z = state.grid.coordinates
        r = np.maximum(np.sqrt((x - 0.2) ** 2 + (y + 0.1) ** 2 + (z - 0.3) ** 2), 1e-9)
        expected = -1.3 * 2.0 * erf(r / 0.8) / r
        error = comm.allreduce(float(np.max(np.abs(field - expected))), op=MPI.MAX)
        scale = 1.3 * 2.0 * 2.0 / (math.sqrt(math.pi) * 0.8)
        require_below(error / scale, CHARGE[precision], f"erf potential, {precision}")


def screened(r, strength, mu, variance):
    """The potential exp(-mu r)/r of a Gaussian charge of this variance per axis."""
    root = math.sqrt(2.0 * variance)
    plus, minus = mu * variance / root + r / root, mu * variance / root - r / root
    return (
        strength
        * math.exp(0.5 * mu**2 * variance)
        * (np.exp(-mu * r) * erfc(minus) - np.exp(mu * r) * erfc(plus))
        / (2.0 * r)
    )


def test_yukawa_energy_between_two_gaussians(comm):
    """E_12 = N_1 N_2 times the potential of a Gaussian of the summed variances at the distance of the centres: both
    widths, both numbers, and the pair counted once."""
    points, lengths, strength, mu = [30, 28, 29], [9.0, 8.4, 8.7], -0.7, 0.4
    for pencil_grid in pencil_grids(comm.size, points):
        state = system(
            points,
            lengths,
            [
                species("a", particles=2.0, initial=gaussian(0.7, centre=[0.4, 0.0, -0.3])),
                species("b", particles=5.0, initial=gaussian(0.8, centre=[-0.5, 0.3, 0.3])),
            ],
            [yukawa("a", "b", strength, mu) | {"boundary": "free"}],
            parallel=parallel_options(points, pencil_grid),
            comm=comm,
        )
        distance = math.sqrt(0.9**2 + 0.3**2 + 0.6**2)
        expected = 10.0 * screened(distance, strength, mu, 0.5 * (0.7**2 + 0.8**2))
        # the wider cloud is cut by the edges of the box, 3.85 from its centre: erfc(3.85/0.8) = 1e-11 of its charge
        assert state.energy().terms["interaction"] == pytest.approx(expected, rel=1e-10)


def dipolar_energy(strength, particles, across, along):
    """-N^2 (strength/3) f(kappa) / (sqrt(2 pi) w_rho^2 w_z), kappa = w_rho/w_z, the exact energy of a Gaussian cloud
    exp(-rho^2/w_rho^2 - z^2/w_z^2) of dipoles along z:

        f = (1 + 2 kappa^2)/(1 - kappa^2) - 3 kappa^2 artanh(sqrt(1 - kappa^2))/(1 - kappa^2)^(3/2)

    (Lahaye et al., Rep. Prog. Phys. 72 (2009) 126401, section 5.1), arctan beyond kappa = 1.
    """
    kappa = across / along
    s = 1.0 - kappa**2
    root = math.sqrt(abs(s))
    inverse = math.atanh(root) / root if s > 0 else math.atan(root) / root
    f = (1.0 + 2.0 * kappa**2) / s - 3.0 * kappa**2 * inverse / s
    return -(particles**2) * (strength / 3.0) * f / (math.sqrt(2.0 * math.pi) * across**2 * along)


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize(("across", "along"), [(0.7, 1.1), (1.1, 0.7)], ids=["cigar", "pancake"])
@pytest.mark.parametrize("direction", [[0, 0, 1], [0, 2, 0], [1.0, -2.0, 1.5]], ids=["z", "y", "tilted"])
def test_dipolar_energy_of_a_gaussian(comm, direction, across, along, precision):
    """A Gaussian with its axis along the dipoles, in any direction: the energy is that of z."""
    axis = np.array(direction) / np.linalg.norm(direction)
    projection = "+".join(f"({e!r})*{x}" for e, x in zip(axis.tolist(), "xyz", strict=True))
    exponent = f"-(x**2+y**2+z**2)/{2 * across**2!r} - ({projection})**2*{0.5 / along**2 - 0.5 / across**2!r}"
    points, lengths = [32, 34, 33], [9.6, 10.2, 9.9]
    for pencil_grid in pencil_grids(comm.size, points)[-1:]:
        state = system(
            points,
            lengths,
            [species("a", particles=3.0, initial=expression(f"exp({exponent})"))],
            [dipolar("a", "a", 0.9, direction)],
            parallel={"precision": precision} | parallel_options(points, pencil_grid),
            comm=comm,
        )
        expected = dipolar_energy(0.9, 3.0, across, along)
        assert (expected < 0) == (along > across)  # cigars attract, pancakes repel
        # the tails at the edge, exp(-(4.8/1.1)^2) = 5e-9 of the density, and the cut of the spectrum at k = 10
        tolerance = 1e-8 if precision == "double" else 1e-5
        assert state.energy().terms["interaction"] == pytest.approx(expected, rel=tolerance)


def test_newton_schroedinger_ground_state(comm):
    """One particle that is held together by its own gravity (hbar = m = G = 1): mu = -0.162769.

    Six digits as published: Bernstein, Giladi and Jones, Mod. Phys. Lett. A 13 (1998) 2327; Harrison, Moroz and Tod,
    Nonlinearity 16 (2003) 101. More of them, -0.16276921, from the radial equations by shooting with a Runge-Kutta
    method of order eight. The virial theorem makes the total energy mu/3 and the kinetic one -mu/3.
    """
    points, lengths = [42, 41, 42], [46.0, 45.0, 46.0]
    for pencil_grid in pencil_grids(comm.size, points)[-1:]:
        state = system(
            points,
            lengths,
            [species("a", initial={"kind": "ground-state", "start": "gaussian"})],
            [coulomb("a", "a", -1.0)],
            ground_state={"tolerance": 1e-6},
            parallel=parallel_options(points, pencil_grid),
            comm=comm,
        )
        record = state.record()
        level = record["species"]["a"]["chemical_potential"]
        print(f"measured: {level:.9f}, {3 * record['energy']['total']:.9f}")
        assert abs(level - -0.162769) < 5e-7
        # the wave function that the box cuts off: exp(-0.57 * 45) = 7e-12 of its square, but over all of space
        assert level == pytest.approx(-0.16276921, rel=2e-6)
        assert 3.0 * record["energy"]["total"] == pytest.approx(-0.16276921, rel=5e-7)
        assert record["energy"]["kinetic"] == pytest.approx(-level / 3.0, rel=1e-5)


def test_free_and_periodic_kernels_add_up(comm):
    """A pair with contact, a periodic and two free kernels has the sum of the four alone."""
    points, lengths = GRIDS["space"]
    terms = [
        {"between": ["a", "b"], "kind": "contact", "strength": 0.5},
        yukawa("a", "b", -0.4, 1.5),
        yukawa("b", "a", 0.3, 0.5) | {"boundary": "free"},
        dipolar("a", "b", 0.2, [1, 1, 0]),
    ]

    def clouds(interactions):
        return system(
            list(points),
            list(lengths),
            [
                species("a", particles=2.0, initial=gaussian(0.7)),
                species("b", particles=3.0, initial=gaussian([0.8, 1.2, 0.6])),
            ],
            interactions,
            comm=comm,
        )

    together = clouds(terms)
    alone = [clouds([term]) for term in terms]
    fields = [one.mixture.interactions.mean_fields([one.density(0), one.density(1)]) for one in (together, *alone)]
    for a in range(2):
        np.testing.assert_allclose(fields[0][a], sum(part[a] for part in fields[1:]), rtol=0, atol=1e-13)
    whole, *parts = (one.energy().terms["interaction"] for one in (together, *alone))
    assert whole == pytest.approx(sum(parts), rel=1e-12)


def test_evolution_conserves_and_agrees_with_one_rank(comm):
    """Two components that attract, one of dipoles, moving in free space: the fields of all pencil grids are those of
    one rank, and the energy stays."""
    points, lengths = [14, 11, 13], [9.0, 8.0, 8.5]

    def cloud(comm, pencil_grid):
        return system(
            points,
            lengths,
            [
                species("a", particles=2.0, initial=gaussian(1.1, centre=[0.4, 0, 0], momentum=[0, 0.3, 0])),
                species("b", mass=1.6, particles=3.0, initial=gaussian(1.2, centre=[-0.4, 0, 0])),
            ],
            [coulomb("a", "b", -0.6), dipolar("b", "b", 0.3, [0, 1, 2]), coulomb("a", "a", -0.4)],
            time={"final": 0.2, "step": 0.05, "integrator": "blanes-moan-6", "check_step": False},
            parallel=parallel_options(points, pencil_grid),
            comm=comm,
        )

    serial = cloud(MPI.COMM_SELF, [1, 1])
    before = serial.energy().total
    serial.evolve()
    # order six at this step, measured 1e-9
    assert serial.energy().total == pytest.approx(before, rel=1e-7)
    for pencil_grid in pencil_grids(comm.size, points):
        shared = cloud(comm, pencil_grid).evolve()
        block = shared.grid.position_block.slices
        for mine, whole in zip(shared.state.orbitals, serial.state.orbitals, strict=True):
            np.testing.assert_allclose(mine[0], whole[0][block], rtol=0, atol=1e-12 * np.max(np.abs(whole)))
