"""What a property is: a formula, its instances, and the questions that decide it.

A property is refuted by one instance: values for its variables for which a fixed rational combination of
values of f, which the formula says is zero, is not. It is proved by answering one or more *questions* about a
network h on a polyhedron Q, each of the form "every piece of h on Q satisfies a criterion". The reductions
are part of what must be trusted; each states its lemma and proof.

An inequality is refuted in the same way: the combination is positive where the formula says ``<= 0``.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from verify.errors import PropertyError
from verify.network import Network
from verify.network.matrix import Matrix
from verify.property.instances import Draw, Propose, at_points
from verify.rational import Assignment as Assignment
from verify.rational import Vector, zeros
from verify.region import Region

if TYPE_CHECKING:
    from verify.formula.lowering import FalseCase, Lowered
    from verify.formula.tree import Formula

Relation: TypeAlias = Literal["= 0", "<= 0", ">= 0"]


class Criterion(enum.Enum):
    """What each piece ``t -> A t + c`` of h on Q must satisfy; maps are compared on the affine hull of Q."""

    AFFINE = "all pieces are one affine map"
    LINEAR = "all pieces are one map, and it is linear"
    CONSTANT = "all pieces are one constant"
    ZERO = "all pieces are zero"
    THROUGH_ORIGIN = "each piece, extended, is zero at the origin"
    CONVEX = "no piece's map exceeds h anywhere"
    NONPOSITIVE = "no piece exceeds zero"
    NONDECREASING = "no piece decreases along the axis"
    LIPSCHITZ = "the gradient of each piece is bounded by the constant in the dual norm"
    NOWHERE = "on no piece do all signs of a case hold at a point"
    POSITIVE_SOMEWHERE = "each pre-activation of a ReLU is positive somewhere"
    NEVER = "no case holds anywhere"


# Criteria about inequalities, and those of them that need a question's ``slope``.
INEQUALITIES = (
    Criterion.CONVEX,
    Criterion.NONPOSITIVE,
    Criterion.NONDECREASING,
    Criterion.LIPSCHITZ,
    Criterion.NOWHERE,
)
GRADIENTS = (Criterion.NONDECREASING, Criterion.LIPSCHITZ)


@dataclass(frozen=True, eq=False)
class Slope:
    """What a criterion about gradients says of them, in the ambient space of the claim's region.

    ``directions`` has the ambient direction of each of the question's coordinates as a column (None: coordinates are
    ambient). NONDECREASING is along ``sign`` times the ambient axis ``axis``; LIPSCHITZ is about ``constant`` and
    the ambient ``norm``.
    """

    directions: Matrix | None
    axis: int = 0
    sign: int = 1
    norm: str = ""
    constant: Fraction = Fraction(0)

    def along(self, matrix: Matrix) -> Slope:
        """The same for coordinates s that stand for the present ones by ``matrix s + offset``."""
        return replace(self, directions=matrix if self.directions is None else self.directions.compose(matrix))


@dataclass(frozen=True, eq=False)
class Question:
    """Does every piece of ``network`` on ``region`` satisfy ``criterion``?

    The region has no chart: the network is taken in its coordinates. ``origin`` is where the ambient 0 lies
    in these coordinates, None when it is outside the affine hull. A lifted question (``lifting.lift``) has further
    coordinates, which the network ignores: its origin lists the first ones only. ``cases`` belong to NOWHERE.
    """

    network: Network
    region: Region
    criterion: Criterion
    origin: Vector | None
    lemma: str
    slope: Slope | None = None
    cases: tuple[FalseCase, ...] = ()


@dataclass(frozen=True, eq=False)
class Asked:
    """A formula of the language, the networks that its names are bound to, and what it became."""

    formula: Formula
    networks: Mapping[str, Network]
    lowered: Lowered


@dataclass(frozen=True)
class Vacuous:
    """The property quantifies over nothing on this region (or over trivial instances only)."""

    reason: str


@dataclass(frozen=True, eq=False)
class Term:
    """``factor * f(point)``, or the second network's value when ``second``."""

    factor: Fraction
    point: Vector
    second: bool = False


class Absence(enum.Enum):
    """When a region P, or a network, has no instance but trivial ones; ``verify.property.trivial`` has the proofs."""

    NEVER = "never"
    ORIGIN_OUTSIDE = "0 is not in the region"
    ORIGIN_OFF_HULL = "0 is not in the affine hull of the region"
    NO_SUM = "no x, y of the region have x + y in it"
    AXIS_OFF_HULL = "no two points of the region differ in that input alone"
    NO_UNIT = "the network has no ReLU"


