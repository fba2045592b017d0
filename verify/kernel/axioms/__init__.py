"""What the core cannot replay, one file each: float filter, float affine forms, ball arithmetic, exponential sums."""
