"""Operations on task runs that are no plain lists: changes, states, workers, graphs of flow runs.

Comes in: a `Context`, the id of a task run or a flow run, and a request model. Goes out: an
`Outcome`. `graphs` shows how the task runs and subflows of a flow run depend on one another,
`counting` counts them, `changing` changes and deletes one, and `workers` lists who waits for them.
"""
