"""The frame that moves with the mean field, by an ordinary integrator: what an evolution of excitations needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.integrate import solve_ivp

from hpcmix.model.many_body.hamiltonian import Channels


class ExcitationFrame:
    """V_a(t) with i hbar dV/dt = h_mf V, first column the orbital; the model in the frame at any time up to `end`."""

    def __init__(self, model, orbitals, end):
        self._given = model
        self._sizes = [s.modes for s in model.species]
        starts = []
        for orbital in orbitals:
            basis = np.linalg.qr(np.column_stack([orbital, np.eye(len(orbital))]))[0]
            basis[:, 0] = orbital  # QR may turn its sign
            starts.append(basis)
        flat = np.concatenate([start.ravel() for start in starts]).astype(complex)
        self._solution = solve_ivp(
            self._derivative, (0.0, end), flat, "DOP853", rtol=1e-13, atol=1e-14, dense_output=True
        ).sol

    def _unitaries(self, flat):
        parts, first = [], 0
        for size in self._sizes:
            parts.append(flat[first : first + size**2].reshape(size, size))
            first += size**2
        return parts

    def mean_fields(self, unitaries):
        """w_a: what the others, and its own kind, do to a particle."""
        fields = [np.zeros((size, size), complex) for size in self._sizes]
        for each in self._given.interactions:
            u, v = unitaries[each.first][:, 0], unitaries[each.second][:, 0]
            w, x, y = each.channels.strengths, each.channels.left, each.channels.right
            felt = np.einsum("p,cpq,q->c", v.conj(), y, v)
            fields[each.first] += each.first_feels * np.einsum("c,cpq->pq", w * felt, x)
            if each.first != each.second:
                felt = np.einsum("p,cpq,q->c", u.conj(), x, u)
                fields[each.second] += each.second_feels * np.einsum("c,cpq->pq", w * felt, y)
        return fields

    def _derivative(self, _, flat):
        unitaries = self._unitaries(flat)
        fields = self.mean_fields(unitaries)
        return np.concatenate(
            [
                (-1j / self._given.hbar * (species.one_body + field) @ unitary).ravel()
                for species, field, unitary in zip(self._given.species, fields, unitaries, strict=True)
            ]
        )

    def orbital(self, species, time):
        return self._unitaries(self._solution(time))[species][:, 0]

    def model(self, time):
        """V+ X V in place of X, and -V+ w V in place of h."""
        unitaries = self._unitaries(self._solution(time))
        fields = self.mean_fields(unitaries)
        turned = [v.conj().T @ field @ v for v, field in zip(unitaries, fields, strict=True)]
        species = tuple(replace(s, one_body=-w) for s, w in zip(self._given.species, turned, strict=True))
        interactions = []
        for each in self._given.interactions:
            v, u = unitaries[each.first], unitaries[each.second]
            pair = each.channels
            pair = Channels(pair.strengths, v.conj().T @ pair.left @ v, u.conj().T @ pair.right @ u)
            interactions.append(replace(each, channels=pair))
        return replace(self._given, species=species, interactions=tuple(interactions))
