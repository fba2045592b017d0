"""What the pytest plugin's fixtures give to tests: ``claim`` is a ``Claims``, ``theorem`` a ``Theorems``."""

from verify.testing.book import Book, Theorems
from verify.testing.claims import Checked, Claims
from verify.testing.session import Session

__all__ = ["Book", "Checked", "Claims", "Session", "Theorems"]
