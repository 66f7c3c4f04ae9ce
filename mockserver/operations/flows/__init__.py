"""Operations on flows that are neither plain reads nor deletes.

Comes in: a `Context`, the id of a flow, and a request model. Goes out: an `Outcome`. `changing`
changes one, `reading` lists them by numbered pages and counts their deployments.
"""
