"""Benchmarks: how fast mockserver is, beside a plain aiohttp server on the same machine.

    python -m benchmarks [--quick] [--json FILE] [--prefect PROGRAM] [NAME...]

A NAME is http, start, import, load, store, fixture, writes, select, drain or real; without one,
all parts run. `select` needs the extra `bench` and draws `benchmarks/select.svg`; `real` needs
`--prefect`.

The mock and the baseline server take turns, so that other load on the machine affects both. Trust
the ratios more than the absolute numbers.
"""
