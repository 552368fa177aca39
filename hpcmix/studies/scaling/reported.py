"""What a scaling study comes to so far: measurements compared, and the model of more ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.schema import Problem
from hpcmix.studies.scaling.configurations import Configuration
from hpcmix.studies.scaling.fit import fit_model
from hpcmix.studies.scaling.measured.outcome import Outcome, Row
from hpcmix.studies.scaling.measured.store import Store
from hpcmix.studies.scaling.prediction import Network, Prediction, predict


@dataclass(frozen=True)
class Reported:
    """What tables and figure are made of.

    rows         of all configurations.
    prediction   of the model; None where there is none, for which model_words has the reason.
    """

    rows: list[Row]
    outcome: Outcome
    prediction: Prediction | None
    model_words: str

    @classmethod
    def of(cls, store: Store, study: Mapping[str, Any], network: Network | None = None) -> Reported:
        """What is there of a study, `study` being its study.json; the network is the study's unless given."""
        problem = parse_problem(study["problem"], file=str(store.study))
        rows = store.rows([Configuration.from_dict(entries) for entries in study["configurations"]])
        outcome = Outcome.of(rows)
        prediction, words = _prediction(problem, outcome, rows, network or Network(**study["network"]), study)
        return cls(rows, outcome, prediction, words)


def _prediction(
    problem: Problem, outcome: Outcome, rows: Sequence[Row], network: Network, study: Mapping[str, Any]
) -> tuple[Prediction | None, str]:
    """The model, or why there is none."""
    measured = [row for row in rows if row.results]
    if not measured:
        return None, "nothing was measured"
    try:
        model = fit_model(problem, measured)
    except ValueError as error:
        return None, str(error)
    return predict(problem, outcome, model, network, study["grow"], study["fewest_ranks"]), ""
