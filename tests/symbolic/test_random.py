"""Random small networks on random regions, many of them degenerate: all forms agree exactly with exact evaluation."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
import sympy
import z3

from tests.support.random_claims import network, region
from tests.support.seeds import chunks
from verify.search.budget import Budget
from verify.symbolic import SymbolicForm, agrees, symbolic_form
from verify.symbolic.agree import chosen_points, with_named
from verify.symbolic.exact import holds, to_z3, value_of


def random_form(seed: int) -> SymbolicForm:
    rng = random.Random(seed)
    size = rng.choice([1, 1, 2, 2, 3])
    net = network(rng, size, rng.choice([1, 1, 2]))
    where = region(rng, size)
    found = symbolic_form(net, where, Budget(None), max_pieces=1000)
    assert found.piecewise is not None, found.reason
    return found


@pytest.mark.parametrize("seeds", chunks(0, 12, 1, campaign=48))
def test_all_forms_agree(seeds: range) -> None:
    for seed in seeds:
        found = random_form(seed)
        agreement = agrees(found, found.network, found.region, Budget(60))
        assert agreement.is_proved, (seed, agreement)
        for x in list(chosen_points(found, seed))[:60]:
            values = dict(zip(found.symbols, x.fractions(), strict=True))
            check_branches(found, values, seed)
            check_steps(found, values, seed)
        check_no_condition_is_redundant(found, seed)


def check_branches(found: SymbolicForm, values: dict[object, Fraction], seed: int) -> None:
    """Exactly one branch holds, the last one's condition included, and no two branches have the same map."""
    for output in found.pieces:
        assert sum(holds(piece.condition, values) for piece in output) == 1, (seed, values, output)
        assert len({piece.value for piece in output}) == len(output)


def check_steps(found: SymbolicForm, values: dict[object, Fraction], seed: int) -> None:
    """Both sides of every step of the derivation have the same value."""
    known = with_named(found.named, with_named(list(found.definitions.items()), values))
    for step in found.steps:
        assert value_of(step.before, known) == value_of(step.after, known), (seed, step)


def check_no_condition_is_redundant(found: SymbolicForm, seed: int) -> None:
    """Without any one of its inequalities a term meets another branch."""
    from verify.search.solver.encoding import inside

    variables = [z3.Real(symbol.name) for symbol in found.symbols]
    known = dict(zip(found.symbols, variables, strict=True))
    solver = z3.Solver()
    solver.add(*inside(found.region, variables, "r"))
    for output in found.pieces:
        for piece in output:
            for term in sympy.Or.make_args(piece.condition):
                for atom in sympy.And.make_args(term):
                    if len(output) == 1:
                        assert atom == sympy.true
                        continue
                    rest = [to_z3(a, known) for a in sympy.And.make_args(term) if a != atom]
                    solver.push()
                    solver.add(*rest, z3.Not(to_z3(piece.condition, known)))
                    assert solver.check() == z3.sat, (seed, piece, atom)
                    solver.pop()
