"""The Python interface: load a network, check a property, explain, measure radii."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from verify.arrangement.counting import Pieces
from verify.arrangement.counting import count as count_pieces
from verify.errors import InputError, NetworkError
from verify.formats import expressions
from verify.formats.files import load as load_file
from verify.network import Network
from verify.property import Claim, find
from verify.rational import Number, Vector, vector
from verify.region import Region
from verify.report.each import EachResult
from verify.report.record import Result, check_writable, write_bytes, write_json
from verify.search.budget import Budget
from verify.search.compare import Comparison, compare_networks
from verify.search.decide import decide
from verify.search.explain import Explanation
from verify.search.explain import explain as explain_network
from verify.search.lipschitz import LipschitzConstant, best_constant
from verify.search.outcome import SearchInterrupted
from verify.search.radius import Radii, radii
from verify.search.simplify import simplify as simplified

if TYPE_CHECKING:
    from verify.symbolic import SymbolicForm


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


def parse_region(text: str | Region, network: Network) -> Region:
    """A region from an expression such as ``box(-1, 1)`` (exact; nothing is evaluated)."""
    if isinstance(text, Region):
        return text
    return expressions.parse_region(text, network.input_size, inputs=network.inputs)


def make_budget(timeout: float | None, report: Callable[[str], None] | None) -> Budget:
    """The budget of one call."""
    if timeout is not None and not timeout > 0:
        raise InputError(f"timeout is {timeout} s; expected a positive number")
    return Budget(timeout) if report is None else Budget(timeout, report)


def _second(to: str | Path | Network | None, output: str | None) -> Network | None:
    if to is None and output is not None:
        raise InputError(f"--to-output {output!r} is about the second network, and none is given with --to")
    return load(to, output) if to is not None else None


def make_claim(
    network: str | Path | Network,
    property: str,
    on: str | Region = "all",
    *,
    to: str | Path | Network | None = None,
    outputs: Sequence[int] | None = None,
    output: str | None = None,
    to_output: str | None = None,
) -> Claim:
    """The claim that ``check`` decides, with its arguments."""
    first, second = load(network, output), _second(to, to_output)
    chosen = tuple(outputs) if outputs is not None else None
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
    on: str | Region = "all",
    *,
    to: str | Path | Network | None = None,
    outputs: Sequence[int] | None = None,
    output: str | None = None,
    to_output: str | None = None,
    timeout: float | None = None,
    engine: str = "auto",
    report: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> Result:
    """Decide whether the network has the property on the region.

    ``to`` names the second network of ``equivalent``; ``outputs`` selects output coordinates; ``output`` and
    ``to_output`` name the tensors that are to be the outputs of the two files; ``timeout`` is in seconds; ``report`` is
    called with a line of progress now and then. An ``executor`` (``concurrent.futures``, or with that interface) gets
    parts of the region when splitting takes long. Raises ``InputError`` for bad input.
    """
    first, second = load(network, output), _second(to, to_output)
    chosen = tuple(outputs) if outputs is not None else None
    budget = replace(make_budget(timeout, report), executor=executor)
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
) -> EachResult:
    """As ``check``, on each of the regions that a VNN-LIB file with a disjunction over inputs describes.

    What is proved holds on each of them, not on their union. ``timeout`` is for all together.
    """
    first, second = load(network, output), _second(to, to_output)
    end = None if timeout is None else monotonic() + timeout
    results: list[Result] = []
    regions = expressions.parse_regions(on, first.input_size, inputs=first.inputs)
    for number, region in enumerate(regions, start=1):
        left = None if end is None else max(end - monotonic(), 1e-3)
        said = report if report is None else partial(_numbered, report, f"{number} of {len(regions)}: ")
        results.append(
            check(
                first, property, region, to=second, outputs=outputs, timeout=left, engine=engine, report=said,
                executor=executor,
            )
        )  # fmt: skip
    return EachResult(on.strip(), tuple(results))


def _numbered(report: Callable[[str], None], prefix: str, line: str) -> None:
    report(prefix + line)


def explain(
    network: str | Path | Network,
    on: str | Region = "all",
    *,
    timeout: float | None = None,
    report: Callable[[str], None] | None = None,
) -> Explanation:
    """Which layers and units are on, off or switching on the region, and where f first bends."""
    loaded = load(network)
    return explain_network(loaded, parse_region(on, loaded), make_budget(timeout, report))


def radius(
    network: str | Path | Network,
    at: str | Vector | Sequence[Number],
    *,
    timeout: float | None = None,
    report: Callable[[str], None] | None = None,
) -> Radii:
    """The exact pattern radius and affine radius (L-infinity) at a point."""
    loaded = load(network)
    where = expressions.parse_point(at, loaded.input_size) if isinstance(at, str) else at
    point = where if isinstance(where, Vector) else vector(where)
    return radii(loaded, point, make_budget(timeout, report))


def lipschitz(
    network: str | Path | Network,
    on: str | Region = "all",
    *,
    norm: str = "linf",
    timeout: float | None = None,
    report: Callable[[str], None] | None = None,
) -> LipschitzConstant:
    """The smallest K with |f(x) - f(y)| <= K ||x - y|| on the region for every output: exact, or rigorous bounds.

    ``norm`` is ``linf``, ``l1`` or ``l2`` (whose bounds are squares, see ``LipschitzConstant``).
    """
    loaded = load(network)
    return best_constant(loaded, parse_region(on, loaded), norm, make_budget(timeout, report))


def pieces(
    network: str | Path | Network,
    on: str | Region = "all",
    *,
    limit: int | None = None,
    timeout: float | None = None,
    report: Callable[[str], None] | None = None,
) -> Pieces:
    """The exact numbers of activation cells, linear pieces and affine maps on the region, with the cells themselves.

    The counts are None beyond ``limit`` cells or out of time; ``at_least`` then bounds the number of cells from below.
    """
    loaded = load(network)
    return count_pieces(loaded, parse_region(on, loaded), make_budget(timeout, report), limit)


def compare(
    network: str | Path | Network,
    to: str | Path | Network,
    on: str | Region,
    *,
    timeout: float | None = 60.0,
    report: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> Comparison:
    """How far two networks are from one another on the region: a proved bound, and the largest difference found."""
    first, second = load(network), load(to)
    budget = replace(make_budget(timeout, report), executor=executor)
    return compare_networks(first, second, parse_region(on, first), budget)


def simplify(
    network: str | Path | Network,
    on: str | Region = "all",
    *,
    out: str | Path,
    timeout: float | None = None,
    report: Callable[[str], None] | None = None,
) -> Simplification:
    """Write a smaller network, equal to the given one on the region, to the ONNX file ``out``; the proof beside it.

    What is written has been read back and proved equal by the kernel. Raises ``BudgetExceeded`` where no proof is found
    and ``NetworkError`` where no ONNX file can hold the weights exactly; then nothing is written.
    """
    loaded = load(network)
    where, budget, path = parse_region(on, loaded), make_budget(timeout, report), Path(out)
    if path.suffix != ".onnx":
        raise InputError(f"{path}: a simplified network is written as .onnx")
    check_writable(path, "-o")
    found = simplified(loaded, where, budget, path.stem)
    second = replace(found.network, source=str(path))
    result = Result(replace(found.claim, second=second), found.outcome, loaded, second)
    write_bytes(path, found.data)
    write_json(path.with_suffix(".json"), result)
    return Simplification(loaded, second, path, result, found.notes)


def symbolic_form(
    network: str | Path | Network,
    on: str | Region = "all",
    *,
    outputs: Sequence[int] | None = None,
    pieces: int = 64,
    timeout: float | None = None,
    report: Callable[[str], None] | None = None,
) -> SymbolicForm:
    """The network in SymPy: ``max_form``, ``piecewise`` (None beyond that many ``pieces``), ``steps``, ``agreement``.

    The form has been compared with the network's exact values and by Z3; raises ``verify.symbolic.TooLarge`` where no
    form can be written.
    """
    from verify import symbolic

    loaded, budget = load(network), make_budget(timeout, report)
    where = parse_region(on, loaded)
    chosen = loaded.select_outputs(tuple(outputs)) if outputs is not None else loaded
    return symbolic.checked(symbolic.symbolic_form(chosen, where, budget, max_pieces=pieces), budget)
