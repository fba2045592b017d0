"""Facts of values that follow from the signs of weights: of one network, and of all members of a family."""
