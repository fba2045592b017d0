"""The core of the kernel: exact rows, what follows on a part of a region, and what becomes of units."""
