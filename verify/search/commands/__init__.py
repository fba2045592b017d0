"""Searches of single commands: radius, Lipschitz constant, simplification, explanation, comparison."""
