"""The boxes of the decision benchmark and the truth about each.

Around a random point x0 of the full box, ``ball`` has the affine radius eps* that ``verify.radius`` gives (its pattern
radius, where the affine one is not decided in time), ``x2`` twice that and ``near`` 1.0001 times.

The truth does not come from the engines where something else can tell. A value of f that is not the one of its affine
map around x0 shows that f is not affine; points of the box are tried, the corner towards the unit that switches first
before others. Where no ReLU switches, f is affine: the radius is computed again in plain fractions, for large
networks compared with a float64 Jacobian. For the rest the checked verdict of this project is the reference.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import verify
from benchmarks.networks import difference, mirrored_sum
from benchmarks.subjects import SUBJECTS, Subject
from benchmarks.truth import (
    Crossing,
    Piece,
    deviations_at,
    float_crossing,
    is_plain,
    piece_at,
    plain_crossing,
    zero_piece,
)
from verify.kernel.core.cell import cell_of
from verify.kernel.exact import pattern_at
from verify.network import Network
from verify.property import Claim, find
from verify.rational import Vector
from verify.region import Region, ball
from verify.region.bases import Box
from verify.search.commands.radius import Radii

# Radii as multiples of eps*.
FACTORS = {"ball": Fraction(1), "x2": Fraction(2), "near": Fraction(10001, 10000)}
# eps* from a float64 Jacobian and the exact one agree this well, or the Jacobian is no witness.
FLOAT_AGREEMENT = 1e-6
RADIUS_SECONDS = 120.0
CORNERS = 8


@dataclass(frozen=True)
class Case:
    """A subject on one box. ``truth`` is None where only the checked verdict tells.

    ``deviation`` is the largest one seen of f from its affine map, in output ``output``.
    """

    subject: str
    kind: str
    inputs: int
    relus: int
    radius: str | None
    truth: bool | None
    truth_by: str
    deviation: float
    output: int

    @property
    def name(self) -> str:
        """Subject and box."""
        return f"{self.subject}, {self.kind}"


def claim_of(case: Case) -> Claim:
    """The claim on freshly loaded networks: nothing is remembered from an earlier run."""
    subject = SUBJECTS[case.subject]
    network = subject.load()
    second = subject.second() if subject.second is not None else None
    return Claim(network, find(subject.property_name), _region(subject, network, case), second)


def _region(subject: Subject, network: Network, case: Case) -> Region:
    if case.radius is None:
        return subject.full_box(network)
    return ball(subject.centre(network), Fraction(case.radius))


def asked(claim: Claim, centre: Vector) -> tuple[Network, Piece]:
    """h and an affine map: the claim holds if and only if h is that map on the region (one copy of the question)."""
    network = claim.network
    if claim.property.name == "affine":
        return network, piece_at(network, centre)
    h = difference(network, claim.second) if claim.second is not None else mirrored_sum(network, 1)
    return h, zero_piece(h)


# The truth.


def cases_of(name: str) -> list[Case]:
    """The subject's boxes with the truth about each."""
    subject = SUBJECTS[name]
    network = subject.load()
    centre = subject.centre(network)
    claim = Claim(
        network, find(subject.property_name), subject.full_box(network), subject.second() if subject.second else None
    )
    h, piece = asked(claim, centre)
    if subject.kinds == ("box",):
        return [_case(subject, "box", claim, (h, piece), centre, None, None)]
    radii = verify.radius(network, centre, timeout=RADIUS_SECONDS)
    crossing = _crossing(network, centre, radii)
    return [_case(subject, kind, claim, (h, piece), centre, radii, crossing) for kind in subject.kinds]


def _case(
    subject: Subject,
    kind: str,
    claim: Claim,
    question: tuple[Network, Piece],
    centre: Vector,
    radii: Radii | None,
    crossing: Crossing | None,
) -> Case:
    (h, piece), radius = question, _radius(kind, radii)
    region = claim.region if radius is None else ball(centre, radius)
    seen = [deviations_at(h, point, piece) for point in _corners(region, centre, crossing)]
    largest = [max(column) for column in zip(*seen, strict=True)]
    deviation = max(largest)
    truth, by = (False, "a value") if deviation else _known(subject, network=h, crossing=crossing, radius=radius)
    if deviation and kind == "box" and subject.truth:
        raise RuntimeError(f"{subject.name} does not have the property that its construction gives")
    relus = claim.network.relu_count + (claim.second.relu_count if claim.second else 0)
    shown = None if radius is None else str(radius)
    output = largest.index(deviation)
    return Case(subject.name, kind, h.input_size, relus, shown, truth, by, float(deviation), output)


def _known(
    subject: Subject, network: Network, crossing: Crossing | None, radius: Fraction | None
) -> tuple[bool | None, str]:
    """What is known without engines where no deviation was seen."""
    if radius is None and subject.truth is not None:
        return subject.truth, "construction"
    if radius is not None and crossing is not None and radius <= crossing.radius:
        return True, "fractions" if is_plain(network) else "float64 Jacobian"
    return None, "checked verdict"


def _radius(kind: str, radii: Radii | None) -> Fraction | None:
    """A binary64 radius, not above the exact one: short for exact tools, and the same number for float ones."""
    if kind == "box" or radii is None:
        return None
    exact = radii.affine if isinstance(radii.affine, Fraction) and radii.affine else radii.pattern
    if not isinstance(exact, Fraction) or not exact:
        raise RuntimeError("the radius at the centre is 0 or infinite; choose another centre")
    wanted = exact * FACTORS[kind]
    rounded = Fraction(float(wanted))
    return rounded if rounded <= wanted else Fraction(float(wanted * (1 - Fraction(1, 2**52))))


def _corners(region: Region, centre: Vector, crossing: Crossing | None) -> Iterator[list[Fraction]]:
    """Corners of the region's box: the one towards the unit that switches first, the opposite one, and random ones."""
    base, rng = region.base, random.Random(0)
    assert isinstance(base, Box)
    ends = list(zip(base.low.fractions(), base.high.fractions(), strict=True))
    if crossing is not None:
        for sign in (1, -1):
            yield [high if sign * t > 0 else low for (low, high), t in zip(ends, crossing.towards, strict=True)]
    for _ in range(CORNERS):
        yield [rng.choice(side) for side in ends]


def _crossing(network: Network, centre: Vector, radii: Radii) -> Crossing | None:
    """The first switch: in plain fractions, or as ``verify.radius`` has it when a float64 Jacobian agrees."""
    if is_plain(network):
        crossing = plain_crossing(network, centre)
        if crossing is None or crossing.radius != radii.pattern:
            raise RuntimeError(f"{network.name}: the pattern radius is {radii.pattern}, in fractions {crossing}")
        return crossing
    if not isinstance(radii.pattern, Fraction) or not radii.pattern:
        return None
    form = cell_of(network, pattern_at(network, centre)).form(*radii.units[0])
    sign = -1 if form.at(centre) > 0 else 1
    towards = form.coefficients.scaled(Fraction(sign)).fractions()
    agrees = abs(float_crossing(network, centre.floats()) / float(radii.pattern) - 1) <= FLOAT_AGREEMENT
    return Crossing(radii.pattern if agrees else Fraction(0), towards)
