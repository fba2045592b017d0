"""Evidence: plain data that makes a verdict re-checkable without trusting whoever found it.

A dataclass for each kind, and for the parts of kinds; ``verify.kernel.check`` has the tables of those that prove and of
those that refute. ``verify.kernel.json`` reads the serialized form, ``verify.writing`` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.kernel.exact import AffineForm, Bits, Pattern
from verify.network.matrix import Indices
from verify.property import Assignment
from verify.rational import Floats, Vector

if TYPE_CHECKING:
    from verify.kernel.cuts import Cuts

# For a linear function that is nonnegative on a polyhedron: nonnegative weights of the polyhedron's rows.
Multipliers: TypeAlias = Mapping[int, Fraction]


@dataclass(frozen=True, eq=False)
class ValueGap:
    """Values of the property's variables at which output ``output`` breaks its formula."""

    kind: ClassVar[str] = "value gap"
    assignment: Assignment
    output: int


@dataclass(frozen=True, eq=False)
class Falsehood:
    """Values of the names of a formula of the language, at which its conditions hold and its body does not."""

    kind: ClassVar[str] = "falsehood"
    assignment: Assignment


@dataclass(frozen=True)
class Rule:
    """A rule of ``verify.kernel.facts.rules``, by name."""

    kind: ClassVar[str] = "rule"
    name: str


@dataclass(frozen=True)
class Nothing:
    """There is nothing to quantify over; the kernel derives why from the claim."""

    kind: ClassVar[str] = "nothing to quantify over"


@dataclass(frozen=True, eq=False)
class Ceiling:
    """``relu(z) <= slope z + offset`` on a part, with proofs that the right side is at least 0 and at least z.

    z is the unit's row divided by its content.
    """

    slope: Fraction
    offset: Fraction
    below: Multipliers
    above: Multipliers


@dataclass(frozen=True, eq=False)
class Leaf:
    """One pattern holds on this part of the region (weakly, after the sign of each pre-activation).

    ``signs``: the pattern follows from the signs of weights, biases and inputs alone. Else units that no
    closed form settles have multipliers, keyed by (block, unit). ``witnesses`` are what a criterion that is an
    inequality needs about this leaf's maps, keyed by (which, output), see ``verify.kernel.inequalities``.

    With ``free``, a mask of units that may switch on the part, the pattern speaks of the others only, and
    multipliers number the facts of ``verify.kernel.core.part.Part``; free units may have ``ceilings``.
    """

    pattern: Pattern
    multipliers: Mapping[tuple[int, int], Multipliers] = field(default_factory=dict)
    signs: bool = False
    witnesses: Mapping[tuple[int, int], Mapping[int, Fraction]] = field(default_factory=dict)
    free: Pattern | None = None
    ceilings: Mapping[tuple[int, int], Ceiling] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Split:
    """The part where ``form >= 0`` and the part where ``form <= 0``."""

    form: AffineForm
    above: Tree
    below: Tree


Tree: TypeAlias = Leaf | Split


@dataclass(frozen=True, eq=False)
class Equation:
    """``form = 0`` on the region, with multipliers for ``form >= 0`` and for ``-form >= 0``."""

    form: AffineForm
    above: Multipliers
    below: Multipliers


@dataclass(frozen=True, eq=False)
class BlockSteps:
    """The fate of each unit (empty for a block without activation), and of each form that is needed as it is.

    Those are the forms of units that are on or reflected, or of all units of a block without activation; constants
    are not counted among them. Variables are numbered from 0 in the order in which they are kept: of each
    block first its kept units, then its new forms.
    """

    units: Indices
    values: Indices


@dataclass(frozen=True, eq=False)
class Steps:
    """One entry for each block but the last; ``bounded`` says whether the region's finite sides are used."""

    blocks: tuple[BlockSteps, ...]
    bounded: bool


@dataclass(frozen=True, eq=False)
class Cover:
    """A proof of one question: equations of the affine hull, then a tree of cells in the hull's coordinates.

    With ``steps``, the tree is about the network that they rewrite the question's network to (lemma 6).
    """

    tree: Tree
    equations: tuple[Equation, ...] = ()
    lifted: bool = False
    steps: Steps | None = None


