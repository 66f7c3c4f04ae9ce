"""Operations that are about the server itself, and not about what it holds.

Comes in: a `Context`. Goes out: an `Outcome`. `information` has health, versions and what else a
server says of itself.
"""
