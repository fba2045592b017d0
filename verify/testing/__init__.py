"""What the pytest plugin's fixtures give to tests: ``claim`` is a ``Claims``, ``theorem`` a ``Theorems``."""

from verify.testing.book import Book, Theorems
from verify.testing.claims import CheckedClaim, Claims
from verify.testing.session import ReportSession

__all__ = ["Book", "CheckedClaim", "Claims", "ReportSession", "Theorems"]
