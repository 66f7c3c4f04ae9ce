"""How fast mockserver is, against a bare aiohttp server on the same machine in the same minutes.

    python -m benchmarks [--quick] [--only http|start|import|load|store]

Mock and bare take turns, so that whatever else the machine does hits both; trust the ratios more
than the numbers they are made of.
"""
