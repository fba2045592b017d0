"""Z3 on the literal claim: networks, regions and formulas as its terms."""
