"""The kinds of interactions that a problem file can name: who adds one adds it here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hpcmix.problem.interactions.contact import ContactInteraction
from hpcmix.problem.interactions.dipolar import DipolarInteraction
from hpcmix.problem.interactions.gaussian import GaussianInteraction
from hpcmix.problem.interactions.inverse_distance import CoulombInteraction, YukawaInteraction
from hpcmix.problem.interactions.scattering import ScatteringInteraction
from hpcmix.problem.interactions.table import TableInteraction

Interaction = Annotated[
    ContactInteraction
    | YukawaInteraction
    | CoulombInteraction
    | GaussianInteraction
    | DipolarInteraction
    | ScatteringInteraction
    | TableInteraction,
    Field(discriminator="kind"),
]
