"""Literal statements about a few numbers, put to Z3: weights are variables, so one answer is about all of them.

Each function asks whether a counterexample to its docstring exists and returns the solver's name where there is none.
Nobody replays that answer: on a page it is *attested*.
"""

from __future__ import annotations

from typing import Any

import z3

MILLISECONDS = 30_000


def moved_region() -> str:
    """f = v relu(w x0 + u x1 + b) on x >= -c, for all v > 0, w, u, c >= 0 and all b: the condition decides.

    If w = u = 0 or w c0 + u c1 <= b, then f((x + y)/2) = (f(x) + f(y))/2 for all x, y in the region. Else the corner
    and its mirror image in the kink, along an axis with a positive weight, are a counterexample.
    """
    v, w, u, b, c0, c1, x0, x1, y0, y1 = z3.Reals("v w u b c0 c1 x0 x1 y0 y1")

    def unit(s: Any, t: Any) -> Any:
        return v * _relu(w * s + u * t + b)

    family = [v > 0, w >= 0, u >= 0, c0 >= 0, c1 >= 0]
    inside = [x0 >= -c0, x1 >= -c1, y0 >= -c0, y1 >= -c1]
    condition = z3.Or(z3.And(w == 0, u == 0), w * c0 + u * c1 <= b)
    bends = unit(x0, x1) + unit(y0, y1) != 2 * unit((x0 + y0) / 2, (x1 + y1) / 2)
    _refuse(*family, *inside, condition, bends)
    step = (w * c0 + u * c1 - b) / w
    straight = unit(-c0, -c1) + unit(-c0 + 2 * step, -c1) == 2 * unit(-c0 + step, -c1)
    return _refuse(*family, w > 0, z3.Not(condition), straight)


def one_unit_on_an_interval() -> str:
    """relu(w x + b) on [l, h], for all w, b, l <= h: affine if and only if w x + b does not take both signs there."""
    w, b, low, high, x, y = z3.Reals("w b l h x y")
    ends = (w * low + b, w * high + b)
    keeps = z3.Or(z3.And(ends[0] <= 0, ends[1] <= 0), z3.And(ends[0] >= 0, ends[1] >= 0))
    inside = [low <= x, x <= high, low <= y, y <= high]
    _refuse(*inside, keeps, 2 * _relu(w * (x + y) / 2 + b) != _relu(w * x + b) + _relu(w * y + b))
    kink, e = -b / w, z3.Real("e")
    around = [e > 0, low <= kink - e, kink + e <= high]
    return _refuse(
        w != 0, *around, z3.Not(keeps), 2 * _relu(0 * w) == _relu(w * (kink - e) + b) + _relu(w * (kink + e) + b)
    )


def negative_weight_on_the_half_line() -> str:
    """relu(w x + b) on x >= 0, for all w < 0: not affine for any b > 0, however large; constant for b <= 0."""
    w, b, x = z3.Reals("w b x")
    kink = -b / w
    _refuse(w < 0, b > 0, _relu(b) + _relu(w * 2 * kink + b) == 2 * _relu(w * kink + b))
    return _refuse(w < 0, b <= 0, x >= 0, _relu(w * x + b) != 0)


def linear_combination() -> str:
    """For all w, b, x, y, s, t >= 0: relu(w(sx + ty) + b) = s relu(wx + b) + t relu(wy + b) iff (s + t - 1) b = 0."""
    w, b, x, y, s, t = z3.Reals("w b x y s t")
    signs = [v >= 0 for v in (w, b, x, y, s, t)]
    same = _relu(w * (s * x + t * y) + b) == s * _relu(w * x + b) + t * _relu(w * y + b)
    return _refuse(*signs, same != ((s + t - 1) * b == 0))


def prelu_slope() -> str:
    """x for x >= 0 and s x below is additive, for all x and y, if and only if s = 1; for s != 1, 1 and -1 refute it.

    They also show that it is not odd for s != 1, and not convex for s > 1.
    """
    s, x, y = z3.Reals("s x y")

    def prelu(z: Any, slope: Any) -> Any:
        return z3.If(z >= 0, z, slope * z)

    one = z3.RealVal(1)
    _refuse(prelu(x + y, one) != prelu(x, one) + prelu(y, one))
    _refuse(s > 1, prelu(one, s) + prelu(-one, s) >= 2 * prelu(0 * one, s))
    _refuse(s != 1, prelu(-one, s) == -prelu(one, s))
    return _refuse(s != 1, prelu(one, s) + prelu(-one, s) == prelu(0 * one, s))


def _relu(z: Any) -> Any:
    return z3.If(z > 0, z, z3.RealVal(0))


def _refuse(*constraints: Any) -> str:
    """The solver's name; fails where the constraints have a solution, or the solver does not know."""
    solver = z3.Solver()
    solver.set("timeout", MILLISECONDS)
    solver.add(*constraints)
    answer = solver.check()
    assert answer == z3.unsat, f"Z3 answers {answer}"
    return f"Z3 {z3.get_version_string()}"
