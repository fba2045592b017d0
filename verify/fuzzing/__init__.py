"""Fuzzing an implementation against its exact network, and proved claims against random instances.

    import verify
    report = verify.fuzz("digits.onnx", my_function, on="box(0, 1)", precision="float32")
    assert report.within_bound, report

``fuzz_verdict`` tries random instances of a claim that was proved.
"""

from verify.fuzzing.compare import Observation
from verify.fuzzing.report import FuzzReport
from verify.fuzzing.run import fuzz
from verify.fuzzing.verdicts import VerdictFuzz, fuzz_verdict

__all__ = ["FuzzReport", "Observation", "VerdictFuzz", "fuzz", "fuzz_verdict"]
