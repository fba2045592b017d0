"""Where a claim may break, and how that becomes an instance which a person can read."""
