"""The symbolic forms of a network on a region: nested Max, Piecewise, and how one gets there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy

from verify.errors import BudgetExceeded
from verify.kernel.evidence import Leaf
from verify.kernel.exact import cell_of
from verify.network import Network
from verify.region import Region
from verify.rendering import MAX_ROWS, bundle
from verify.search.budget import Budget
from verify.search.commands.explain import explain
from verify.search.stability import stable_leaf
from verify.symbolic.cells import FormTooLarge, PlainCell, all_cells
from verify.symbolic.derivation import DerivationStep, definitions, derivation
from verify.symbolic.frame import Expr, Frame, expression, make_frame
from verify.symbolic.geometry import Geometry
from verify.symbolic.nested import Writer
from verify.symbolic.piecewise import PiecewiseTerm, form_of, pieces
from verify.symbolic.regions import grouped
from verify.symbolic.units import lower, signs_from_cells

MAX_PIECES = 64
# Longer formulas say nothing to who reads a notebook, and stop its page.
MAX_LATEX = 6000
# Cells are cheap beside pieces, but not free.
CELLS_PER_PIECE = 8
# ReLU that may change side; a form with more of them says nothing to a reader.
MAX_UNITS = 200
STABLE_RULE = "no ReLU changes side on the region: one affine map"


@dataclass(frozen=True)
class Agreement:
    """How a form was checked: at how many exact points, and Z3's answer (``equal``, or why there is none).

    ``digits``: forms with smooth units are compared by enclosures of their values, which are that narrow.
    """

    points: int
    z3: str
    digits: int | None = None

    @property
    def is_proved(self) -> bool:
        """Whether Z3 found that the form equals the network on the whole region."""
        return self.z3 == "equal"

    def sentence(self) -> str:
        """One line for a report."""
        if self.digits is not None:
            return f"equal to the network to {self.digits} digits at {self.points} exact points (no Z3: {self.z3})"
        at_points = f"equal to the network at {self.points} exact points"
        if self.is_proved:
            return f"{at_points}, and by Z3 on the whole region"
        return f"{at_points}; not decided by Z3 ({self.z3})"


@dataclass(frozen=True, eq=False)
class SymbolicForm:
    """What is known of one network on one region, output by output, in SymPy.

    ``max_form`` refers to the ``named`` parts; ``piecewise`` is None where there are too many pieces, ``reason`` then
    says why. ``agreement`` says how the form was checked. ``pieces`` holds the branches with their full conditions, of
    which exactly one holds at each point of the region. All symbols are real.
    """

    network: Network
    region: Region
    frame: Frame = field(repr=False)
    max_form: tuple[Expr, ...]
    named: tuple[tuple[Expr, Expr], ...] = ()
    piecewise: tuple[Expr, ...] | None = None
    pieces: tuple[tuple[PiecewiseTerm, ...], ...] = ()
    steps: tuple[DerivationStep, ...] = ()
    definitions: Mapping[Expr, Expr] = field(default_factory=dict, repr=False)
    reason: str = ""
    agreement: Agreement | None = None
    cells: tuple[PlainCell, ...] = field(default=(), repr=False)

    @property
    def symbols(self) -> tuple[Expr, ...]:
        """The inputs: ``x``, or ``x0, x1, ...``."""
        return self.frame.symbols

    def __repr__(self) -> str:
        count = max(map(len, self.pieces), default=0)
        shown = f"{count} piece{'s' if count > 1 else ''}" if self.piecewise is not None else "nested maxima"
        return f"<SymbolicForm of {self.network.name} on {self.region.text}: {shown}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks: the piecewise form (else the Max form) of the first outputs, in LaTeX where that is short."""
        forms = self.piecewise or self.max_form
        names = ["f(x)"] if len(forms) == 1 else [f"f_{{{i}}}(x)" for i in range(len(forms))]
        rows = [*zip(names, forms, strict=True)][:MAX_ROWS]
        named = () if self.piecewise else self.named
        lines = [rf"{name} &= {sympy.latex(form)} \\" for name, form in rows]
        lines += [rf"{sympy.latex(name)} &= {sympy.latex(form)} \\" for name, form in named]
        if len(forms) > MAX_ROWS:
            lines.append(rf"& \text{{and {len(forms) - MAX_ROWS} more outputs}}")
        latex = "\n".join([r"$$\begin{aligned}", *lines, r"\end{aligned}$$"])
        return bundle(repr(self), latex=latex if len(latex) <= MAX_LATEX else "")


