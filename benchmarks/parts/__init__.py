"""The parts of `python -m benchmarks`: one module per name on the command line.

In: an `Effort` (how much to measure) and `GeneratedSeeds` (files of made-up runs).
Out: `measure()` yields tables, and targets with what was measured.
"""
