"""What is known of each piece: its map, its cells, and the cell on the other side of each facet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from verify.arrangement.enumerate import Arrangement
from verify.arrangement.merging import Labels, map_of
from verify.digits import display
from verify.rational import Floats, to_fraction


def rows_of_pieces(found: Arrangement, labels: Labels) -> Floats:
    """Float64 maps of all pieces, shape (outputs, free coordinates and the constant, pieces)."""
    assert found.outputs is not None
    first = np.unique(labels.pieces, return_index=True)[1]
    return np.asarray(found.outputs.rows[:, :, first])


def piece_maps(found: Arrangement, labels: Labels, names: Sequence[str], exact: int) -> list[str]:
    """The maps of all pieces as sentences; with exact numbers up to ``exact`` pieces, else with rounded ones."""
    first = np.unique(labels.pieces, return_index=True)[1].astype(np.int32)
    rows = rows_of_pieces(found, labels)
    sizes = np.bincount(labels.pieces[np.unique(labels.cells, return_index=True)[1]], minlength=len(first)).tolist()
    written = []
    for piece, cell in enumerate(first.tolist()):
        if len(first) <= exact:
            maps = map_of(found.domain, found.domain.network, found.pattern(cell))
            forms = [[display(to_fraction(n) / row[-1], 16) for n in row[:-1]] for row in maps]
        else:
            forms = [[f"{v:.4g}" for v in row] for row in rows[:, :, piece].tolist()]
        cells = "" if sizes[piece] == 1 else f" ({sizes[piece]} cells)"
        written.append("\n".join(_sentence(i, form, names, len(forms)) for i, form in enumerate(forms[:4])) + cells)
    return written


def _sentence(output: int, form: Sequence[str], names: Sequence[str], outputs: int) -> str:
    """``f = 1/2 x0 - 3 x1 + 1``."""
    text = ""
    for number, name in zip(form, [*names, ""], strict=True):
        if number in ("0", "-0"):
            continue
        sign = "-" if number.startswith(("-", "~-")) else "+"
        size = number.replace("-", "", 1) if sign == "-" else number
        size = name if size == "1" and name else f"{size} {name}".strip()
        text += f" {sign} {size}" if text else f"-{size}" if sign == "-" else size
    return f"{'f' if outputs == 1 else f'f[{output}]'} = {text or '0'}"
