"""Linear programs, answered exactly."""
