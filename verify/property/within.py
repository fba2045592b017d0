"""Equivalent within e: |f(x) - g(x)| <= e on the region, for every output."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.errors import InputError, PropertyError
from verify.network import Network
from verify.network import matrix as matrices
from verify.network.combine import Copy, combination
from verify.network.matrix import Matrix
from verify.property.base import Assignment, Criterion, Property, PropertyFamily, Question, in_coordinates
from verify.property.equivalent import EQUIVALENT
from verify.rational import exact_text, parse_rational, vector, zeros
from verify.region import Region

ROUNDINGS = ", whatever the roundings of quantized values add"


def _reduction(epsilon: Fraction) -> Callable[[Network, Region, Network | None], list[Question]]:
    def reduce(network: Network, region: Region, second: Network | None) -> list[Question]:
        """One question: the outputs of ``f - g - e`` and of ``g - f - e``, together, are at most zero (lemma 5).

        Of quantized networks it is asked for all errors of their roundings, which is sufficient, not necessary.
        """
        if second is None:
            raise PropertyError("'equivalent within' compares two networks; name the second one with --to")
        rounds = network.is_quantized or second.is_quantized
        if rounds:
            from verify.property.quantized import loosened_pair

            network, region, second = loosened_pair(network, region, second)
        same, none = matrices.identity(network.input_size), zeros(network.input_size)
        copies = [Copy(Fraction(1), network, same, none, "f."), Copy(Fraction(-1), second, same, none, "g.")]
        local, domain, origin = in_coordinates(_both_sides(combination(copies, network.name), epsilon), region)
        lemma = "lemma 5: f - g - e and g - f - e are at most zero" + (ROUNDINGS if rounds else "")
        return [Question(local, domain, Criterion.NONPOSITIVE, origin, lemma)]

    return reduce


def _both_sides(difference: Network, epsilon: Fraction) -> Network:
    """``h - e`` and ``-h - e`` as one network."""
    last = difference.blocks[-1]
    size = last.size
    inputs = tuple((source, _above(matrix, matrix.scaled(Fraction(-1)))) for source, matrix in last.inputs)
    ends = [value - epsilon for value in [*last.bias.fractions(), *(-last.bias).fractions()]]
    bias = vector(ends)
    end = replace(last, shape=(2 * size,), inputs=inputs, bias=bias)
    return replace(difference, blocks=(*difference.blocks[:-1], end), output_shape=(2 * size,))


def _above(top: Matrix, bottom: Matrix) -> Matrix:
    return matrices.from_triplets(
        np.concatenate([top.row_of_entry, bottom.row_of_entry + top.shape[0]]),
        np.concatenate([top.columns, bottom.columns]),
        matrices.joined([top.entries, bottom.entries]),
        (2 * top.shape[0], top.shape[1]),
    )


def equivalent_within(text: str) -> Property:
    """``equivalent within 1/1000``."""
    try:
        epsilon = parse_rational(text)
    except InputError as error:
        raise PropertyError(f"equivalent within: {error}") from error
    if epsilon < 0:
        raise PropertyError(f"equivalent within: the distance is {text[:60]}; expected 0 or more")

    def margin(total: Fraction, _: Assignment) -> Fraction:
        return abs(total) - epsilon

    return Property(
        name=f"equivalent within {exact_text(epsilon)}",
        formula=f"|f(x) - g(x)| <= {exact_text(epsilon)}",
        variables=EQUIVALENT.variables,
        instance=EQUIVALENT.instance,
        reduce=_reduction(epsilon),
        labels=EQUIVALENT.labels,
        trivial=EQUIVALENT.trivial,
        draw=EQUIVALENT.draw,
        needs_second=True,
        relation="<= 0",
        margin=margin,
        family="equivalent within",
        parameters={"epsilon": epsilon},
        definition=f"abs(f(x) - g(x)) <= {exact_text(epsilon)} for x in P",
    )


WITHIN = PropertyFamily(
    "equivalent within",
    "equivalent within E",
    re.compile(r"equivalent within (\S+)"),
    equivalent_within,
    "|f(x) - g(x)| <= E",
)

PROPERTIES = (WITHIN,)
