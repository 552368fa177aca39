"""How quickly does a Fermi gas beside a condensate tend to a classical gas? (Cardenas, Miller and Pavlovic, Theorem
2.)"""

from __future__ import annotations

from functools import partial

from hpcmix.problem.schema import Problem
from hpcmix.studies.claims.vlasov_limit import conclusion
from hpcmix.studies.claims.vlasov_limit.family import planned
from hpcmix.studies.claims.vlasov_limit.measuring import tracks_of
from hpcmix.studies.measuring.claim import Finding
from hpcmix.studies.measuring.setting import Setting

CLAIM = conclusion.CLAIM


def check(setting: Setting) -> tuple[Problem, Finding]:
    """The file at several numbers of fermions beside its classical twin, and everything again for every entry of the
    error budget. Collective."""
    plan = setting.on_root(partial(planned, wanted=setting.numbers, markers=setting.markers))
    records = setting.work.follow_all(tracks_of(plan))
    return plan.quantum[0], conclusion.conclude(plan, records)
