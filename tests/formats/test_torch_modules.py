"""Every layer of ``torch.nn`` as two exporters write it: within the derived bound of PyTorch, or refused."""

from __future__ import annotations

from pathlib import Path

from tests.formats.torch_modules import NOT_EXPORTED, markdown, results

PAGE = Path(__file__).resolve().parents[2] / "docs" / "modules.md"

# These bend or jump.
NOT_PIECEWISE_LINEAR = """
Hardswish Hardshrink Mish LogSigmoid Softplus Softsign GELU(tanh) Softmax LogSoftmax Softmin GLU LPPool1d(2)
LPPool2d(2) InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm GroupNorm RMSNorm LocalResponseNorm RNN
LSTM GRU TransformerEncoderLayer torch.std torch.round
"""


def test_no_module_is_misread() -> None:
    assert not [name for name, verdicts in results().items() if "WRONG" in verdicts.values()]


def test_what_is_piecewise_linear_is_read() -> None:
    refused = {
        name
        for name, verdicts in results().items()
        if any(text not in ("agrees", NOT_EXPORTED) for text in verdicts.values())
    }
    assert refused == {*NOT_PIECEWISE_LINEAR.split(), "Threshold(0.5, 0)", "x * x"}


def test_the_page_has_the_table() -> None:
    assert markdown() in PAGE.read_text(encoding="utf-8")
