"""The Python interface: load a network, check a property, explain, measure radii."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from verify.errors import BudgetExceeded, InputError, NetworkError
from verify.formats import expressions
from verify.formats.files import load as load_file
from verify.network import Network
from verify.property import Claim, find
from verify.rational import Number, Vector, exact_text, to_fraction, vector
from verify.region import Region
from verify.report.each import EachResult
from verify.report.record import Result, check_apart, check_writable, write_bytes, write_json
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.outcome import SearchInterrupted
from verify.search.problem import is_empty

if TYPE_CHECKING:
    from verify.arrangement.counting import Pieces
    from verify.arrangement.statistics import Samples
    from verify.arrangement.stream import CellStream
    from verify.search.commands.compare import Comparison
    from verify.search.commands.explain import Explanation
    from verify.search.commands.lipschitz import LipschitzConstant
    from verify.search.commands.radius import Radii
    from verify.symbolic import SymbolicForm

# A box: low and high of each input, None for no side.
BoxSides: TypeAlias = Sequence[tuple[Number | None, Number | None]]
# By how much a value is out that other tools are asked for: beyond what their floats round.
MARGIN = "1/1000"


@dataclass(frozen=True, eq=False)
class Simplification:
    """A network, the smaller one written to ``path``, and the proof that they are equal on the region."""

    before: Network
    after: Network
    path: Path
    result: Result
    notes: tuple[str, ...]


def load(source: str | Path | Network, output: str | None = None) -> Network:
    """A network from an ``.onnx``, ``.onnx.gz`` or ``.toml`` file, or a built-in example by name.

    ``output`` is the name of the tensor of an ONNX model that is to be the output; a model with one output needs none.
    """
    if not isinstance(source, Network):
        return load_file(source, output)
    if output is not None:
        raise NetworkError(f"output {output!r} is chosen when a file is loaded; {source.name} is a network already")
    return source


def parse_region(text: str | Region | BoxSides, network: Network) -> Region:
    """A region from an expression such as ``box(-1, 1)`` (exact; nothing is evaluated), or from the sides of a box.

    Sides are a pair (low, high) for each input; None is infinite.
    """
    if isinstance(text, Region):
        return text
    if not isinstance(text, str):
        try:
            low, high = zip(*((_side(low, "-inf"), _side(high, "inf")) for low, high in text), strict=True)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"on is {text!r:.60}; expected text such as 'box(0, 1)' or a pair for each input"
            ) from error
        text = f"box([{', '.join(low)}], [{', '.join(high)}])"
    return expressions.parse_region(text, network.input_size, inputs=network.inputs)


def _side(value: Number | None, infinity: str) -> str:
    return infinity if value is None else exact_text(to_fraction(value))


def _chosen(outputs: int | Sequence[int] | None) -> tuple[int, ...] | None:
    """Output numbers; one number stands for itself."""
    if outputs is None:
        return None
    given = tuple(outputs) if isinstance(outputs, Iterable) else (outputs,)
    if any(isinstance(o, bool) or not isinstance(o, int) for o in given):
        raise InputError(f"outputs is {outputs!r:.60}; expected output numbers such as 0 or [0, 2]")
    return given


def make_budget(timeout: float | str | None, report: Callable[[str], None] | None) -> Budget:
    """The budget of one call."""
    seconds = _positive(timeout, "timeout")
    return Budget(seconds) if report is None else Budget(seconds, report)


def _positive(value: float | str | None, name: str) -> float | None:
    """A positive finite number, or text that is one."""
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not 0 < number < math.inf:
        raise InputError(f"{name} is {value!r:.60}; expected a positive number of seconds")
    return number


def steps(work: int | None) -> int | None:
    """The bound on counted steps; raises ``InputError`` unless it is a whole number from 1 on."""
    if work is not None and (type(work) is not int or work < 1):
        raise InputError(f"work is {work!r:.60}; expected a whole number of steps, 1 or more")
    return work


def second_network(to: str | Path | Network | None, output: str | None) -> Network | None:
    """The second network of a claim, if there is one, with the tensor that is to be its output."""
    if to is None and output is not None:
        raise InputError(f"--to-output {output!r} is about the second network, and none is given with --to")
    return load(to, output) if to is not None else None


def make_claim(
    network: str | Path | Network,
    property: str,
    on: str | Region | BoxSides = "all",
    *,
    to: str | Path | Network | None = None,
    outputs: int | Sequence[int] | None = None,
    output: str | None = None,
    to_output: str | None = None,
) -> Claim:
    """The claim that ``check`` decides, with its arguments."""
    first, second = load(network, output), second_network(to, to_output)
    chosen = _chosen(outputs)
    where, wanted = parse_region(on, first), find(property)
    if second is not None and not wanted.needs_second:
        raise InputError(f"{wanted.name!r} is about one network, but a second one is given with --to")
    if chosen is not None:
        first = first.select_outputs(chosen)
        second = second.select_outputs(chosen) if second is not None else None
    return Claim(first, wanted, where, second)


def check(
    network: str | Path | Network,
    property: str,
    on: str | Region | BoxSides = "all",
    *,
    to: str | Path | Network | None = None,
    outputs: int | Sequence[int] | None = None,
    output: str | None = None,
    to_output: str | None = None,
    timeout: float | str | None = None,
    engine: str = "auto",
    report: Callable[[str], None] | None = None,
    executor: Executor | None = None,
    work: int | None = None,
) -> Result:
    """Decide whether the network has the property on the region.

    ``to`` names the second network of ``equivalent``; ``outputs`` selects output coordinates; ``output`` and
    ``to_output`` name the tensors that are to be the outputs of the two files; ``timeout`` is in seconds; ``report`` is
    called with a line of progress now and then. An ``executor`` (``concurrent.futures``, or with that interface) gets
    parts of the region when splitting takes long. ``work`` bounds the steps that the engines count instead of seconds:
    the same claim gets the same answer on every machine. Out of time or steps the verdict is UNKNOWN, with the reason.
    Raises ``InputError`` for bad input, as every function here does.
    """
    first, second = load(network, output), second_network(to, to_output)
    chosen = _chosen(outputs)
    budget = replace(make_budget(timeout, report), executor=executor, work=steps(work))
    claim = make_claim(first, property, on, to=second, outputs=chosen)
    try:
        return Result(claim, decide(claim, budget, engine), first, second, chosen)
    except SearchInterrupted as stop:
        stop.result = Result(claim, stop.outcome, first, second, chosen)
        raise


def check_each(
    network: str | Path | Network,
    property: str,
    on: str,
    *,
    to: str | Path | Network | None = None,
    outputs: Sequence[int] | None = None,
    output: str | None = None,
    to_output: str | None = None,
    timeout: float | None = None,
    engine: str = "auto",
    report: Callable[[str], None] | None = None,
    executor: Executor | None = None,
    work: int | None = None,
) -> EachResult:
    """As ``check``, on each of the regions that a VNN-LIB file with a disjunction over inputs describes.

    What is proved holds on each of them, not on their union. ``timeout`` is for all together, ``work`` for each.
    """
    first, second = load(network, output), second_network(to, to_output)
    end = None if timeout is None else monotonic() + timeout
    results: list[Result] = []
    regions = expressions.parse_regions(on, first.input_size, inputs=first.inputs)
    if len(regions) > 1:  # branches without points add nothing to the union
        regions = [region for region in regions if not _has_no_points(region, make_budget(timeout, report))] or regions[
            :1
        ]
    for number, region in enumerate(regions, start=1):
        left = timeout if end is None or number == 1 else max(end - monotonic(), 1e-3)
        said = report if report is None else partial(_numbered, report, f"{number} of {len(regions)}: ")
        results.append(
            check(
                first, property, region, to=second, outputs=outputs, timeout=left, engine=engine, report=said,
                executor=executor, work=work,
            )
        )  # fmt: skip
    return EachResult(on.strip(), tuple(results))


def _has_no_points(region: Region, budget: Budget) -> bool:
    """Whether the region is empty, as far as the budget lets it be seen."""
    try:
        return bool(region.rows) and is_empty(region, budget)
    except BudgetExceeded:
        return False


def _numbered(report: Callable[[str], None], prefix: str, line: str) -> None:
    report(prefix + line)


def explain(
    network: str | Path | Network,
    on: str | Region | BoxSides = "all",
    *,
    timeout: float | str | None = None,
    report: Callable[[str], None] | None = None,
) -> Explanation:
    """Which layers and units are on, off or switching on the region, and where f first bends.

    Raises ``BudgetExceeded`` when ``timeout`` seconds are over.
    """
    from verify.search.commands.explain import explain as explain_network

    loaded = load(network)
    return explain_network(loaded, parse_region(on, loaded), make_budget(timeout, report))


def radius(
    network: str | Path | Network,
    at: str | Vector | Sequence[Number],
    *,
    timeout: float | str | None = None,
    report: Callable[[str], None] | None = None,
) -> Radii:
    """The exact pattern radius and affine radius at a point: a vector of all inputs, or text such as an ``.npy`` file.

    Both are L-infinity distances in the unit of the inputs, and infinite where nothing is in the way. Of an affine
    radius that is not decided ``at_least`` is known. Raises ``BudgetExceeded`` when ``timeout`` seconds are over before
    the pattern radius is known.
    """
    from verify.search.commands.radius import radii

    loaded = load(network)
    where = expressions.parse_point(at, loaded.input_size) if isinstance(at, str) else at
    point = where if isinstance(where, Vector) else vector(where)
    return radii(loaded, point, make_budget(timeout, report))


def lipschitz(
    network: str | Path | Network,
    on: str | Region | BoxSides = "all",
    *,
    norm: str = "linf",
    timeout: float | str | None = None,
    report: Callable[[str], None] | None = None,
) -> LipschitzConstant:
    """The smallest K with |f(x) - f(y)| <= K ||x - y|| on the region for every output: exact, or rigorous bounds.

    ``norm``, of the inputs, is ``linf``, ``l1`` or ``l2`` (whose bounds are squares, see ``LipschitzConstant``). When
    ``timeout`` seconds are over, ``lower`` and ``upper`` are what is known by then.
    """
    from verify.search.commands.lipschitz import best_constant

    loaded = load(network)
    return best_constant(loaded, parse_region(on, loaded), norm, make_budget(timeout, report))


def pieces(
    network: str | Path | Network,
    on: str | Region = "all",
    *,
    limit: int | None = None,
    timeout: float | None = None,
    report: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> Pieces:
    """The exact numbers of activation cells, linear pieces and affine maps on the region, with the cells themselves.

    The counts are None beyond ``limit`` cells or out of time; ``at_least`` then bounds the number of cells from below.
    An ``executor`` gets parts of the region when it takes long.
    """
    from verify.arrangement.counting import count as count_pieces
    from verify.report.pieces import drawn

    loaded = load(network)
    budget = replace(make_budget(timeout, report), executor=executor)
    return drawn(count_pieces(loaded, parse_region(on, loaded), budget, limit))


def stream_cells(
    network: str | Path | Network,
    on: str | Region = "all",
    *,
    limit: int | None = None,
    timeout: float | None = None,
    report: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> CellStream:
    """The activation cells on the region, exactly, one after the other; none is kept.

    Each has ``pattern``, ``maps``, ``inside``, ``half_spaces``, ``vertices``, ``rays`` and ``volume``; ``cells``,
    ``affine_maps`` and, after the last one, ``pieces`` of what is returned are the counts. Reading raises
    ``BudgetExceeded`` out of time, and after ``limit`` cells if there are more. An ``executor`` gets parts of the
    region when it takes long.
    """
    from verify.arrangement.stream import CellStream

    loaded = load(network)
    budget = replace(make_budget(timeout, report), executor=executor)
    return CellStream(loaded, parse_region(on, loaded), budget, limit)


def piece_samples(
    network: str | Path | Network,
    on: str | Region,
    kind: str = "segments",
    number: int = 100,
    seed: int = 0,
    *,
    timeout: float | None = None,
    report: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> Samples:
    """The exact counts of ``pieces`` on random parts of a bounded region, the same parts for the same seed.

    ``segments`` join two points, drawn uniformly from the region; ``slices`` are the triangles of three. Fewer than
    ``number`` are found out of time. An ``executor`` gets those that are left when it takes long.
    """
    from verify.arrangement import statistics

    if kind not in statistics.KINDS:
        raise InputError(f"kind {kind!r}: expected one of {', '.join(statistics.KINDS)}")
    loaded = load(network)
    budget = replace(make_budget(timeout, report), executor=executor)
    return statistics.samples(loaded, parse_region(on, loaded), kind, number, seed, budget)


def compare(
    network: str | Path | Network,
    to: str | Path | Network,
    on: str | Region,
    *,
    timeout: float | None = 60.0,
    report: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> Comparison:
    """How far two networks are from one another on the region: a proved bound, and the largest difference found.

    When ``timeout`` seconds are over, the best bound by then; None where there is none.
    """
    from verify.search.commands.compare import compare_networks

    first, second = load(network), load(to)
    budget = replace(make_budget(timeout, report), executor=executor)
    return compare_networks(first, second, parse_region(on, first), budget)


def simplify(
    network: str | Path | Network,
    on: str | Region | BoxSides = "all",
    *,
    out: str | Path,
    timeout: float | str | None = None,
    report: Callable[[str], None] | None = None,
) -> Simplification:
    """Write a smaller network, equal to the given one on the region, to the ONNX file ``out``; the proof beside it.

    What is written has been read back and proved equal by the kernel. Raises ``BudgetExceeded`` where no proof is found
    and ``NetworkError`` where no ONNX file can hold the weights exactly; then nothing is written.
    """
    from verify.search.commands.simplify import simplify as simplified  # loads onnx

    loaded = load(network)
    where, budget, path = parse_region(on, loaded), make_budget(timeout, report), Path(out)
    check_writable(path, "-o")
    if path.suffix != ".onnx":
        raise InputError(f"{path}: a simplified network is written as .onnx")
    check_apart({"-o": path}, [loaded.source] if loaded.source else [])
    found = simplified(loaded, where, budget, path.stem)
    second = replace(found.network, source=str(path))
    result = Result(replace(found.claim, second=second), found.outcome, loaded, second)
    write_bytes(path, found.data)
    write_json(path.with_suffix(".json"), result)
    return Simplification(loaded, second, path, result, found.notes)


def export(
    network: str | Path | Network,
    property: str,
    on: str | Region | BoxSides = "all",
    *,
    to: str | Path | Network | None = None,
    outputs: int | Sequence[int] | None = None,
    output: str | None = None,
    to_output: str | None = None,
    smtlib: str | Path | None = None,
    vnnlib: str | Path | None = None,
    margin: Number = MARGIN,
    force: bool = False,
) -> list[Path]:
    """Write the claim that ``check`` decides for other tools, negated: they look for a counterexample.

    To the file ``smtlib`` goes the literal query as SMT-LIB 2; to the folder ``vnnlib`` one or more ONNX networks, each
    with a VNN-LIB 1.0 file about it, and ``instances.csv``. VNN-LIB asks whether a value is out by ``margin`` or more;
    with 0, whether it is out at all, with strict comparisons. Returns what was written. Raises ``NetworkError`` where
    ONNX holds a number not exactly, ``InputError`` where a file is there already (unless ``force``).
    """
    if (smtlib is None) == (vnnlib is None):
        raise InputError("export: name one thing to write: a file with --smtlib, or a folder with --vnnlib")
    claim = make_claim(network, property, on, to=to, outputs=outputs, output=output, to_output=to_output)
    least = to_fraction(margin)
    if least < 0:
        raise InputError(f"--margin {exact_text(least)[:60]}: expected 0 or more")
    if smtlib is not None:
        from verify.search.solver.literal import smtlib_file  # loads Z3

        path = Path(smtlib)
        check_writable(path, "--smtlib")
        return _written({path: smtlib_file(claim).encode("utf-8", "backslashreplace")}, claim, force=force)
    from verify.search.solver.vnnlib import exported  # loads onnx

    folder = Path(str(vnnlib))
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--vnnlib {folder}: is a file; name a folder")
    return _written({folder / name: data for name, data in exported(claim, least)}, claim, force=force)


def _written(files: dict[Path, bytes], claim: Claim, *, force: bool) -> list[Path]:
    """Write the files, after looking at all of them: none is a network's own, nor there already."""
    sources = [network.source for network in claim.networks if network.source is not None]
    check_apart({f"export {path.name}": path for path in files}, sources)
    there = [path for path in files if path.exists() or path.is_symlink()]
    if there and not force:
        raise InputError(f"{there[0]}: is there already; name another place, or add --force")
    for path, data in files.items():
        write_bytes(path, data)
    return list(files)


def symbolic_form(
    network: str | Path | Network,
    on: str | Region | BoxSides = "all",
    *,
    outputs: int | Sequence[int] | None = None,
    pieces: int = 64,
    timeout: float | str | None = None,
    report: Callable[[str], None] | None = None,
) -> SymbolicForm:
    """The network in SymPy: ``max_form``, ``piecewise`` (None beyond that many ``pieces``), ``steps``, ``agreement``.

    The form has been compared with the network's exact values and by Z3; raises ``verify.symbolic.TooLarge`` where no
    form can be written.
    """
    from verify import symbolic

    loaded, budget = load(network), make_budget(timeout, report)
    where = parse_region(on, loaded)
    picked = _chosen(outputs)
    chosen = loaded if picked is None else loaded.select_outputs(picked)
    return symbolic.checked(symbolic.symbolic_form(chosen, where, budget, max_pieces=pieces), budget)
