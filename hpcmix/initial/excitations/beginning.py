"""The pairs of fluctuations that a run begins with, or goes on with."""

from __future__ import annotations

from hpcmix.model.mixture import Mixture
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.fluctuations import FluctuationsSection
from hpcmix.state.fluctuations import Fluctuations
from hpcmix.state.state import State


def room_for_pairs(problem: Problem, section: FluctuationsSection, mixture: Mixture) -> Fluctuations:
    """Room for this replica's pairs, to be read from a checkpoint. Collective."""
    raise NotImplementedError


def first_pairs(problem: Problem, section: FluctuationsSection, mixture: Mixture, state: State) -> Fluctuations:
    """The pairs at time zero around the condensates of a state. Collective."""
    raise NotImplementedError
