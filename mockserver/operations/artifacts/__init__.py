"""Operations on artifacts: what runs show, and the latest of each key.

Comes in: a `Context`, the id or key of an artifact, and a request model. Goes out: an `Outcome`.
`reading` has the operations that read one or list them, `changing` those that write.
"""
