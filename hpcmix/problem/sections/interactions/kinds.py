"""The kinds of interactions that a problem file can name: who adds one adds it here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hpcmix.problem.sections.interactions.contact import ContactInteraction
from hpcmix.problem.sections.interactions.dipolar import DipolarInteraction
from hpcmix.problem.sections.interactions.gaussian import GaussianInteraction
from hpcmix.problem.sections.interactions.inverse_distance import CoulombInteraction, YukawaInteraction
from hpcmix.problem.sections.interactions.scattering import ScatteringInteraction
from hpcmix.problem.sections.interactions.soft_core import SoftCoreInteraction
from hpcmix.problem.sections.interactions.table import TableInteraction

Interaction = Annotated[
    ContactInteraction
    | YukawaInteraction
    | CoulombInteraction
    | GaussianInteraction
    | DipolarInteraction
    | ScatteringInteraction
    | SoftCoreInteraction
    | TableInteraction,
    Field(discriminator="kind"),
]
