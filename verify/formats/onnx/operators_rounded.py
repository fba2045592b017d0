"""Functions of constants that are not rational, rounded correctly to the constant's element type by ball arithmetic.

NumPy's and a BLAS' own functions differ from machine to machine; these do not. Arb encloses the value ever more
tightly until both ends of the ball round to the same number (``elements.nearest``). Each use is on the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import constants, operators_constant
from verify.formats.onnx.call import Call, Value, axes_of, axis_of, stated_axes
from verify.formats.onnx.constants import broadcast_shape
from verify.formats.onnx.elements import ArbBall, Array, nearest, type_name
from verify.formats.onnx.operators_activation import SELU_ALPHA, SELU_GAMMA

# What Arb is asked for is bounded: exp(exp(...)) of a large number would not end.
LARGEST_ARGUMENT = 2**20


def ball(value: Fraction) -> ArbBall:
    """An exact rational as a ball at the precision in force."""
    from flint import arb, fmpq

    return arb(fmpq(value.numerator, value.denominator))


def _rounded(call: Call, values: Array, shape: tuple[int, ...], compute: Callable[[Sequence[Fraction]], Any]) -> Array:
    """``compute`` makes balls of the exact values; one rounding to the type of the first input."""
    element = call.types[0]
    exact = constants.fractions(call.finite(values)).ravel().tolist()
    if any(abs(value) > LARGEST_ARGUMENT for value in exact) and call.node.op_type not in ("Sqrt", "Log", "Pow"):
        raise NetworkError(f"a constant argument beyond {LARGEST_ARGUMENT}")
    try:
        result, held = nearest(lambda: compute(exact), element)
    except OverflowError as error:
        raise NetworkError(str(error)) from error
    if not held:
        call.rounds(
            f"constant {call.name} ({call.node.op_type}) rounded correctly to {type_name(element)}; an implementation"
            " may differ in the last place"
        )
    return np.array(result, dtype=np.float64).reshape(shape)


def function(make: Callable[[Call], Callable[[ArbBall], ArbBall]]) -> Callable[[Call], Value]:
    """A function of each value."""

    def evaluate(call: Call) -> Value:
        array, apply = call.array(0), make(call)
        return _rounded(call, array, array.shape, lambda exact: [apply(ball(value)) for value in exact])

    return evaluate


def plain(name: str) -> Callable[[Call], Value]:
    """A function that Arb has under this name."""
    return function(lambda call: lambda x: getattr(x, name)())


def partial(name: str, good: Callable[[Any], bool]) -> Callable[[Call], Value]:
    """A function that Arb has under this name, of the arguments for which it is a finite number."""
    known = plain(name)

    def evaluate(call: Call) -> Value:
        if not all(good(value) for value in call.array(0).ravel().tolist()):
            raise NetworkError(f"{call.node.op_type} of a constant that it is not a finite number for")
        return known(call)

    return evaluate


def lp_normalization(call: Call) -> Value:
    """``x / norm(x)`` along an axis, in L1 or L2; what has norm 0 is refused, as operator sets disagree on it."""
    array, power = call.array(0), call.integer("p", 2)
    if power not in (1, 2):
        raise NetworkError(f"p is {power}; expected 1 or 2")
    rows, _ = _groups(array, [axis_of(call.integer("axis", -1), array.ndim)], keep=True)
    if not np.all(np.any(array.ravel()[rows] != 0, axis=1)):
        raise NetworkError("LpNormalization of zeros: operator sets disagree")

    def compute(exact: Sequence[Fraction]) -> list[ArbBall]:
        result: list[ArbBall] = [None] * array.size
        for row in rows.tolist():
            values = [ball(exact[place]) for place in row]
            norm = _norm(values) if power == 2 else _total([abs(value) for value in values])
            for place, value in zip(row, values, strict=True):
                result[place] = value / norm
        return result

    return _rounded(call, array, array.shape, compute)


def _sigmoid(x: ArbBall) -> ArbBall:
    return 1 / (1 + (-x).exp())


def _softplus(x: ArbBall) -> ArbBall:
    return x.exp().log1p() if x < 0 else x + (-x).exp().log1p()


def _gelu(call: Call) -> Callable[[ArbBall], ArbBall]:
    from flint import arb

    if call.text("approximate", "none") == "none":
        return lambda x: x * (1 + (x / arb(2).sqrt()).erf()) / 2
    return lambda x: x * (1 + ((arb(2) / arb.pi()).sqrt() * (x + ball(Fraction(44715, 10**6)) * x**3)).tanh()) / 2


def _elu(call: Call) -> Callable[[ArbBall], ArbBall]:
    alpha = Fraction(call.number("alpha", 1.0))
    return lambda x: x if x >= 0 else ball(alpha) * x.expm1()


def _celu(call: Call) -> Callable[[ArbBall], ArbBall]:
    alpha = Fraction(call.number("alpha", 1.0))
    return lambda x: x if x >= 0 else ball(alpha) * (x / ball(alpha)).expm1()


def _selu(call: Call) -> Callable[[ArbBall], ArbBall]:
    alpha, gamma = Fraction(call.number("alpha", SELU_ALPHA)), Fraction(call.number("gamma", SELU_GAMMA))
    return lambda x: ball(gamma) * (x if x >= 0 else ball(alpha) * x.expm1())


def _swish(call: Call) -> Callable[[ArbBall], ArbBall]:
    alpha = Fraction(call.number("alpha", 1.0))
    return lambda x: x * _sigmoid(ball(alpha) * x)


elu, celu, selu, gelu, swish = (function(make) for make in (_elu, _celu, _selu, _gelu, _swish))
sigmoid = function(lambda call: _sigmoid)
softplus = function(lambda call: _softplus)
mish = function(lambda call: lambda x: x * _softplus(x).tanh())


def power(call: Call) -> Value:
    """X to the power Y: exactly where Y is whole, else of positive X."""
    exponents = call.array(1) if np.all(call.array(0) > 0) else call.certain(1)
    if all(float(e).is_integer() for e in exponents.ravel().tolist()):
        return operators_constant.power(call)
    base = call.array(0)
    shape = broadcast_shape([base.shape, exponents.shape])
    powers = [Fraction(e) for e in np.broadcast_to(exponents, shape).ravel().tolist()]
    spread = np.array(np.broadcast_to(base, shape))
    if np.any(spread <= 0) or max(map(abs, powers)) > LARGEST_ARGUMENT:
        raise NetworkError("a power of a constant that is not positive, or too large a power")
    return _rounded(call, spread, shape, lambda exact: [ball(b) ** ball(e) for b, e in zip(exact, powers, strict=True)])


def _groups(array: Array, axes: list[int], keep: bool) -> tuple[Array, tuple[int, ...]]:
    """Rows of flat places, one for each result of a reduction, and the result's shape."""
    kept = [axis for axis in range(array.ndim) if axis not in axes]
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(array.shape) if keep or axis not in axes)
    places = np.arange(array.size).reshape(array.shape).transpose([*kept, *axes])
    rows = int(np.prod([array.shape[axis] for axis in kept], dtype=np.int64))
    return places.reshape(rows, -1 if array.size else 0), shape


