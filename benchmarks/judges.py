"""What both judges say of the records in some folders: ``python benchmarks/judges.py reports [FOLDER...]``.

Exit status 1 where they disagree: one accepts what the other rejects.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from verify import second_judge
from verify.errors import EvidenceError, VerifyError
from verify.report.recheck import recheck


def by_kernel(path: Path) -> str:
    """accepted, rejected, or declined."""
    try:
        return "accepted" if recheck(path).judgement is not None else "declined"
    except EvidenceError:
        return "rejected"
    except VerifyError:
        return "declined"


def main() -> int:
    """Print the table."""
    records = [path for folder in sys.argv[1:] for path in sorted(Path(folder).glob("*.json"))]
    if not records:
        print(__doc__)
        return 2
    counts: Counter[tuple[str, str]] = Counter()
    reasons: Counter[str] = Counter()
    wrong = []
    for path in records:
        kernel, (second, why) = by_kernel(path), second_judge.opinion(path)
        counts[kernel, second] += 1
        reasons[why] += second == "declined"
        if {kernel, second} == {"accepted", "rejected"}:
            wrong.append(f"{path}: the kernel: {kernel}, the second judge: {second} ({why})")
    for (kernel, second), count in sorted(counts.items()):
        print(f"{count:6}  kernel {kernel}, second judge {second}")
    for reason, count in reasons.most_common():
        if count:
            print(f"{count:6}  declined: {reason}")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(records)} records, {len(wrong)} disagreements")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
