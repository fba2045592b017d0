"""Values of quantized networks, exactly: each quotient is rounded half to even, as the standard says.

An implementation rounds the quotient itself before (``verify.network.quantizer``). At a point where that may make
another integer there is no value: two implementations that follow the standard may differ there.
"""

from __future__ import annotations

import numpy as np

from verify.errors import EvidenceError
from verify.network import Network
from verify.rational import Vector


def settled_values(network: Network, x: Vector) -> Vector:
    """The outputs at x; ``EvidenceError`` (``tie``) where rounding a division may change one of the integers."""
    outputs = {0: x}
    for k, block in enumerate(network.blocks, start=1):
        if block.smooth is not None:
            raise EvidenceError("tie", "values of smooth units are not exact")
        z = block.bias
        for source, matrix in block.inputs:
            z = z + matrix.product(outputs[source])
        z = z.reduced()
        if block.quantizer is not None:
            outputs[k], near = block.quantizer.settled(z)
            if near is not None:
                raise EvidenceError(
                    "tie", f"{block.unit_name(near)} is too near a tie: rounding its quotient may change it"
                )
        else:
            outputs[k] = Vector(np.maximum(z.numerators, 0), z.denominator) if block.relu else z
        for source in [s for s, last in network.last_use.items() if last == k]:
            del outputs[source]
    return outputs[len(network.blocks)]
