"""Servers to measure, each in a process of its own: the mock, and two baselines without a store.

In: a command (`mock_command`, `baseline_command`) and the environment for it.
Out: the address at which the server listens, until the block ends.
"""
