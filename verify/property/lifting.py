"""A question on an L1 ball as one on a polyhedron, which needs further coordinates."""

from __future__ import annotations

import numpy as np

from verify.network import matrix as matrices
from verify.network.matrix import Matrix
from verify.property.base import Question
from verify.rational import zeros
from verify.region import Box, polyhedron
from verify.region.region import lifted


def lift(question: Question) -> Question:
    """The same question with an L1 ball written as a polyhedron in extra coordinates that the network ignores."""
    if isinstance(question.region.base, Box):
        return question
    from verify.network.combine import precomposed

    rows, extra = lifted(question.region)
    size = question.region.dimension
    projection: Matrix = matrices.selection(np.arange(size), size + extra)
    return Question(
        precomposed(question.network, projection, zeros(size)),
        polyhedron(size + extra, rows, question.region.text),
        question.criterion,
        question.origin,
        question.lemma,
        question.slope.along(projection) if question.slope is not None else None,
        question.cases,
    )