@dataclass(frozen=True, eq=False)
class Empty:
    """The question's region has no point: with these multipliers its rows add up to a contradiction."""

    multipliers: Multipliers
    lifted: bool = False


@dataclass(frozen=True, eq=False)
class Cells:
    """A proof of each question of the claim, in order."""

    kind: ClassVar[str] = "cells"
    proofs: tuple[Cover | Empty, ...]


@dataclass(frozen=True, eq=False)
class Unsatisfiable:
    """A proof that the conditions of a formula never hold: cells of the claim ``conditions_claim``."""

    evidence: Cells


# A row, no multiple of the split's form, whose slack the multipliers show at most zero; None: they show -1 >= 0.
Thin: TypeAlias = tuple[int | None, Multipliers]


@dataclass(frozen=True, eq=False)
class Counts:
    """What counts cells and pieces.

    Leaves are numbered from 0 as they stand in the tree, a leaf's rows with the region's rows first.

    ``points`` has a point inside each leaf. ``joins`` are (a, b, point of a common facet). ``walls[a, r]`` shows that
    leaf a shares no facet with a leaf beyond its row r, ``apart[a, b]``, a < b, that two leaves share none. Their
    multipliers are of a's rows, and then of the row r reversed, or of b's rows.
    """

    kind: ClassVar[str] = "counted cells"
    cover: Cover
    points: tuple[Vector, ...]
    joins: tuple[tuple[int, int, Vector], ...]
    walls: Mapping[tuple[int, int], Thin]
    apart: Mapping[tuple[int, int], Thin]


@dataclass(frozen=True, eq=False)
class Reached:
    """Points of the region (ambient): each ReLU is on at one of them."""

    kind: ClassVar[str] = "reached units"
    points: tuple[Vector, ...]


@dataclass(frozen=True, eq=False)
class Off:
    """A ReLU of the question's network, (block, unit), and a proof that its pre-activation is at most zero there."""

    kind: ClassVar[str] = "unit off"
    block: int
    unit: int
    proof: Cover


@dataclass(frozen=True, eq=False)
class Unsafe:
    """A point of the region at which the case of that number holds."""

    kind: ClassVar[str] = "unsafe point"
    point: Vector
    case: int


# Cut a box at a coordinate, or None where it is not cut further.
Cut: TypeAlias = tuple[int, Fraction] | None


@dataclass(frozen=True, eq=False)
class Difference:
    """Boxes on which the bound of this module suffices: cuts in preorder, the lower part first.

    ``folded``: layers without activation are multiplied into those that read them first, in both networks.
    """

    kind: ClassVar[str] = "difference"
    cuts: tuple[Cut, ...]
    folded: bool


@dataclass(frozen=True, eq=False)
class LowerSlopes:
    """For rows over block k which line below each ReLU before it they use: y >= z (1) or y >= 0 (0).

    Rows are the lower bounds of some of its units, then their upper ones. After the last block come the rows of the
    goal, upper bounds only, which have no ``units``. ``on`` has a column for each ReLU, in order; ``multipliers``
    one for each ReLU up to this block at which the box is cut, in order (None: they are 0).
    """

    block: int
    units: NDArray[np.int64]
    on: Bits
    multipliers: Floats | None = None


@dataclass(frozen=True, eq=False)
class Bounds:
    """The parts of a box on each of which the bounds settle the claim; ``single``: with columns in float32.

    Without ``slopes`` coordinates are cut in the middle. Else each part has slopes for some blocks, in order, and cuts
    are at pre-activations of ReLU, which are numbered in order of their blocks, at the ``levels`` of the cuts in
    preorder.
    """

    kind: ClassVar[str] = "bounds"
    cuts: Cuts
    single: bool
    slopes: tuple[tuple[LowerSlopes, ...], ...] = ()
    levels: tuple[float, ...] = ()


Evidence: TypeAlias = ValueGap | Falsehood | Rule | Nothing | Cells | Difference | Bounds | Unsafe | Reached | Off

KINDS: dict[str, type[Any]] = {
    kind.kind: kind for kind in (ValueGap, Falsehood, Rule, Nothing, Cells, Difference, Bounds, Unsafe, Reached, Off)
}
