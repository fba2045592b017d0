"""The property gate: claims in TOML files, decided in continuous integration.

read       claims files -> tables with lines (``schema``, ``lines``, ``files``)
plan       tables -> cases: one claim each, with an id
run        cases -> what was found, in processes
junit, sarif, gitlab, github, markdown    what was found -> files that others read
"""
