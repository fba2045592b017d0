"""The exact side of an enumeration: forms, vertices and signs in integers, computed only where floats do not decide."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from verify.arrangement.complex import Ids, Signs
from verify.arrangement.domain import Domain
from verify.kernel.core.cell import adjoint_form
from verify.kernel.exact import Pattern
from verify.network import Network
from verify.rational import Integers
from verify.search.budget import Budget

IntegerForm = tuple[int, ...]


def columns_of(domain: Domain, columns: Integers) -> tuple[Integers, int]:
    """Homogeneous points (free coordinates, w) as columns over all hull coordinates, times a common factor."""
    pinned, factor = domain.pinned_values(), domain.pinned_denominator
    rows = np.zeros((len(pinned), columns.shape[1]), dtype=object)
    for place, j in enumerate(domain.free):
        rows[j] = columns[place] * factor
    for j, value in enumerate(pinned):
        if value is not None:
            rows[j] = columns[-1] * int(value * factor)
    return rows, factor


def propagate(
    network: Network, start: Integers, weights: Integers, factor: int, activated: Callable[[int, Integers], Integers]
) -> list[tuple[Integers, int]]:
    """Pre-activations of every block, as integers over one denominator, for columns of homogeneous inputs.

    ``start`` has the inputs times ``factor``, ``weights`` how often the bias counts in each column.
    """
    outputs: dict[int, tuple[Integers, int]] = {0: (start, factor)}
    result = []
    denominator = factor
    for k, block in enumerate(network.blocks, start=1):
        parts, bias, own = block.integer_form
        z: Any = np.multiply.outer(bias * denominator, weights)
        for source, matrix, numerators in parts:
            values, their = outputs[source]
            z = z + matrix.integer_product(numerators, values) * (denominator // their)
        denominator *= own
        result.append((z, denominator))
        outputs[k] = (activated(k, z) if block.relu else z, denominator)
        for source in [s for s, last in network.last_use.items() if last == k]:
            outputs.pop(source, None)
    return result


class UnitForm(NamedTuple):
    """The form of a unit on a cell of the last of so many layers."""

    layers: int
    block: int
    unit: int
    cell: int


class ExactSide:
    """Exact answers about the vertices and forms of one enumeration, each computed once.

    ``describe(form)`` tells a form's exact integers, or whose it is; ``pattern(cell, layers)`` the pattern of a cell of
    the last of so many layers; ``tight(vertex)`` the forms that vanish at it, ``near(vertex)`` its place in float64.
    """

    def __init__(
        self,
        domain: Domain,
        describe: Callable[[int], IntegerForm | UnitForm],
        pattern: Callable[[int, int], Pattern],
        tight: Callable[[int], Sequence[int]],
        near: Callable[[int], Sequence[float]],
    ) -> None:
        self.domain, self.network = domain, domain.network
        self.describe, self.pattern, self.tight, self.near = describe, pattern, tight, near
        self.points: dict[int, IntegerForm] = {}
        self._forms: dict[UnitForm, tuple[IntegerForm, Fraction]] = {}
        self._signs: dict[int, dict[int, Signs]] = {}

    @property
    def decided_signs(self) -> bool:
        """Whether some sign was left open by the floats."""
        return bool(self._signs)

    def learn(self, whole: ExactSide, vertices: Ids) -> None:
        """Take over what another knows of the same forms, and of the vertices of these numbers in it, in order."""
        self._forms.update(whole._forms)
        if whole.points:
            numbers = vertices.tolist()
            self.points.update((new, whole.points[old]) for new, old in enumerate(numbers) if old in whole.points)
            self._signs.update((new, whole._signs[old]) for new, old in enumerate(numbers) if old in whole._signs)

    def form(self, number: int) -> IntegerForm:
        """A form as coprime integers."""
        told = self.describe(number)
        return self.unit_form(told)[0] if isinstance(told, UnitForm) else told

    def unit_form(self, told: UnitForm) -> tuple[IntegerForm, Fraction]:
        """A unit's form as coprime integers, and the factor that makes its pre-activation of them."""
        known = self._forms.get(told)
        if known is None:
            known = unit_form(self.domain, told.block, told.unit, self.pattern(told.cell, told.layers))
            self._forms[told] = known
        return known

    def point(self, vertex: int) -> IntegerForm:
        """A vertex as coprime homogeneous integers, w >= 0."""
        known = self.points.get(vertex)
        if known is None:
            known = common_zero([self.form(int(number)) for number in self.tight(vertex)])
            if known[-1] < 0 or (known[-1] == 0 and _opposed(known, self.near(vertex))):
                known = tuple(-n for n in known)
            self.points[vertex] = known
        return known

    def signs(self, block: int, unit: int, vertices: Ids, budget: Budget) -> Signs:
        """The exact signs of a unit's pre-activation at vertices."""
        self._know(vertices, budget)
        return np.array([self._signs[int(v)][block][unit] for v in vertices], dtype=np.int8)

    def block_signs(self, block: int, vertices: Ids, budget: Budget) -> Signs:
        """The exact signs of all units of a block at vertices, shape (units, vertices)."""
        self._know(vertices, budget)
        return np.stack([self._signs[int(v)][block] for v in vertices], axis=1)

    def _know(self, vertices: Ids, budget: Budget) -> None:
        new = [int(v) for v in vertices if int(v) not in self._signs]
        for begin in range(0, len(new), 256):
            budget.check()
            self._evaluate(new[begin : begin + 256])

    def _evaluate(self, vertices: list[int]) -> None:
        """The signs of all units at some vertices: one pass through the network."""
        columns = np.array([self.point(v) for v in vertices], dtype=object).T
        start, factor = columns_of(self.domain, columns)
        found: dict[int, Signs] = {}

        def activated(k: int, z: Integers) -> Integers:
            positive = np.asarray(z > 0, dtype=bool)
            found[k] = positive.astype(np.int8) - np.asarray(z < 0, dtype=bool).astype(np.int8)
            return np.where(positive, z, 0)

        propagate(self.network, start, columns[-1], factor, activated)
        for place, vertex in enumerate(vertices):
            self._signs[vertex] = {k: signs[:, place] for k, signs in found.items()}


