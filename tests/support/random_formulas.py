"""Random formulas of the language over small networks: text, with every construct that is decided."""

from __future__ import annotations

import random

REGIONS = (
    "all",
    "nonneg",
    "box(0, 1)",
    "box(-1, 1)",
    "box(-2, 0)",
    "box(1, 1)",
    "ball(0, 1/2)",
    "l1ball(0, 1)",
    "box(-1, inf)",
    "box(0, 2) & where(x0 <= 1)",
    "segment({0}, {1})",
    "slice({0}, [{1}], 0, inf)",
)
NUMBERS = ("0", "1", "-1", "2", "1/2", "-1/3", "3/2", "1e-30")
SYMBOLS = ("<=", ">=", "==", "<", ">", "!=")


class Formulas:
    """Formulas about f (and g) with ``inputs`` inputs and ``outputs`` outputs each."""

    def __init__(self, rng: random.Random, inputs: int, outputs: int) -> None:
        self.rng, self.inputs, self.outputs = rng, inputs, outputs
        self.names = ["x"] if rng.random() < 0.6 else ["x", "y"]
        self.functions = ["f"] if rng.random() < 0.7 else ["f", "g"]
        self.calls = 0

    def text(self) -> str:
        """One formula. Half of the time it is a comparison that is nearly true, so that both verdicts occur."""
        body = self.near() if self.rng.random() < 0.5 else self.statement(2)
        conditions = [f"{name} in {self.region()}" for name in self.names]
        while self.rng.random() < 0.3:
            conditions.append(self.condition())
        self.rng.shuffle(conditions)
        return f"{body} for {', '.join(conditions)}"

    def near(self) -> str:
        """Comparisons of values that are often equal or ordered."""
        f, (x, y) = self.rng.choice(self.functions), (self.names[0], self.names[-1])
        n, symbol = self.rng.choice(NUMBERS), self.rng.choice(SYMBOLS)
        return self.rng.choice(
            [
                f"{f}({x} + {y}) {symbol} {f}({x}) + {f}({y})",
                f"{f}(2*{x}) {symbol} 2*{f}({x})",
                f"abs({f}({x}) - {f}({y})) {symbol} {self.rng.choice('1234')}*sum(abs({x} - {y}))",
                f"{f}({x}) == {f}({y}) => {x} == {y} or {self.comparison(1)}",
                f"{f}({x}) {symbol} {f}({x}) + max({n}, 0)",
                f"max({f}({x}), {n}) {symbol} {f}({x})",
                f"{f}(({x} + {y})/2) {symbol} ({f}({x}) + {f}({y}))/2",
                f"not ({f}({x}) > {n}) or {f}({x}) {symbol} {n}",
            ]
        )

    def condition(self) -> str:
        """Affine conditions and others, strict ones too."""
        kind = self.rng.random()
        if kind < 0.5:
            return f"{self.vector(0)} {self.rng.choice(SYMBOLS)} {self.vector(0)}"
        if kind < 0.7:
            return f"{self.vector(0)} in {self.region()}"
        return self.comparison(1)

    def region(self) -> str:
        """A region; points get as many coordinates as the network has inputs."""
        points = [self.point(), self.point()]
        while not any(any(c in p for c in "123") for p in points[1:]):
            points[1] = self.point()
        return self.rng.choice(REGIONS).format(*points)

    def point(self) -> str:
        return f"[{', '.join(self.rng.choice(('0', '1', '-1', '1/2', '2')) for _ in range(self.inputs))}]"

    def statement(self, depth: int) -> str:
        kind = self.rng.random()
        if depth == 0 or kind < 0.4:
            return self.comparison(2)
        left, right = self.statement(depth - 1), self.statement(depth - 1)
        if kind < 0.55:
            return f"({left} and {right})"
        if kind < 0.75:
            return f"({left} or {right})"
        if kind < 0.85:
            return f"not ({left})"
        if kind < 0.9:
            return f"({left} => {self.names[0]} in {self.rng.choice(REGIONS[:10])})"
        return f"({left} => {right})"

    def comparison(self, depth: int) -> str:
        if self.inputs > 1 and self.rng.random() < 0.2:
            j, k = self.rng.randrange(self.inputs), self.rng.randrange(self.outputs)
            return f"{self.names[0]}[{j}] {self.rng.choice(SYMBOLS)} {self.value(1)}[{k}]"
        return f"{self.value(depth)} {self.rng.choice(SYMBOLS)} {self.value(depth)}"

    def vector(self, depth: int) -> str:
        """A vector with as many entries as the network has inputs, without calls."""
        kind = self.rng.random()
        name = self.rng.choice(self.names)
        if kind < 0.5:
            return name
        if kind < 0.65:
            return f"({name} + {self.rng.choice(self.names)})"
        if kind < 0.8:
            return f"{self.rng.choice(NUMBERS[3:])}*{name}"
        if kind < 0.9:
            return self.point()
        return f"({name} - {self.rng.choice(NUMBERS)})"

    def value(self, depth: int) -> str:
        """A value with as many entries as the network has outputs, or a number."""
        kind = self.rng.random()
        if depth == 0 or kind < 0.45:
            self.calls += 1
            if self.calls > 3:
                return self.rng.choice(NUMBERS)
            return f"{self.rng.choice(self.functions)}({self.vector(0)})"
        if kind < 0.6:
            return self.rng.choice(NUMBERS)
        left, right = self.value(depth - 1), self.value(depth - 1)
        if kind < 0.7:
            return f"({left} + {right})"
        if kind < 0.75:
            return f"({left} - {self.rng.choice(NUMBERS[3:])}*{right})"
        if kind < 0.85:
            return f"{self.rng.choice(('min', 'max'))}({left}, {right})"
        if kind < 0.92:
            return f"max({self.vector(0)})"
        return f"abs({left})"
