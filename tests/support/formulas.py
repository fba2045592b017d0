"""Formulas with known verdicts: one table for the tests of Python, the command line and the shell.

``p`` is proved, ``r`` refuted, ``v`` proved and about nothing. A last word binds g.
"""

from __future__ import annotations

from dataclasses import dataclass

TABLE = """
relu  | r | f(x + y) == f(x) + f(y) for x, y in all
relu  | p | f(x + y) == f(x) + f(y) for x, y in box(0, 1)
relu  | p | f(x + y) == f(x) + f(y) for x, y in nonneg
relu  | r | f(x + y) == f(x) + f(y) for x in box(0, 1), y in box(-1, 1)
relu  | p | f(x + y) <= f(x) + f(y) for x, y in all
relu  | r | f(x + y) < f(x) + f(y) for x, y in all
relu  | p | f(x + y) < f(x) + f(y) for x > 0, y < 0
relu  | r | f(x + y) < f(x) + f(y) for x >= 0, y < 0
relu  | p | f(2*x) == 2*f(x) for x >= 0
relu  | p | f(2*x) == 2*f(x) for x in all
relu  | r | f(-2*x) == -2*f(x) for x in all
relu  | p | f(t*x) == t*f(x) for x in all, t >= 0
relu  | r | f(t*x) == t*f(x) for x in all, t in all
relu  | p | f(t*x) == t*f(x) for x in nonneg, t*x in nonneg
relu  | r | f(a*x + b*y) == a*f(x) + b*f(y) for x, y in all, a in all, b in all
relu  | p | f((1 - e)*x + e*y) <= (1 - e)*f(x) + e*f(y) for x, y in all, 0 <= e <= 1
relu  | r | f((1 - e)*x + e*y) == (1 - e)*f(x) + e*f(y) for x, y in all, 0 <= e <= 1
relu  | p | (1 - s)*f(a) + s*f(b) == f((1 - s)*a + s*b) for a, b in box(1, 2), 0 <= s <= 1
relu  | p | f(x) - f(-x) == x for x in all
relu  | p | f(x) + f(-x) == abs(x) for x in all
relu  | p | f(x) == max(x, 0) for x in all
relu  | p | f(x) >= 0 for x in all
relu  | r | f(x) > 0 for x in nonneg
relu  | p | f(x) > 0 for x > 0
relu  | p | f(x) != 0 for x > 0
relu  | p | not (f(x) == 0) for x in box(1, 2)
relu  | r | f(x) != 0 for x in box(0, 1)
relu  | p | f(x) <= f(x + d) for x in all, d >= 0
relu  | r | f(x) < f(x + d) for x in all, d > 0
relu  | p | f(x) < f(x + d) for x >= 0, d > 0
relu  | p | f(x) <= f(y) for x <= y
relu  | p | x <= y => f(x) <= f(y) for x, y in all
relu  | r | f(x) <= f(y) => x <= y for x, y in all
relu  | p | f(x) < f(y) => x < y for x, y in all
relu  | p | f(x) == f(y) => x == y or max(x, y) <= 0 for x, y in all
relu  | r | f(x) == f(y) => x == y for x, y in all
relu  | p | abs(f(x) - f(y)) <= abs(x - y) for x, y in all
relu  | r | abs(f(x) - f(y)) < abs(x - y) for x, y in all
relu  | p | abs(f(x) - f(y)) < abs(x - y) for x >= 0, y < 0
relu  | p | f(x) > 0 or x <= 0 for x in all
relu  | p | 2*f([1/2]) == 1
relu  | r | 1e-30*abs(f([1/2])) > 1/2
relu  | p | f(x) > 0 => f(-x) == 0 for x in all
relu  | p | min(f(x), f(-x)) == 0 for x in all
relu  | p | f(f(x)) == f(x) for x in all
relu  | p | f([3]) == 3 and f(-2) == 0
relu  | r | f(1/3) == 0.333
relu  | v | f(x) > 5 for x > 0, x < 0
relu  | v | f(x) > 5 for x in box(0, 1), x in box(2, 3)
relu  | v | f(x) == 7 for x in all, f(x) < 0
relu  | r | f(x + t) == f(x) + t for x in all, t in all
relu  | p | f(x + t) == f(x) + t for x, t in nonneg
relu  | p | 0 <= f(x) <= 1 for x in box(-1, 1)
relu  | r | 0 < f(x) < 1 for x in box(-1, 1)
relu  | p | f(x) in box(0, 1) for x in box(-5, 1)
relu  | r | f(x) in box(0, 1) for x in box(-5, 2)
relu  | p | f(x) == 0 or f(x) in box(1, 2) for x in box(1, 2)
relu  | p | f(x) == x for x in segment(0, 3)
relu  | p | f(x) <= 1e-30 for x in ball(0, 1e-30)
relu  | r | f(x) < 1e-30 for x in ball(0, 1e-30)
abs   | p | f(-x) == f(x) for x in all
abs   | r | f(-x) == -f(x) for x in all
abs   | p | f(x) == g(x) + g(-x) for x in all | relu
abs   | p | f(x) >= g(x) for x in all | relu
abs   | r | f(x) == g(x) for x in all | relu
abs   | p | abs(f(x) - g(x)) <= 1 for x in box(-1, 1) | relu
abs   | r | abs(f(x) - g(x)) <= 1/2 for x in box(-1, 1) | relu
abs   | p | g(f(x)) == f(x) for x in all | relu
max   | p | f(x) == max(x) for x in all
max   | p | x[0] >= x[1] => f(x) == x[0] for x in all
max   | r | f(x) == x[0] for x in box(0, 1)
max   | p | f(x + [1, 1]) == f(x) + 1 for x in all
max   | p | f(x + t*[1, 1]) == f(x) + t for x in all, t in all
max   | p | f(x + t*[1, 0]) >= f(x) for x in all, t >= 0
max   | r | f(x + t*[1, 0]) > f(x) for x in all, t > 0
max   | p | abs(f(x) - f(y)) <= max(abs(x - y)) for x, y in all
max   | r | abs(f(x) - f(y)) <= max(abs(x - y))/2 for x, y in all
max   | p | f(x) <= 1 for x in l1ball(0, 1)
max   | r | f(x) < 1 for x in l1ball(0, 1)
max   | p | f(x) == 2*x[0] for x in slice([0, 0], [[1, 2]], -inf, 0) & where(x0 <= 0), x[0] == x[1] or f(x) == 2*x[0]
max   | p | f(x) == x[1] for x in slice([0, 0], [[1, 2]], 0, inf)
max   | p | f(x) == x[0] for x in segment([0, 0], [-1, -2])
max   | r | f(x) + f(y) < 2 for x, y in box(0, 1), x + y in box([1, 1], [2, 3]) and x == [1, 1] or y == x
clip  | p | f(x) <= 6 and f(x) >= 0 for x in all
clip  | p | f(x) == min(max(x, 0), 6) for x in all
clip  | r | f(2*x) == 2*f(x) for x >= 0
dead  | p | f(x) == 5 - x for x in box(0, 1)
dead  | p | f(x) > 3.99 for x in box(0, 1)
leaky | p | f(x) == x/10 for x < 0
identity_pair | p | f(x) == x[0] - 2*x[1] for x in all
identity_pair | p | f(x + y) == f(x) + f(y) for x, y in all
"""


@dataclass(frozen=True)
class Row:
    """One formula, where f is ``network`` and g is ``second``."""

    network: str
    verdict: str
    text: str
    second: str | None = None

    @property
    def is_vacuous(self) -> bool:
        return self.verdict == "v"

    @property
    def word(self) -> str:
        return {"p": "proved", "v": "proved", "r": "refuted"}[self.verdict]


def rows() -> list[Row]:
    found = []
    for line in TABLE.strip().splitlines():
        network, verdict, text, *second = (part.strip() for part in line.split(" | "))
        found.append(Row(network, verdict, text, second[0] if second else None))
    return found


ROWS = rows()
