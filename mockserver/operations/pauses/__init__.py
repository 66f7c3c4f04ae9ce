"""Operations on pauses: resuming flow runs, and the inputs that they wait for.

Comes in: a `Context`, the id of a flow run, and a request model. Goes out: an `Outcome`. `inputs`
has the operations on inputs, which a run can also get while it runs; `resuming` ends a pause.
"""
