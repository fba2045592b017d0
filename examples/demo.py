"""The main job on two networks: the forum thread's tiny convolution, and a trained one that reads digits.

Run it with ``make demo``. It writes a page and the evidence of each claim to ``reports/demo``.
"""

from __future__ import annotations

import os
from pathlib import Path

import verify
from verify.cli import display, explain
from verify.report.files import write_report
from verify.report.folder import ReportFolder
from verify.report.index import write_index
from verify.report.record import Result

ROOT = Path(__file__).resolve().parent.parent
REPORTS = Path("reports/demo")
IMAGE = "examples/digits_point.npy"


def title(text: str) -> None:
    """A heading on the terminal."""
    print(f"\n{text}\n{'-' * len(text)}")


def claim(network: str | verify.Network, name: str, on: str) -> Result:
    """Check a claim, show it, and keep its evidence and page."""
    result = verify.check(network, name, on=on)
    display.show_result(result, None, lines=False)
    write_report(ReportFolder(REPORTS), result)
    return result


def thread() -> None:
    """A 2x2 convolution with one negative weight on a 3x3 image, then ReLU, then a sum."""
    title("The thread's network: conv 2x2 + ReLU + sum on a 3x3 image")
    claim("relu", "additive", "all")
    claim("thread", "additive", "all")
    claim("thread", "affine", "box(0, 1)")
    claim("thread", "affine", "box(0, 1/3)")
    claim("thread_nonneg", "affine", "nonneg")
    claim("thread_nonneg", "additive", "nonneg")
    explain.show_explanation(verify.load("thread"), "box(0, 1)", verify.explain("thread", "box(0, 1)"))


def digits() -> None:
    """A conv network with 456 ReLU, trained on scikit-learn's digits, around one image."""
    title("A trained conv network: 64 pixels, 456 ReLU, 10 classes")
    network = verify.load("examples/digits_conv.onnx")
    claim(network, "additive", "all")
    found = verify.radius(network, IMAGE)
    explain.show_radii(network, found)
    claim(network, "affine", f"ball({IMAGE}, {found.affine})")
    claim(network, "affine", f"ball({IMAGE}, 1/1000)")
    explain.show_explanation(network, "box(0, 1)", verify.explain(network, "box(0, 1)"))


def main() -> None:
    """Run both parts and replay everything that was written."""
    os.chdir(ROOT)
    thread()
    digits()
    title("Everything again, by the kernel alone")
    page = write_index(ReportFolder(REPORTS))
    records = sorted(REPORTS.glob("*.json"))
    for record in records:
        verify.recheck(record)
    scripts = [path for record in records if (path := record.with_suffix(".py")).exists()]
    print(f"{len(scripts)} refutations as Python without this package: for example python {scripts[0]}")
    print(f"{len(records)} records replayed; their pages are listed in {page}")


if __name__ == "__main__":
    main()