def symbolic_form(network: Network, region: Region, budget: Budget, *, max_pieces: int = MAX_PIECES) -> SymbolicForm:
    """The forms of the network on the region; ``FormTooLarge`` where no form can be written."""
    frame = make_frame(network, region, budget)
    leaf = stable_leaf(frame.problem, budget) if network.is_piecewise_linear else None
    if isinstance(leaf, Leaf) and network.relu_count > MAX_UNITS:
        return _affine_form(network, frame, leaf)
    _refuse_large(network, region, budget)
    branched = _branched(frame, max_pieces, budget)
    units = lower(frame, signs_from_cells(frame, branched.cells), budget)
    writer = Writer(frame, units, budget)
    nested = writer.nested()
    piecewise = tuple(form_of(output) for output in branched.pieces) or None
    names = tuple(network.blocks[-1].unit_name(i) for i in range(network.output_size))
    return SymbolicForm(
        network=network,
        region=region,
        frame=frame,
        max_form=nested.outputs,
        named=nested.named,
        piecewise=piecewise,
        pieces=branched.pieces,
        cells=branched.cells,
        steps=derivation(writer, nested, names, piecewise),
        definitions=definitions(writer),
        reason=branched.reason,
    )


@dataclass(frozen=True, eq=False)
class _Branched:
    """The cells and pieces, or the reason why there are none."""

    cells: tuple[PlainCell, ...] = ()
    pieces: tuple[tuple[PiecewiseTerm, ...], ...] = ()
    reason: str = ""


def _branched(frame: Frame, max_pieces: int, budget: Budget) -> _Branched:
    """Cells and pieces, in at most half of the time that is left."""
    limited = budget.remaining != float("inf")
    share = Budget(budget.remaining / 2 if limited else None, budget.report)
    cells: tuple[PlainCell, ...] = ()
    try:
        cells = tuple(all_cells(frame, max_pieces * CELLS_PER_PIECE, share))
        outputs = range(frame.network.output_size)
        most = max(len(grouped(cells, output)) for output in outputs)
        if most > max_pieces:
            raise FormTooLarge(f"{most} pieces, more than {max_pieces}")
        geometry = Geometry(frame, cells, share)
        return _Branched(cells, tuple(tuple(pieces(frame, cells, output, geometry)) for output in outputs))
    except (FormTooLarge, BudgetExceeded) as stop:
        late = share.remaining <= 0
        return _Branched(cells, reason=f"no Piecewise form: {'its half of the time budget ran out' if late else stop}")


def _refuse_large(network: Network, region: Region, budget: Budget) -> None:
    """Stop early where the form would have more units than anybody reads."""
    if network.relu_count <= MAX_UNITS:
        return
    if not network.is_piecewise_linear:
        raise FormTooLarge(f"{network.relu_count} ReLU beside smooth units; a form is written for up to {MAX_UNITS}")
    layers = explain(network, region, budget).layers
    moving = sum(layer.switching + layer.undecided for layer in layers)
    if moving > MAX_UNITS:
        where = region.text or "the region"
        raise FormTooLarge(
            f"{moving} of the {network.relu_count} ReLU of {network.name} may change side on {where}"
            f"; a form is written for up to {MAX_UNITS}: take a smaller region"
        )


def _affine_form(network: Network, frame: Frame, leaf: Leaf) -> SymbolicForm:
    """No unit changes side: one affine map, at any size."""
    values = []
    for form in cell_of(frame.network, leaf.pattern).outputs():
        places = {j: form.coefficients[j] for j in range(len(form.coefficients)) if form.coefficients[j]}
        values.append(expression(frame.in_x(places, form.constant), frame.symbols))
    single = tuple((PiecewiseTerm(value, sympy.true),) for value in values)
    step = [DerivationStep(STABLE_RULE, value, value, f"output[{i}]") for i, value in enumerate(values)]
    return SymbolicForm(
        network=network,
        region=frame.region,
        frame=frame,
        max_form=tuple(values),
        piecewise=tuple(values),
        pieces=single,
        steps=tuple(step),
    )
