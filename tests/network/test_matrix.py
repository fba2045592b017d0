"""Sparse exact matrices against dense arrays of fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.network.reference import Array, exact
from verify.errors import InputError, NetworkError
from verify.network import matrix as matrices
from verify.network.matrix import Matrix
from verify.rational import integer_array, vector

# Zeros often; floats with short and long significands; numbers that no float is.
ENTRIES = st.one_of(
    st.just(Fraction(0)),
    st.integers(-9, 9).map(Fraction),
    st.sampled_from([0.1, -0.75, 1e300, 2.0**-1074, -(2.0**60)]).map(Fraction),
    st.fractions(-3, 3, max_denominator=7),
)


@st.composite
def dense_arrays(draw: st.DrawFn, rows: int | None = None, columns: int | None = None) -> Array:
    shape = (draw(st.integers(0, 4)) if rows is None else rows, draw(st.integers(0, 4)) if columns is None else columns)
    flat = draw(st.lists(ENTRIES, min_size=math.prod(shape), max_size=math.prod(shape)))
    return exact(flat).reshape(shape)


def to_dense(matrix: Matrix) -> Array:
    result = exact(np.zeros(matrix.shape, dtype=int))
    places = zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True)
    for row, column, entry in places:
        assert result[row, column] == 0, "a position is stored twice"
        assert entry != 0, "a zero is stored"
        result[row, column] = entry
    return result


def check(matrix: Matrix, expected: Array) -> None:
    """The values, and what the class promises about how they are stored."""
    assert matrix.shape == expected.shape
    assert np.array_equal(to_dense(matrix), expected)
    assert matrix.row_starts.tolist() == [0, *np.cumsum((expected != 0).sum(axis=1))]
    for start, stop in zip(matrix.row_starts, matrix.row_starts[1:], strict=False):
        assert np.all(np.diff(matrix.columns[start:stop]) > 0)
    if not matrix.is_binary64:
        assert all(type(entry) is Fraction for entry in matrix.entries.tolist())


@given(dense_arrays())
def test_from_dense_and_views(array: Array) -> None:
    matrix = matrices.from_dense(array)
    check(matrix, array)
    assert matrix.is_binary64 == all(Fraction(float(v)) == v for v in array.ravel().tolist())
    assert np.array_equal(matrix.floats.toarray(), array.astype(float))
    assert np.array_equal(matrix.absolute_floats.toarray(), abs(array.astype(float)))
    numerators, denominator = matrix.integers
    assert [Fraction(n, denominator) for n in numerators.tolist()] == matrix.fractions()
    check(matrix.transposed, array.T)
    assert matrix.is_monomial() == bool(np.all((array != 0).sum(axis=1) <= 1))
    assert matrix.entry_count == int((array != 0).sum())


@given(st.data(), dense_arrays())
def test_products_with_vectors(data: st.DataObject, array: Array) -> None:
    matrix = matrices.from_dense(array)
    x = data.draw(st.lists(ENTRIES, min_size=array.shape[1], max_size=array.shape[1]))
    expected = [sum((a * b for a, b in zip(row, x, strict=True)), Fraction(0)) for row in array.tolist()]
    assert matrix.product(vector(x)).fractions() == expected


@given(st.data(), dense_arrays(), st.integers(1, 3))
def test_integer_products_with_several_vectors(data: st.DataObject, array: Array, count: int) -> None:
    matrix = matrices.from_dense(array)
    size = array.shape[1] * count
    flat = data.draw(st.lists(st.integers(-(10**20), 10**20), min_size=size, max_size=size))
    values = integer_array(flat).reshape(array.shape[1], count)
    numerators, denominator = matrix.integers
    together = matrix.integer_product(numerators, values)
    assert together.shape == (array.shape[0], count)
    for k in range(count):
        single = matrix.product(vector(values[:, k].tolist()))
        assert [Fraction(n, denominator) for n in together[:, k].tolist()] == single.fractions()


@given(st.data(), dense_arrays())
def test_compose(data: st.DataObject, left: Array) -> None:
    right = data.draw(dense_arrays(rows=left.shape[1]))
    composed = matrices.from_dense(left).compose(matrices.from_dense(right))
    expected = exact(np.zeros((left.shape[0], right.shape[1]), dtype=int))
    for i, j in np.ndindex(expected.shape):
        expected[i, j] = sum((left[i, k] * right[k, j] for k in range(left.shape[1])), Fraction(0))
    check(composed, expected)


@given(st.data(), dense_arrays())
def test_add(data: st.DataObject, left: Array) -> None:
    right = data.draw(dense_arrays(*left.shape))
    check(matrices.add(matrices.from_dense(left), matrices.from_dense(right)), left + right)


@given(dense_arrays(), ENTRIES)
def test_scaled(array: Array, factor: Fraction) -> None:
    check(matrices.from_dense(array).scaled(factor), array * factor)


@given(st.data(), dense_arrays(), st.sampled_from([(), (1,), (3,)]))
def test_integer_products_leave_out_zeros(data: st.DataObject, array: Array, columns: tuple[int, ...]) -> None:
    """Numerators in either form, values of one or several columns, many of them zero."""
    matrix = matrices.from_dense(array)
    count = array.shape[1] * math.prod(columns)
    numbers = st.sampled_from([0, 0, 0, 1, -3, 2**70]) | st.integers(-(2**64), 2**64)
    values = integer_array(data.draw(st.lists(numbers, min_size=count, max_size=count))).reshape(-1, *columns)
    expected = array @ values if array.size else np.zeros((array.shape[0], *columns), dtype=object)
    for numerators, denominator in (matrix.integers, matrix.short_integers):
        found = matrix.integer_product(numerators, values.reshape(array.shape[1], *columns))
        assert found.dtype == object
        assert np.all(found == expected * denominator)


@given(st.data(), dense_arrays())
def test_select_rows(data: st.DataObject, array: Array) -> None:
    rows = data.draw(st.lists(st.integers(-1, array.shape[0] - 1), max_size=6))
    padded = np.concatenate([array, exact(np.zeros((1, array.shape[1]), dtype=int))])
    picked = matrices.from_dense(array).select_rows(np.array(rows, dtype=np.int64))
    check(picked, padded[np.array(rows, dtype=int)])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), ENTRIES), max_size=12))
def test_repeated_triplets_are_added_exactly(triplets: list[tuple[int, int, Fraction]]) -> None:
    expected = exact(np.zeros((3, 3), dtype=int))
    for row, column, entry in triplets:
        expected[row, column] += entry
    rows, columns = (np.array([t[k] for t in triplets], dtype=np.int64) for k in (0, 1))
    check(matrices.from_triplets(rows, columns, matrices.compact([t[2] for t in triplets]), (3, 3)), expected)


def test_repeated_floats_are_not_rounded() -> None:
    zero = np.zeros(3, dtype=np.int64)
    matrix = matrices.from_triplets(zero, zero, np.array([1.0, 2.0**-60, -1.0]), (1, 1))
    assert matrix.fractions() == [Fraction(1, 2**60)]
    assert matrix.is_binary64


@given(st.lists(st.integers(-1, 3), max_size=6))
def test_selection(columns: list[int]) -> None:
    expected = exact([[int(j == c) for j in range(4)] for c in columns]).reshape(len(columns), 4)
    check(matrices.selection(columns, 4), expected)


def test_identity() -> None:
    check(matrices.identity(3), exact(np.eye(3, dtype=int)))


# Entrywise products: float64 exactly where that is possible.

FLOATS = st.floats(allow_nan=False, allow_infinity=False).filter(bool)


@given(st.lists(st.tuples(FLOATS, FLOATS), max_size=6))
def test_exact_products_of_floats(factors: list[tuple[float, float]]) -> None:
    left, right = (np.array([f[k] for f in factors], dtype=np.float64) for k in (0, 1))
    products = matrices.exact_products(left, right)
    expected = [Fraction(a) * Fraction(b) for a, b in factors]
    assert [Fraction(p) for p in products.tolist()] == expected
    if matrices.has_long_products(left, right):
        assert products.dtype != np.float64
    if products.dtype != np.float64:
        assert all(type(p) is Fraction for p in products.tolist())


@pytest.mark.parametrize(
    ("left", "right", "is_float"),
    [
        (3.0, 0.5, True),
        (0.1, -2.0, True),  # a power of two keeps a full significand
        (0.1, 0.1, False),
        (2.0**27 + 1, 2.0**26 - 1, True),
        (2.0**27 + 1, 2.0**27 + 1, False),
        (1e300, 1e300, False),
        (2.0**-1074, 0.5, False),
        (2.0**-1000, 2.0**-60, True),
    ],
)
def test_when_products_stay_floats(left: float, right: float, is_float: bool) -> None:
    products = matrices.exact_products(np.array([left]), np.array([right]))
    assert Fraction(products[0]) == Fraction(left) * Fraction(right)
    assert (products.dtype == np.float64) == is_float


def test_long_products_are_seen_without_computing_them() -> None:
    long, short, power = 0.1, 2.0**26 + 1, 2.0**-30
    pairs = [(long, 7.0, True), (short, short, False), (long, power, False), (0.0, long, False), (short, long, True)]
    for left, right, expected in pairs:
        assert matrices.has_long_products(np.array([1.0, left]), np.array([1.0, right])) is expected, (left, right)


def test_products_of_fractions_that_are_floats_again() -> None:
    thirds = matrices.as_entries(["1/3", "2/3"])
    assert matrices.exact_products(thirds, np.array([3.0, 1.5])).dtype == np.float64


# Reading entries.


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], [1, 2]),
        ([2**53 + 1, 0.5], [2**53 + 1, Fraction(1, 2)]),
        ([-1, 2**63], [-1, 2**63]),
        ([0.1, "1/3", "0.1"], [Fraction(0.1), Fraction(1, 3), Fraction(1, 10)]),
        (np.array([0.1], dtype=np.float32), [Fraction(float(np.float32(0.1)))]),
        (np.array([[1, 2], [3, 4]], dtype=np.uint8), [1, 2, 3, 4]),
        (np.array([1], dtype=np.longdouble) / 3, [Fraction(*(np.longdouble(1) / 3).as_integer_ratio())]),
        ([True, False], [1, 0]),
        ([], []),
    ],
)
def test_as_entries_never_rounds(values: object, expected: list[Fraction]) -> None:
    assert [Fraction(v) for v in matrices.as_entries(values).tolist()] == expected


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_weights_are_finite(bad: float) -> None:
    with pytest.raises(NetworkError, match="NaN or infinite"):
        matrices.from_dense(np.array([[1.0, bad]]))
    with pytest.raises(InputError, match="finite"):
        matrices.from_dense([[1.0, bad]])


@pytest.mark.parametrize(("values", "dimensions"), [([1, 2], 1), (3, 0), ([[[1]]], 3), ([[1, 2], [3]], 1)])
def test_a_weight_matrix_has_two_dimensions(values: object, dimensions: int) -> None:
    with pytest.raises(NetworkError, match=f"has {dimensions} dimensions"):
        matrices.from_dense(values)


def test_too_many_entries_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrices, "MAX_ENTRIES", 8)
    with pytest.raises(NetworkError, match="unrolls to 9 weights; at most 8"):
        matrices.from_dense(np.ones((3, 3)))
