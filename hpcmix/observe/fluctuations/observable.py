"""The fluctuations around a flow as an observable of its records."""

from __future__ import annotations

from typing import Any

from hpcmix.observe.fluctuations.record import fluctuation_record
from hpcmix.observe.look import Look
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import LENGTH

_SHELL = "fluctuations_wave_numbers"
_OUTSIDE = "particles outside the condensate"


class _Fluctuations(Observable):
    """See :func:`~hpcmix.observe.fluctuations.record.fluctuation_record`; nothing of a state that has none."""

    labels = (
        Label("fluctuations_pairs", "pairs of amplitudes that follow the flow"),
        Label("fluctuations_symplectic_defect", "distance of the pairs from exact commutation relations"),
        Label("fluctuations_excitations", f"{_OUTSIDE}, coherent states"),
        Label("fluctuations_excitations_error", f"standard error of {_OUTSIDE}, coherent states"),
        Label("fluctuations_transverse_excitations", f"{_OUTSIDE}, product states"),
        Label("fluctuations_transverse_excitations_error", f"standard error of {_OUTSIDE}, product states"),
        Label("fluctuations_dressed_excitations", f"{_OUTSIDE} and of the pairs that scattering correlates"),
        Label("fluctuations_dressed_excitations_error", "standard error of the dressed excitations"),
        Label("fluctuations_beyond_grid", f"{_OUTSIDE} of wave numbers beyond the grid's, by a formula"),
        Label("fluctuations_correction_trace", "trace of D, zero but for rounding"),
        Label(_SHELL, "mean |k| of the wave vectors in a shell", LENGTH * -1, _SHELL),
        Label("fluctuations_momentum_distribution", f"{_OUTSIDE} in each shell of wave numbers", None, _SHELL),
        Label(
            "fluctuations_structure_factor",
            "static structure factor of the fluctuations in a shell of wave numbers",
            None,
            _SHELL,
            "mean over a shell of sum_f Re d_a^(k) conj(d_b^(k)) / sqrt(N_a N_b), d = conj(psi) u + psi conj(w)",
        ),
    )

    def of_whole(self, look: Look) -> dict[str, Any]:
        return {} if look.state.fluctuations is None else {"fluctuations": fluctuation_record(look)}


FLUCTUATIONS = _Fluctuations()
