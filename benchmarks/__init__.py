"""How fast mockserver is, against a bare aiohttp server on the same machine in the same minutes.

    python -m benchmarks [--quick] [--json FILE] [--prefect PROGRAM] [NAME...]

A NAME is http, start, import, load, store, writes, select, drain or real; without one, all.
`select` needs the extra `bench`, and draws `benchmarks/select.svg`.

Mock and bare take turns, so that whatever else the machine does hits both; trust the ratios more
than the numbers they are made of.
"""
