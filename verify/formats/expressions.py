"""Region expressions: ``box(-1, 1)``, ``ball(x.npy, 1/1000) & where(x0 <= x1)``, ``prop.vnnlib``.

Numbers are read exactly and nothing is evaluated as code. ``docs/formats.md`` is the reference.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from verify.errors import InputError
from verify.formats.arithmetic import Names, rows_of
from verify.formats.halfspaces import bounded, check_common_denominator, embedded, exact, meet, region_of_rows
from verify.formats.points import load_point
from verify.formats.reading import absent, is_file, is_folder, shown
from verify.formats.syntax import Mistake, as_token, as_tree, as_typed, at, fail, is_token, located, one_line, parse
from verify.network import InputPart
from verify.rational import Vector, counted, vector
from verify.region import Region, ball, box, everything, l1_ball, nonnegative, segment, window

if TYPE_CHECKING:
    from lark import Token, Tree

    from verify.formats.syntax import Node

MAX_PARTS = 1000
POINT_KINDS = ("FILE", "STRING")
NUMBER_KINDS = ("RATIONAL", "INFINITY")


def parse_region(
    text: str,
    dimension: int,
    base_dir: Path | None = None,
    locate: Callable[[str], Path] | None = None,
    inputs: Sequence[InputPart] = (),
) -> Region:
    """The region that an expression describes, for a network with ``dimension`` inputs.

    File names are relative to ``base_dir`` (the current folder by default), or ``locate`` says where they are;
    ``inputs`` are those that ``x[name]`` can name. Raises ``RegionError``, one line with the column of the mistake.
    """
    plain = _named(text, dimension)
    if plain is not None:
        return plain
    typed = as_typed(text)
    with located(typed):
        reader = _Reader(dimension, locate or (base_dir or Path()).joinpath, inputs)
        tree = reader.parsed(typed, "region")
        region = reader.region(tree)
    return reader.finished(region, typed.strip())


def _named(text: str, dimension: int) -> Region | None:
    """The region that a name alone stands for: it needs no grammar, which takes a while to load."""
    build, count, _ = _CONSTRUCTORS.get(text.strip(), (None, 0, ""))
    if build is None or count:
        return None
    return replace(build(_Reader(dimension, Path)), text=text.strip())


def parse_regions(
    text: str, dimension: int, base_dir: Path | None = None, inputs: Sequence[InputPart] = ()
) -> list[Region]:
    """As ``parse_region``; a VNN-LIB file whose inputs are a disjunction gives one region for each branch.

    The text of each is an expression of its own, ``prop.vnnlib[2]``.
    """
    plain = _named(text, dimension)
    if plain is not None:
        return [plain]
    typed = as_typed(text)
    with located(typed):
        reader = _Reader(dimension, (base_dir or Path()).joinpath, inputs)
        tree = reader.parsed(typed, "region")
        part = as_tree(tree.children[0])
        if len(tree.children) == 1 and part.data == "file" and part.children[1] is None:
            regions = reader.branches(as_token(part.children[0]))
            if len(regions) > 1:
                return [reader.finished(r, f"{typed.strip()}[{k}]") for k, r in enumerate(regions, start=1)]
        region = reader.region(tree)
    return [reader.finished(region, typed.strip())]


def parse_point(text: str, dimension: int, base_dir: Path | None = None) -> Vector:
    """The point that ``[1, 1/2]``, ``0`` (every coordinate) or the name of an ``.npy`` file describes.

    Raises ``RegionError`` as ``parse_region`` does.
    """
    typed = as_typed(text)
    with located(typed, "point"):
        reader = _Reader(dimension, (base_dir or Path()).joinpath)
        return reader.point(reader.parsed(typed, "point").children[0])


@dataclass(frozen=True)
class _Reader:
    """Turns syntax trees into regions and points of ``dimension`` coordinates."""

    dimension: int
    locate: Callable[[str], Path]
    inputs: Sequence[InputPart] = ()
    files: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> Names:
        return Names(self.dimension, self.inputs)

    def parsed(self, text: str, start: str) -> Tree[Token]:
        """The syntax tree; where it stops at what is written like a path, the mistake says what is there."""
        try:
            return parse(text, start)
        except Mistake as mistake:
            name = self.path_at(text, mistake.position)
            what = self.unsuited(name) if name else None
            if what is None:
                raise
            raise Mistake(text.index(name), what) from mistake

    def path_at(self, text: str, position: int) -> str:
        """The name of a file or folder around a position, or what can only be meant as one; else nothing."""
        whole = text.strip()
        around = next((m.group() for m in _WORD.finditer(text) if m.start() <= position < m.end()), "")
        there = [name for name in (whole, around) if name and _exists(self.locate(name))]
        if there or "where" in text[:position]:
            return next(iter(there), "")
        return around if _WRITTEN_AS_PATH.match(around) else ""

    def unsuited(self, name: str) -> str | None:
        """Why a name is neither a region nor a point; None where it may be one."""
        path, advice = self.locate(name), "a region is a .vnnlib file, a point an .npy file"
        if is_folder(path):
            return f"{shown(name)} is a folder; name a file in it: {advice}"
        if not is_file(path):
            return f"{shown(name)}: {absent(path)}; {advice}" if _WRITTEN_AS_PATH.match(name) else None
        if not name.lower().endswith((".npy", *_REGION_FILES)):
            return f"{shown(name)} is a file of another kind; {advice}"
        return f"put the name {shown(name)} in quotes"

    def finished(self, region: Region, text: str) -> Region:
        """The region with its text and the digests of the files that it was read from."""
        return replace(region, text=one_line(text), files=tuple(sorted(self.files.items())))

    def found(self, name: str) -> Path:
        """Where the file is; its digest is kept."""
        path = self.locate(name)
        if is_file(path):
            with path.open("rb") as stream:
                self.files[name] = hashlib.file_digest(stream, "sha256").hexdigest()
        return path

    def region(self, tree: Tree[Token]) -> Region:
        if len(tree.children) > MAX_PARTS:
            fail(tree, f"{len(tree.children)} parts joined by '&'; at most {MAX_PARTS} are read")
        parts = [self.part(as_tree(child)) for child in tree.children]
        with at(tree):
            return reduce(meet, parts)

    def part(self, tree: Tree[Token]) -> Region:
        if tree.data == "region":
            return self.region(tree)
        if tree.data == "where":
            rows = [row for child in tree.children[1:] for row in rows_of(as_tree(child), self.names)]
            with at(tree):
                return region_of_rows(self.dimension, rows, "")
        if tree.data == "inside":
            return self.inside(as_token(tree.children[0]), as_tree(tree.children[1]))
        if tree.data == "file":
            return self.file(as_token(tree.children[0]), tree.children[1])
        name, *arguments = [child for child in tree.children if child is not None]
        return self.call(as_token(name), arguments)

    def call(self, name: Token, arguments: list[Node]) -> Region:
        if name not in _CONSTRUCTORS:
            folder = self.unsuited(str(name)) if is_folder(self.locate(str(name))) else None
            fail(name, folder or f"unknown region {str(name)[:40]!r}; {_suggestion(name)}")
        build, count, usage = _CONSTRUCTORS[name]
        if len(arguments) != count:
            fail(name, f"'{name}' takes {count} arguments, {len(arguments)} are given; write {usage}")
        with at(name):
            return build(self, *arguments)

    def inside(self, token: Token, tree: Tree[Token]) -> Region:
        """The region of one of the inputs, the others free."""
        found = self.names.coordinates(token)
        inner = _Reader(len(found), self.locate, files=self.files).part(tree)
        with at(token):
            return embedded(inner, found.start, self.dimension)

    def file(self, token: Token, branch: Node | None) -> Region:
        """The region of a VNN-LIB file, or of the branch of that number of its disjunction."""
        regions = self.branches(token)
        if branch is None:
            if len(regions) > 1:
                name = _file_name(token)[:80]
                fail(token, f"{name!r} describes {len(regions)} regions, and one is needed here: write {name}[1] to "
                            f"{name}[{len(regions)}]")  # fmt: skip
            return regions[0]
        number = int(as_token(branch)[1:-1].strip()[:9])
        if not 1 <= number <= len(regions):
            fail(branch, f"there is no branch {number}; the file describes {len(regions)}, counted from 1")
        return regions[number - 1]

    def branches(self, token: Token) -> tuple[Region, ...]:
        """The regions that a VNN-LIB file describes."""
        name = _file_name(token)
        own = name.lower().endswith(_REGION_FILES)  # what is wrong with such a file its reader says
        if not own and not is_file(self.locate(name)) and (what := self.unsuited(name)):
            fail(token, what)
        if name.lower().endswith(".npy"):
            fail(token, f"{name[:80]!r} is a point, not a region; write ball({name[:80]}, radius)")
        if not own:
            fail(token, f"{name[:80]!r} is not a region; expected a .vnnlib file")
        from verify.formats.vnnlib import read_vnnlib

        return read_vnnlib(self.found(name)).regions(self.dimension)

    def point(self, node: Node) -> Vector:
        if is_token(node, *POINT_KINDS):
            return self.point_file(as_token(node))
        if is_token(node):
            return vector([self.number(node, "a coordinate")] * self.dimension)
        entries = self.entries(node, self.dimension, f"the network has {counted(self.dimension, 'input')}")
        values = [self.number(entry, "a coordinate") for entry in entries]
        with at(node):
            check_common_denominator(values)
        return vector(values)

    def point_file(self, token: Token) -> Vector:
        name = _file_name(token)
        own = name.lower().endswith(".npy")  # what is wrong with such a file its reader says
        if not own and not is_file(self.locate(name)) and (what := self.unsuited(name)):
            fail(token, what)
        if not own:
            fail(token, f"{name[:80]!r} is not a point; expected a list such as [1, 1/2], or an .npy file")
        with at(token):
            return load_point(self.found(name), self.dimension)

    def sides(self, node: Node, infinity: str) -> list[Fraction | None]:
        """One side of a box of points; ``infinity`` is the infinity that it may be."""
        if is_token(node, *POINT_KINDS):
            return [*self.point_file(as_token(node)).fractions()]
        return self.listed_sides(node, infinity, self.dimension, f"the network has {counted(self.dimension, 'input')}")

    def listed_sides(self, node: Node, infinity: str, count: int, owner: str) -> list[Fraction | None]:
        """``count`` sides, from a list or from one number for all."""
        if is_token(node, *NUMBER_KINDS):
            return [self.side(node, infinity)] * count
        values = [self.side(entry, infinity) for entry in self.entries(node, count, owner)]
        with at(node):
            check_common_denominator(value for value in values if value is not None)
        return values

    def side(self, node: Node, infinity: str) -> Fraction | None:
        if not is_token(node, "INFINITY"):
            return self.number(node, "a side")
        if as_token(node).startswith("-") != infinity.startswith("-"):
            fail(node, f"the region is empty; an infinite side here is {infinity}")
        return None

    def number(self, node: Node, what: str) -> Fraction:
        if not is_token(node, "RATIONAL"):
            got = "a list" if not is_token(node) else repr(str(node)[:40])
            fail(node, f"{what} must be a finite number, got {got}")
        numerator, _, denominator = re.sub(r"\s", "", as_token(node)).partition("/")
        with at(node):
            return _quotient(exact(numerator), exact(denominator or "1"))

    def entries(self, node: Node, count: int, owner: str) -> list[Node]:
        """The ``count`` entries of a list, nested lists in row-major order."""
        found = list(_flattened(node))
        if len(found) != count:
            fail(node, f"{owner}, the list has {counted(len(found), 'number')}")
        return found

    # The constructors, in the order of the table below.

    def everything(self) -> Region:
        return everything(self.dimension)

    def nonnegative(self) -> Region:
        return nonnegative(self.dimension)

    def nonpositive(self) -> Region:
        return box([None] * self.dimension, [0] * self.dimension)

    def box(self, low: Node, high: Node) -> Region:
        return box(self.sides(low, "-inf"), self.sides(high, "inf"))

    def ball(self, centre: Node, radius: Node) -> Region:
        return ball(self.point(centre), self.number(radius, "the radius"))

    def l1_ball(self, centre: Node, radius: Node) -> Region:
        return l1_ball(self.point(centre), self.number(radius, "the radius"))

    def segment(self, start: Node, end: Node) -> Region:
        return segment(self.point(start), self.point(end))

    def window(self, origin: Node, directions: Node, low: Node, high: Node) -> Region:
        listed = [] if is_token(directions) else _items(directions)
        if not listed or any(is_token(item, *NUMBER_KINDS) for item in listed):
            fail(directions, "expected a list of directions, such as [[1, 0], [0, 1]]")
        if len(listed) > self.dimension:
            fail(
                directions,
                f"the network has {counted(self.dimension, 'input')}, the list has {counted(len(listed), 'direction')}",
            )
        columns = [self.point(item) for item in listed]
        owner = f"the slice has {counted(len(columns), 'direction')}"
        lows = self.listed_sides(low, "-inf", len(columns), owner)
        return window(self.point(origin), columns, lows, self.listed_sides(high, "inf", len(columns), owner))


_Constructor: TypeAlias = Callable[..., Region]
# Name: what builds it, the number of its arguments, and how it is written.
_CONSTRUCTORS: dict[str, tuple[_Constructor, int, str]] = {
    "all": (_Reader.everything, 0, "all"),
    "nonneg": (_Reader.nonnegative, 0, "nonneg"),
    "nonpos": (_Reader.nonpositive, 0, "nonpos"),
    "box": (_Reader.box, 2, "box(low, high)"),
    "ball": (_Reader.ball, 2, "ball(point, radius)"),
    "l1ball": (_Reader.l1_ball, 2, "l1ball(point, radius)"),
    "segment": (_Reader.segment, 2, "segment(point, point)"),
    "slice": (_Reader.window, 4, "slice(point, [direction, ...], low, high)"),
}


# Names of files as expressions delimit them, and what can be nothing but one: an absolute path, or one with an ending.
_WORD = re.compile(r"""[^\s()\[\],&'"<>=]+""")
_WRITTEN_AS_PATH = re.compile(r"(?![\d/]+$)(\.{0,2}[/\\]|~|[A-Za-z]:[/\\]|[\w.-]+[/\\]|.*\.[A-Za-z]\w*$)")
_REGION_FILES = (".vnnlib", ".vnnlib.gz")


def _exists(path: Path) -> bool:
    return is_file(path) or is_folder(path)


def _suggestion(name: str) -> str:
    names = [*_CONSTRUCTORS, "where"]
    close = difflib.get_close_matches(name.lower()[:40], names, n=1)
    return f"did you mean '{close[0]}'?" if close else f"expected a .vnnlib file or one of {', '.join(names)}"


def _file_name(token: Token) -> str:
    return token[1:-1] if token.type == "STRING" else str(token)


def _items(node: Node) -> list[Node]:
    """The entries of a list, without its bracket."""
    return [child for child in as_tree(node).children[1:] if child is not None]


def _flattened(node: Node) -> Iterator[Node]:
    if is_token(node):
        fail(node, f"expected a number or a list, got {str(node)[:40]!r}")
    items = _items(node)
    if len({len(_items(item)) if not is_token(item) else -1 for item in items}) > 1:
        fail(node, "a ragged list; nested lists must have equal lengths")
    for item in items:
        if is_token(item):
            yield item
        else:
            yield from _flattened(item)


def _quotient(numerator: Fraction, denominator: Fraction) -> Fraction:
    if not denominator:
        raise InputError("division by zero")
    return bounded(numerator / denominator)
