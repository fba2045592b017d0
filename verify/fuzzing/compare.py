"""One point: what a function returns, what the exact network gives, and how far apart they may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from verify.errors import InputError
from verify.kernel.axioms.balls import enclosures
from verify.kernel.exact import preactivations
from verify.network import Network, floats
from verify.network.rounding import Precision, RoundingBound
from verify.rational import Vector, ends, to_fraction, vector, zeros

Implementation = Callable[[Any], Any]
# The outputs at a point, and a bound for each on what rounding may do to it.
Reference = Callable[[Network, Vector, Precision], tuple[Vector, Any]]


@dataclass(frozen=True, eq=False)
class Observation:
    """What happened at ``point``: exact where not said otherwise.

    ``returned`` is empty where ``problem`` says why there is nothing to compare. ``output`` is the one of largest
    ratio ``deviation / bound``; the ratio is infinite where the bound is 0 and the deviation is not.
    """

    point: Vector
    expected: Vector
    returned: tuple[Fraction, ...] = ()
    problem: str = ""
    output: int = 0
    deviation: Fraction = Fraction(0)
    bound: float = 0.0

    @property
    def ratio(self) -> float:
        """``deviation / bound``; infinite for a problem."""
        if self.problem:
            return float("inf")
        return _ratio(self.deviation, self.bound)

    @property
    def within_bound(self) -> bool:
        """Whether every output lies within its bound (compared exactly)."""
        return not self.problem and (self.bound == float("inf") or self.deviation <= Fraction(self.bound))


def _ratio(deviation: Fraction, bound: float) -> float:
    if deviation == 0 or bound == float("inf"):
        return 0.0
    if bound == 0:
        return float("inf")
    return float(min(deviation / Fraction(bound), Fraction(10**300)))


class RunComparison:
    """Calls the function and the exact network at points that the function's precision holds."""

    def __init__(
        self,
        network: Network,
        function: Implementation,
        precision: Precision,
        *,
        batch: bool = False,
        flat: bool = False,
    ) -> None:
        self.network = network
        self.function = function
        self.precision = precision
        shape = (network.input_size,) if flat else network.input_shape
        self.shape = (1, *shape) if batch else tuple(shape)
        self._reference = _smooth_reference if not network.is_piecewise_linear else _reference(network, precision)
        if not network.is_piecewise_linear and precision.dtype == "float16":
            raise InputError(f"{network.name} has smooth activations: their bound is for float64 and float32 only")

    def rounded(self, point: Vector) -> Vector | None:
        """The nearest point that the function can be given; None where a coordinate overflows."""
        with np.errstate(over="ignore"):
            values = point.floats().astype(self.precision.dtype)
        return vector(values.tolist()) if np.all(np.isfinite(values)) else None

    def array(self, point: Vector) -> Any:
        """The array that the function is called with."""
        return point.floats().astype(self.precision.dtype).reshape(self.shape)

    def at(self, point: Vector) -> Observation:
        """Compare at a point that ``rounded`` gave. Whatever the function does wrong becomes a ``problem``."""
        expected, bounds = self._reference(self.network, point, self.precision)
        try:
            returned = self.function(self.array(point))
        except Exception as error:  # the function is anybody's code: what it raises is what we report
            return Observation(point, expected, problem=f"raised {type(error).__name__}: {error}")
        numbers = _numbers(returned, self.network)
        if isinstance(numbers, str):
            return Observation(point, expected, problem=numbers)
        if not np.all(np.isfinite(numbers) | np.isinf(bounds)):
            return Observation(point, expected, problem=f"returned {_short(numbers)}, not finite numbers")
        return _worst(point, expected, numbers, bounds)


def _reference(network: Network, precision: Precision) -> Reference:
    """Exact outputs, and the bound at the exact point."""
    bound = RoundingBound(network, precision)

    def reference(_: Network, point: Vector, __: Precision) -> tuple[Vector, Any]:
        values = preactivations(network, point)
        return values[-1].reduced(), bound.at(point, values)

    return reference


def _smooth_reference(network: Network, point: Vector, precision: Precision) -> tuple[Vector, Any]:
    """The middles of enclosures of the outputs; half their widths are part of the bound (see ``floats``)."""
    found = floats.implementation_errors(network, point, precision.roundoff)
    bound = np.full(network.output_size, np.inf) if found is None else found
    try:
        values = [ends(value) for value in enclosures(network, point)]
    except OverflowError:
        return zeros(network.output_size), np.full(network.output_size, np.inf)
    middle = vector([(low + high) / 2 for low, high in values])
    radius = vector([high - low for low, high in values]).floats()
    return middle, (bound + radius) * (1 + 2.0**-50)


def _worst(point: Vector, expected: Vector, numbers: Any, bounds: Any) -> Observation:
    """The observation about the output with the largest ratio, then the largest deviation."""
    exact = expected.fractions()
    found, largest = Observation(point, expected), (-1.0, Fraction(-1))
    # Where the bound is infinite (an overflow) there is nothing to hold a NaN against.
    returned = tuple(to_fraction(n) if np.isfinite(n) else Fraction(0) for n in numbers.tolist())
    for i, (value, bound) in enumerate(zip(returned, bounds.tolist(), strict=True)):
        deviation = abs(value - exact[i]) if bound != float("inf") else Fraction(0)
        if (key := (_ratio(deviation, bound), deviation)) > largest:
            found, largest = Observation(point, expected, returned, "", i, deviation, bound), key
    return found


def _numbers(returned: Any, network: Network) -> Any:
    """The returned outputs as a flat array, or what is wrong with them."""
    try:
        array = np.asarray(returned)
    except Exception as error:  # so is what it returns
        return f"returned {type(returned).__name__}, which is no array: {error}"
    if array.dtype.kind not in "fiub":
        return f"returned {type(returned).__name__} of dtype {array.dtype}; expected real numbers"
    wanted = [(network.output_size,), tuple(network.output_shape)]
    if array.shape not in [*wanted, *((1, *shape) for shape in wanted)]:
        return f"returned shape {array.shape}; expected {network.output_shape}, flat or not, batch axis of 1 or not"
    return array.ravel()


def _short(numbers: Any) -> str:
    return str(numbers.tolist())[:120]
