"""The kinds of functionals that a problem file can name: who adds one adds it here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hpcmix.problem.sections.functionals.expression import ExpressionFunctional
from hpcmix.problem.sections.functionals.lee_huang_yang import LeeHuangYangFunctional
from hpcmix.problem.sections.functionals.non_polynomial import NonPolynomialFunctional
from hpcmix.problem.sections.functionals.power import PowerFunctional
from hpcmix.problem.sections.functionals.viverit_giorgini import ViveritGiorginiFunctional

Functional = Annotated[
    LeeHuangYangFunctional
    | ViveritGiorginiFunctional
    | NonPolynomialFunctional
    | PowerFunctional
    | ExpressionFunctional,
    Field(discriminator="kind"),
]
