"""A simulation on its way: what takes its steps, and the guard that looks after it."""

from __future__ import annotations

import numpy as np

from hpcmix.evolve.stepping.adaptive import AdaptiveStepper, StepTooSmall
from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.observe.look import Look
from hpcmix.parallel.process.together import together
from hpcmix.problem.units.measure_words import MeasureWords
from hpcmix.running.simulation import Simulation
from hpcmix.running.stops.guard import BlowUp, Guard
from hpcmix.state.state import State


class Evolution:
    """A simulation as the time loop marches it (:class:`~hpcmix.running.marching.loop.Marching`).

    guard  with what it knows from the job before, where the simulation goes on from a checkpoint.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.stepper = stepper_of(simulation)
        precision = simulation.problem.parallel.precision
        measures = MeasureWords(simulation.problem.scales)
        self.guard = Guard(simulation.mixture, precision, simulation.conserved, simulation.words, measures)

    @property
    def state(self) -> State:
        """Of the simulation."""
        return self.simulation.state

    @property
    def step(self) -> int:
        """How many steps are taken."""
        return self.state.step

    def advance(self) -> None:
        """Try one step. A potential that is not finite somewhere, and a tolerance that no step keeps, end it as a loss.
        Collective."""
        try:
            self.stepper.advance(self.state)
        except FloatingPointError as error:
            raise BlowUp(f"{error} (in step {self.step + 1})") from error
        except StepTooSmall as error:
            raise BlowUp(error.told(self.simulation.words)) from error

    def settle(self) -> None:
        """Bring the orbitals to position space, and see that potentials have values at the instant of a look.
        Collective."""
        self.stepper.settle(self.state)
        self._require_potentials()

    def not_finite(self) -> np.ndarray:
        """Which species are not finite on this rank."""
        return self.guard.not_finite(self.state)

    def lost(self, parts: np.ndarray) -> BlowUp:
        """The error for species that are not finite."""
        return self.guard.report_not_finite(self.state, parts)

    def _require_potentials(self) -> None:
        """An expression may fail at an instant that is looked at, at a point that one rank holds: all learn of it
        here."""
        simulation = self.simulation
        external = [species.external for species in simulation.mixture.species]
        if not any(potentials.evaluates_expressions for potentials in external):
            return
        instant = Look(simulation.mixture, self.state).instant
        try:
            with together(simulation.communicators.world):
                for potentials in external:
                    potentials.value(instant)
        except FloatingPointError as error:
            raise BlowUp(str(error)) from error


def stepper_of(simulation: Simulation) -> Stepper | AdaptiveStepper:
    """What takes the steps that the problem asks for."""
    mixture, options = simulation.mixture, simulation.problem.timing
    if simulation.table is None:
        return AdaptiveStepper(mixture, options)
    return Stepper(mixture, options.splitting, simulation.table)
