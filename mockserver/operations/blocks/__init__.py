"""Operations on blocks: types of configuration, the schemas of their fields, and documents.

Comes in: a `Context`, the id or name of a block, and a request model. Goes out: an `Outcome`.
`types`, `schemas` and `documents` have the operations on each; `checksums`, `nesting` and `secrets`
have what they share: when two schemas are the same, blocks inside of blocks, and hidden values.
"""
