"""The engines: one file each, each given a claim's questions and a budget, with evidence or without."""
