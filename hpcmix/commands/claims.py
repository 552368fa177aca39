"""``check``: the claims of the papers, measured."""

from __future__ import annotations

import click

from hpcmix.commands.options import file_argument, max_wall_option, overrides_option
from hpcmix.studies.measuring.options import OPTIONS


def numbers_of(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...]:
    """Whole numbers separated by commas."""
    try:
        return tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise click.BadParameter(f'"{text}" is no list of whole numbers such as 4,10,20') from None


@click.command()
@click.argument("claim", metavar="CLAIM", type=click.Choice(tuple(OPTIONS)))
@file_argument
@click.option("--numbers", metavar="N,N,...", callback=numbers_of, help="Particle numbers of the family.")
@click.option(
    "--bosons", metavar="N,N,...", callback=numbers_of, help="Numbers of bosons beside a fixed number of fermions."
)
@click.option(
    "--markers",
    metavar="N",
    type=click.IntRange(min=4),
    help="Markers of the classical gas that fermions are compared with.",
)
@click.option("--at-start", is_flag=True, help="Measure at time zero only, even where FILE has a [time].")
@click.option(
    "--restart",
    type=click.Choice(["auto", "never"]),
    default="auto",
    show_default=True,
    help="Where a check exists already: auto goes on with one that was stopped, and leaves an outcome alone and says "
    "so; never moves the directory aside and begins anew.",
)
@max_wall_option
@overrides_option
def check(
    claim: str,
    file: str,
    numbers: tuple[int, ...],
    bosons: tuple[int, ...],
    markers: int | None,
    at_start: bool,
    restart: str,
    max_wall: float | None,
    overrides: tuple[str, ...],
) -> int:
    """Measure a claim of the papers: table, fitted exponent with its confidence, numerical errors, verdict, figure,
    JSON.

    \b
    scattering-rates        the Neumann problem tends to the scattering problem (Chong, Lee and Sun, Lemma 1.1)
    gross-pitaevskii-limit  the modified system tends to its limit like 1/N, at all times (Prop. 2.4)
    dispersion              wave functions spread like t^(-3/2), for every N (Cor. 2.6)
    morawetz                the interaction Morawetz inequality (Appendix B)
    pair-excitation         Hilbert-Schmidt norms of the pair kernel (Lemma 3.2)
    conservation            particles, energy, momentum, angular momentum: drift over time and step
    well-posedness          kinetic energy below its bound from the conserved energy (Anapolitanos et al., Thm 1.1)
    semiclassical-bounds    commutators of a trapped Fermi gas are of the size M hbar (Cardenas et al. (2.9), (2.11))
    mean-field-limit        N bosons tend to their mean field like 1/N (Michelangeli and Olgiati; Anapolitanos et al.)
    bose-fermi-limit        so do bosons and fermions (Cardenas et al., Theorem 1)
    vlasov-limit            many fermions beside bosons tend to a classical gas (Cardenas et al., Theorem 2)
    excitations-bounded     correlated bosons have boundedly many excitations, for all N and t (Chong et al., Prop. 3.5)
    fluctuation-growth      fluctuations grow exponentially at most, whatever N is (de Oliveira and Michelangeli (3.2))
    bogoliubov-limit        those outside tend to Bogoliubov's theory, in number and norm (Lewin, Nam and Schlein)
    """
    from hpcmix.studies.check import Request
    from hpcmix.studies.check import check as measure

    fresh = restart == "never"
    wanted = Request(
        claim, file, overrides, numbers, bosons, markers, evolving=not at_start, fresh=fresh, max_wall=max_wall
    )
    return measure(wanted)