def reduction(of_row: Callable[[list[ArbBall]], ArbBall]) -> Callable[[Call], Value]:
    """A function of all values along some axes (all of them by default)."""

    def evaluate(call: Call) -> Value:
        array = call.array(0)
        axes = axes_of(stated_axes(call, 18), array.ndim)
        if not axes and not call.flag("noop_with_empty_axes"):
            axes = list(range(array.ndim))
        rows, shape = _groups(array, axes, call.flag("keepdims", True))
        if not array.size:
            raise NetworkError("a reduction of no values")
        return _rounded(
            call, array, shape, lambda exact: [of_row([ball(exact[place]) for place in row]) for row in rows.tolist()]
        )

    return evaluate


def _total(row: list[ArbBall]) -> ArbBall:
    return sum(row[1:], row[0])


def _norm(row: list[ArbBall]) -> ArbBall:
    return _total([x * x for x in row]).sqrt()


def _log_sum_exp(row: list[ArbBall]) -> ArbBall:
    highest = max(row, key=lambda x: float(x.mid()))
    return highest + _total([(x - highest).exp() for x in row]).log()


reduce_l2 = reduction(_norm)
reduce_log_sum = reduction(lambda row: _total(row).log())
reduce_log_sum_exp = reduction(_log_sum_exp)


def softmax(call: Call) -> Value:
    """``exp(x) / sum exp(x)`` along an axis (before operator set 13: along all axes from it on)."""
    return _normalised(call, lambda x, total: (x - total).exp())


def log_softmax(call: Call) -> Value:
    """The logarithm of softmax."""
    return _normalised(call, lambda x, total: x - total)


def _normalised(call: Call, of_value: Callable[[ArbBall, ArbBall], ArbBall]) -> Value:
    array = call.array(0)
    axis = axis_of(call.integer("axis", 1 if call.opset < 13 else -1), array.ndim)
    axes = [axis] if call.opset >= 13 else list(range(axis, array.ndim))
    rows, _ = _groups(array, axes, keep=True)

    def compute(exact: Sequence[Fraction]) -> list[ArbBall]:
        result: list[ArbBall] = [None] * array.size
        for row in rows.tolist():
            values = [ball(exact[place]) for place in row]
            total = _log_sum_exp(values)
            for place, value in zip(row, values, strict=True):
                result[place] = of_value(value, total)
        return result

    return _rounded(call, array, array.shape, compute)
