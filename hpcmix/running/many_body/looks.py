"""At which steps a run of N bodies looks at its state. Between two looks it evolves in one stretch, in which it can
neither be stopped nor saved: exponentials of the Hamiltonian take fewer products the longer they are."""

from __future__ import annotations

from dataclasses import dataclass

from hpcmix.running.schedules.schedule import Schedule


@dataclass(frozen=True)
class Looks:
    """Records, files of reduced density matrices, and checkpoints that are asked for by steps or time (else None)."""

    records: Schedule
    files: Schedule
    checkpoints: Schedule | None = None

    def looked(self, step: int) -> bool:
        """Whether a stretch ends with this step, which is not the first."""
        saved = self.checkpoints is not None and self.checkpoints.reached(step)
        return saved or self.records.due(step) or self.files.due(step)