def _opposed(point: IntegerForm, near: Sequence[float]) -> bool:
    """Whether a point at infinity is the opposite of its approximation, which lies in the right closed orthant."""
    return sum(((n > 0) - (n < 0)) * x for n, x in zip(point, near, strict=True)) < 0


def common_zero(forms: Sequence[IntegerForm]) -> IntegerForm:
    """The point, up to its sign, at which d forms over d + 1 homogeneous coordinates vanish."""
    if len(forms) == 1:
        (a, b) = forms[0]
        found = [-b, a]
    elif len(forms) == 2:
        (a, b, c), (d, e, f) = forms
        found = [b * f - c * e, c * d - a * f, a * e - b * d]
    else:
        from flint import fmpz_mat

        kernel, nullity = fmpz_mat(len(forms), len(forms) + 1, [n for form in forms for n in form]).nullspace()
        if nullity != 1:
            raise AssertionError("the forms at a vertex are dependent")
        found = [int(kernel[i, 0]) for i in range(len(forms) + 1)]
    divisor = math.gcd(*found)
    if not divisor:
        raise AssertionError("the forms at a vertex are dependent")
    return tuple(n // divisor for n in found)


def unit_form(domain: Domain, block: int, unit: int, pattern: Pattern) -> tuple[IntegerForm, Fraction]:
    """A unit's pre-activation under a pattern of the blocks before it: coprime integers and a factor above 0.

    By exact backward accumulation.
    """
    numerators, constant, denominator = adjoint_form(domain.network, block, unit, pattern)
    form, factor = restricted(domain, numerators, constant)
    return form, Fraction(factor, denominator * domain.pinned_denominator)


def restricted(domain: Domain, numerators: Integers, constant: int) -> tuple[IntegerForm, int]:
    """An integer form over all hull coordinates, over the free ones and w: coprime, and the factor taken out."""
    scale = domain.pinned_denominator
    total = constant * scale
    for j, value in enumerate(domain.pinned_values()):
        if value is not None:
            total += int(numerators[j]) * int(value * scale)
    found = [*(int(numerators[j]) * scale for j in domain.free), total]
    divisor = math.gcd(*found) or 1
    return tuple(n // divisor for n in found), divisor
