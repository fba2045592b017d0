"""Records that a checker must accept, and traps that it must reject: see ``README.md``."""
