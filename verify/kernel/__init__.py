"""The kernel: exact evaluation, kinds of evidence, and the checks that make a verdict. Trusted; imports no search."""

from verify.kernel.check import Judgement, Verdict, judge

__all__ = ["Judgement", "Verdict", "judge"]
