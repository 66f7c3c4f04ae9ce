"""Operations on variables: named values that flows read.

Comes in: a `Context`, the name or id of a variable, and a request model. Goes out: an `Outcome`.
`reading` has the operations that read one or list them, `changing` those that write.
"""
