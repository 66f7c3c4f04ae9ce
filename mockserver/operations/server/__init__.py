"""Operations that are about the server itself, and not about what it holds.

Comes in: a `Context`, and a request model. Goes out: an `Outcome`. `information` has health,
versions and what else a server says of itself, `result_storage` the one setting that clients
change, `observed_states` which states there have been.
"""
