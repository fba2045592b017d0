"""Claims about all networks of a family: fixed layers, and weights of which only the range (``>= 0``) is known.

    from verify.family import check_family, conv, dense, family, relu
    nets = family((1, 8, 8), [conv(16, (3, 3), ">= 0", ">= 0"), relu(), dense(10, "any", "any")])
    check_family(nets, "affine", on="nonneg").verdict       # Verdict.PROVED, by rules about signs

``verify.family.conditions`` has exact conditions on the weights for what signs alone do not decide.
"""

from verify.family.check import check_family, family_claim, load_family, symbolic_lines
from verify.network.families import (
    Family,
    absolute,
    add,
    average_pool,
    batch_norm,
    clip,
    conv,
    dense,
    family,
    flatten,
    leaky_relu,
    max_pool,
    member,
    pad,
    relu,
)
from verify.report.family_record import FamilyResult, write_family

__all__ = [
    "Family",
    "FamilyResult",
    "absolute",
    "add",
    "average_pool",
    "batch_norm",
    "check_family",
    "clip",
    "conv",
    "dense",
    "family",
    "family_claim",
    "flatten",
    "leaky_relu",
    "load_family",
    "max_pool",
    "member",
    "pad",
    "relu",
    "symbolic_lines",
    "write_family",
]
