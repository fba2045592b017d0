"""Linear programs, answered exactly, and exact points of polyhedra."""
