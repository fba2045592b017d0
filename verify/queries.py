"""Deciding VNN-LIB queries: each group of cases with the same inputs is one claim that they hold nowhere.

One network: the claim is about it. Two: inputs that every case sets equal are one input, and the claim is about both
networks as functions of the inputs that are left; where these are the inputs of either, about the networks themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from fractions import Fraction

from verify.asking.deciding import formula_claim
from verify.errors import BudgetExceeded, InputError, NetworkError
from verify.formats.files import load
from verify.formats.halfspaces import Linear, ReadRow, region_of_rows
from verify.formats.queries import Atom, Query, QueryCase, read_query
from verify.kernel.check import Verdict
from verify.kernel.evidence import Falsehood, Unsafe
from verify.kernel.exact import AffineForm
from verify.network import Network
from verify.network import matrix as matrices
from verify.network.combine import precomposed
from verify.property import Claim
from verify.property.never import Inequality, UnsafeCase, never
from verify.rational import Vector, vector, zeros
from verify.region import Box, Region
from verify.report.record import Result
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.geometry.lp import nonnegative, origin_form
from verify.search.geometry.simplex import NegativeAt

ANSWERS = {Verdict.REFUTED: "sat", Verdict.PROVED: "unsat", Verdict.UNKNOWN: "unknown"}


@dataclass(frozen=True, eq=False)
class Answer:
    """``verdict`` of "no point satisfies the formula"; the claims that were decided, and a point that satisfies it.

    ``free``: unsatisfiable whatever the networks compute, so that nothing is said of them.
    """

    query: Query
    verdict: Verdict
    results: tuple[Result, ...]
    inputs: tuple[Vector, ...] = ()
    outputs: tuple[Vector, ...] = ()
    free: bool = False
    reason: str = ""

    @property
    def word(self) -> str:
        """``sat``, ``unsat`` or ``unknown``."""
        return ANSWERS[self.verdict]


def answer(
    networks: Sequence[str | Network],
    path: str,
    *,
    tensors: Sequence[str] = (),
    timeout: float | None = None,
    report: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> Answer:
    """Decide the VNN-LIB file for the networks, which are named in its order or as ``NAME=FILE``.

    ``tensors`` are what the files take as their output, in the order of ``networks``.
    """
    budget = replace(Budget(timeout) if report is None else Budget(timeout, report), executor=executor)
    query = _without_borders(_simplified(read_query(path)), budget)
    loaded = bound_networks(query, networks, tensors)
    if all(_is_free(query, case, budget) for case in query.cases):
        return Answer(query, Verdict.PROVED, (), free=True)
    joint = _Joint(query, loaded)
    results: list[Result] = []
    for claim in joint.claims(budget):
        result = _decided(claim, budget)
        results.append(result)
        if result.verdict is Verdict.REFUTED:
            evidence = result.outcome.evidence
            assert isinstance(evidence, Unsafe | Falsehood)
            point = evidence.point if isinstance(evidence, Unsafe) else evidence.assignment["x"]
            assert isinstance(point, Vector)
            inputs, outputs = joint.values(point)
            return Answer(query, Verdict.REFUTED, tuple(results), inputs, outputs)
    open_ones = [result for result in results if result.verdict is Verdict.UNKNOWN]
    if open_ones:
        return Answer(query, Verdict.UNKNOWN, tuple(results), reason=open_ones[0].outcome.reason)
    return Answer(query, Verdict.PROVED, tuple(results))


def _simplified(query: Query) -> Query:
    """The query without comparisons of numbers, and without cases in which one of those is false."""
    cases = []
    for case in query.cases:
        plain = [atom for atom in case if not atom.linear.coefficients]
        if all(atom.linear.constant < 0 or (atom.linear.constant == 0 and not atom.strict) for atom in plain):
            cases.append(tuple(atom for atom in case if atom.linear.coefficients))
    return replace(query, cases=tuple(cases))


def _decided(claim: Claim, budget: Budget) -> Result:
    """The claim decided by bounds; what they leave open (cases that touch, regions without end) as a formula."""
    result = Result(claim, decide(claim, budget), claim.network, claim.second)
    if result.verdict is not Verdict.UNKNOWN:
        return result
    names = {"y": "f(x)", "z": "g(x)", "x": "x"}
    cases: Sequence[UnsafeCase] = claim.property.parameters["cases"]
    denied = " and ".join(f"not ({_text(case, names)})" for case in cases)
    if "f(x)" not in denied:
        denied = f"f(x)[0] == f(x)[0] and {denied}"  # says that x is a vector
    try:
        asked = formula_claim(claim.network, f"{denied} for x in P", to=claim.second, let={"P": claim.region})
    except InputError:  # too many ways to fail, or networks that formulas do not know
        return result
    again = Result(asked, decide(asked, budget), claim.network, claim.second)
    return result if again.verdict is Verdict.UNKNOWN else again


def _text(case: UnsafeCase, names: Mapping[str, str]) -> str:
    """The case in the language of formulas."""
    rows = []
    for row in case:
        terms = "".join(f" + ({factor})*{names[name]}[{index}]" for (name, index), factor in row.terms)
        rows.append(f"0{terms} {'<' if row.strict else '<='} ({row.bound})")
    return " and ".join(rows)


def _without_borders(query: Query, budget: Budget) -> Query:
    """The query without cases that are strict about inputs and hold nowhere: bounds see their closures."""
    inputs = {i for start, end in query.starts() for i in range(start, end)}

    def strict(case: QueryCase) -> bool:
        return any(atom.strict and atom.linear.coefficients.keys() <= inputs for atom in case)

    kept = [case for case in query.cases if not (strict(case) and _is_free(query, case, budget))]
    return replace(query, cases=tuple(kept))


def bound_networks(query: Query, given: Sequence[str | Network], outputs: Sequence[str] = ()) -> list[Network]:
    """The network of each name: by ``NAME=FILE``, else in order; ``equal-to`` needs none."""
    named: dict[str, Network] = {}
    rest: list[str | Network] = []
    names = [network.name for network in query.networks]
    if len(outputs) > len(given):
        raise InputError(f"{len(outputs)} outputs for {len(given)} networks; expected one for each, in their order")
    for place, item in enumerate(given):
        output = outputs[place] if place < len(outputs) else None
        name, sign, file = item.partition("=") if isinstance(item, str) else ("", "", "")
        if sign and name in names:
            named[name] = load(file, output)
        else:
            rest.append(load(item, output) if output is not None and isinstance(item, str) else item)
    found: list[Network] = []
    for declared in query.networks:
        if declared.name not in named:
            if declared.same_as:
                named[declared.name] = named[declared.same_as]
            elif rest:
                item = rest.pop(0)
                named[declared.name] = item if isinstance(item, Network) else load(item)
            else:
                raise InputError(f"no file for network {declared.name!r}; the property declares {', '.join(names)}")
        network = named[declared.name]
        for what, size, tensor in (
            ("inputs", network.input_size, declared.inputs),
            ("outputs", network.output_size, declared.outputs),
        ):
            if size != tensor.size and (tensor.size or what == "inputs"):
                raise NetworkError(f"{network.name} has {size} {what}; {declared.name} is declared with {tensor.size}")
        if declared.like and not _alike(network, named[declared.like]):
            raise NetworkError(f"{declared.name} is declared isomorphic to {declared.like}; the files' layers differ")
        found.append(network)
    if rest:
        raise InputError(f"{len(given)} networks for a property that needs {len(given) - len(rest)}")
    return found


def _alike(first: Network, second: Network) -> bool:
    """Whether the activations correspond: affine layers in between may be one or several."""
    shapes = [
        [(block.size, block.kind) for block in network.blocks if block.kind != "affine"] for network in (first, second)
    ]
    return shapes[0] == shapes[1]


class _Joint:
    """The inputs that are left when those that are equal are one, and the networks as functions of them."""

    def __init__(self, query: Query, networks: Sequence[Network]) -> None:
        if len(networks) > 2:
            raise InputError(f"{query.path}: {len(networks)} networks; at most two are decided")
        self.query, self.networks = query, networks
        starts = query.starts()
        self.kinds: dict[int, tuple[int, str, int]] = {}
        for k, (network, (first, second)) in enumerate(zip(networks, starts, strict=True)):
            self.kinds |= {first + i: (k, "x", i) for i in range(network.input_size)}
            self.kinds |= {second + i: (k, "yz"[k], i) for i in range(network.output_size)}
        self.place = self._merged()
        self.size = len(set(self.place.values()))
        self.maps = [
            [self.place[first + i] for i in range(network.input_size)]
            for network, (first, _) in zip(networks, starts, strict=True)
        ]

    def _merged(self) -> dict[int, int]:
        """A number for each class of inputs that all cases set equal, in order of first appearance."""
        parent = {v: v for v, (_, kind, _) in self.kinds.items() if kind == "x"}

        def root(v: int) -> int:
            while parent[v] != v:
                v = parent[v]
            return v

        for a, b in sorted(_common_equalities(self.query.cases)):
            if a in parent and b in parent and len(self.networks) == 2:
                low, high = sorted((root(a), root(b)))
                parent[high] = low
        order: dict[int, int] = {}
        return {v: order.setdefault(root(v), len(order)) for v in parent}

    def claims(self, budget: Budget) -> list[Claim]:
        """One claim for each set of conditions on the inputs that some cases share."""
        groups: dict[frozenset[object], tuple[list[ReadRow], list[tuple[Inequality, ...]]]] = {}
        for case in self.query.cases:
            rows, rest, key = self._split(case)
            groups.setdefault(key, (rows, []))[1].append(rest)
        first, second = self._functions()
        found = []
        for rows, cases in groups.values():
            region = region_of_rows(self.size, rows, "")
            if _is_empty(region, budget):
                continue
            found.append(Claim(first, never(cases), region, second))
        return found

    def _functions(self) -> tuple[Network, Network | None]:
        plain = list(range(self.size))
        made = [
            network if places == plain else self._on_all(network, places)
            for network, places in zip(self.networks, self.maps, strict=True)
        ]
        if len(made) == 1:
            return made[0], None
        if made[0].output_size != made[1].output_size:
            raise InputError("two networks with different numbers of outputs are not decided")
        return made[0], made[1]

    def _on_all(self, network: Network, places: Sequence[int]) -> Network:
        pick = matrices.selection(list(places), self.size)
        return replace(precomposed(network, pick, zeros(network.input_size)), name=network.name)

    def _split(self, case: QueryCase) -> tuple[list[ReadRow], tuple[Inequality, ...], frozenset[object]]:
        """The closed conditions on inputs as rows, and the other comparisons."""
        rows, rest, key = [], [], set()
        for atom in case:
            terms = self._terms(atom.linear)
            if not atom.strict and all(name == "x" for name, _ in terms):
                row = ReadRow({i: value for (_, i), value in terms.items()}, -atom.linear.constant)
                rows.append(row)
                key.add((frozenset(row.coefficients.items()), row.bound))
            else:
                rest.append(Inequality(tuple(sorted(terms.items())), -atom.linear.constant, atom.strict))
        return rows, tuple(rest) or (Inequality((), Fraction(0), strict=False),), frozenset(key)

    def _terms(self, linear: Linear) -> dict[tuple[str, int], Fraction]:
        found: dict[tuple[str, int], Fraction] = {}
        for v, value in linear.coefficients.items():
            _, kind, i = self.kinds[v]
            name = (kind, self.place[v] if kind == "x" else i)
            found[name] = found.get(name, Fraction(0)) + value
        return {name: value for name, value in found.items() if value}

    def values(self, point: Vector) -> tuple[tuple[Vector, ...], tuple[Vector, ...]]:
        """Inputs and exact outputs of each network at a point of the inputs that are left."""
        from verify.kernel.exact import evaluate

        inputs = tuple(point.take(places) for places in self.maps)
        return inputs, tuple(evaluate(n, x) for n, x in zip(self.networks, inputs, strict=True))


def _common_equalities(cases: Sequence[QueryCase]) -> set[tuple[int, int]]:
    """Pairs of variables that every case sets equal."""
    common: set[tuple[int, int]] | None = None
    for case in cases:
        below = {pair for atom in case if (pair := _difference_of(atom)) is not None}
        equal = {(a, b) for a, b in below if (b, a) in below and a < b}
        common = equal if common is None else common & equal
    return common or set()


def _difference_of(atom: Atom) -> tuple[int, int] | None:
    """(a, b) for an atom a - b <= 0."""
    items = sorted(atom.linear.coefficients.items(), key=lambda item: -item[1])
    if atom.strict or atom.linear.constant or len(items) != 2 or items[0][1] != -items[1][1]:
        return None
    return items[0][0], items[1][0]


def _is_empty(region: Region, budget: Budget) -> bool:
    return _is_nonnegative(origin_form(region.dimension, -1), region, budget)


def _is_nonnegative(form: AffineForm, region: Region, budget: Budget) -> bool:
    """Whether the form is at least 0 on the region; True for a region without points, which shows in its rows."""
    base = region.base
    if not region.rows or not isinstance(base, Box):
        return False
    return not isinstance(nonnegative(form, base, region.rows, budget), NegativeAt)


def _is_free(query: Query, case: QueryCase, budget: Budget) -> bool:
    """Whether no numbers at all, as inputs and outputs of networks, satisfy the case (small ones only).

    A variable ``s <= 1`` is added to the left of each strict comparison: they can hold if and only if s > 0 can.
    """
    size = sum(network.inputs.size + network.outputs.size for network in query.networks)
    if size > 256:
        return False
    slack = {size: Fraction(1)}
    rows = [ReadRow(atom.linear.coefficients | (slack if atom.strict else {}), -atom.linear.constant) for atom in case]
    region = region_of_rows(size + 1, [*rows, ReadRow(slack, Fraction(1))], "")
    try:
        return _is_nonnegative(AffineForm(vector([*[0] * size, -1]), Fraction(0)), region, budget)
    except BudgetExceeded:
        budget.check()
        return False


__all__ = ["ANSWERS", "Answer", "answer", "bound_networks"]