@dataclass(frozen=True)
class Trivial:
    """Instances that hold of every function: where the number ``name`` is ``value`` (no name: there are none).

    ``absence`` says which regions have no others.
    """

    absence: Absence
    name: str = ""
    value: Fraction = Fraction(0)

    @property
    def words(self) -> str:
        """``t = 1``; empty where no instance is trivial."""
        return f"{self.name} = {self.value}" if self.name else ""

    def holds(self, assignment: Assignment) -> bool:
        """Whether an instance is trivial."""
        return bool(self.name) and number(assignment, self.name) == self.value


@dataclass(frozen=True)
class Property:
    """One entry of the catalogue: all that is particular to a property stands in its file.

    ``variables`` maps each quantified name to ``"point"`` or ``"number"``; ``instance`` gives the terms of whose
    sum the formula says that it is zero (or ``relation``); ``reduce`` gives the questions that together are
    equivalent to the property on a region. ``labels`` name the argument of f in each term, in order.

    ``margin``, where the formula compares the sum with something that depends on the points, makes the number that
    ``relation`` is about from the sum and the values of the variables. ``family`` and ``parameters`` belong to a
    property with numbers in its name (``lipschitz 2 in linf`` is of the family ``lipschitz``); ``fits`` raises
    ``PropertyError`` for a network that they do not fit; ``predicate`` says the property in a sentence. ``asked`` is
    the formula that somebody wrote, where the property is none of the catalogue's: see ``verify.property.asked``.

    ``definition`` is the property in the language of claims, for a region P: every argument of f is kept inside P by
    a condition, and u is the unit vector of ``parameters["axis"]``. It is empty where the language cannot say it.

    ``trivial`` says which instances hold of every function. ``implied_by`` lists sets of facts
    (``verify.kernel.facts``) that imply the property, with the proof in the docstring of ``verify.kernel.families``.
    ``draw`` and ``propose`` give instances to try (``verify.property.instances``); None: none are drawn.
    """

    name: str
    formula: str
    variables: Mapping[str, str]
    instance: Callable[[Assignment], list[Term]]
    reduce: Callable[[Network, Region, Network | None], list[Question] | Vacuous]
    labels: tuple[str, ...]
    trivial: Trivial
    needs_second: bool = False
    relation: Relation = "= 0"
    margin: Callable[[Fraction, Assignment], Fraction] | None = None
    family: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    fits: Callable[[Network], None] | None = None
    predicate: str = ""
    definition: str = ""
    implied_by: tuple[tuple[str, ...], ...] = ()
    draw: Draw | None = None
    propose: Propose = at_points
    asked: Asked | None = None

    def __repr__(self) -> str:
        return f"<Property {self.name}: {self.formula}>"

    @property
    def words(self) -> str:
        """What follows "is" in a sentence: the name, or a phrase that reads better."""
        return self.predicate or self.name

    @property
    def key(self) -> str:
        """What tables by property are keyed by: the family, else the name."""
        return self.family or self.name

    def gap(self, total: Fraction, assignment: Assignment) -> Fraction:
        """The number that ``relation`` is about, from the sum of an instance's terms."""
        return total if self.margin is None else self.margin(total, assignment)

    def broken(self, gap: Fraction) -> bool:
        """Whether an instance with this gap breaks the formula."""
        if self.relation == "= 0":
            return gap != 0
        return gap > 0 if self.relation == "<= 0" else gap < 0


@dataclass(frozen=True)
class PropertyFamily:
    """Properties with parameters in their names: ``make`` gets the groups of ``pattern`` as text.

    Names are matched in lower case with single spaces; ``usage`` is what a message shows. ``make`` raises
    ``PropertyError`` for parameters out of range. ``formula`` has the parameter's name in its place; a ``synonym`` is
    another name for properties of a family that lists show.
    """

    name: str
    usage: str
    pattern: re.Pattern[str]
    make: Callable[..., Property]
    formula: str
    synonym: bool = False


def in_coordinates(network: Network, region: Region) -> tuple[Network, Region, Vector | None]:
    """The network in the region's chart coordinates, the region without chart, and where the origin lies."""
    origin = zeros(region.dimension) if region.origin_in_hull else None
    if region.chart is None:
        return network, region, origin
    from verify.network.combine import precomposed

    local = precomposed(network, region.chart.directions, region.chart.origin)
    return local, Region(region.base, region.rows, text=region.text), origin


def point(assignment: Assignment, name: str) -> Vector:
    """The point bound to ``name``."""
    value = assignment.get(name)
    if not isinstance(value, Vector):
        raise PropertyError(f"the instance lacks the point {name}")
    return value


def number(assignment: Assignment, name: str) -> Fraction:
    """The number bound to ``name``."""
    value = assignment.get(name)
    if not isinstance(value, Fraction):
        raise PropertyError(f"the instance lacks the number {name}")
    return value
