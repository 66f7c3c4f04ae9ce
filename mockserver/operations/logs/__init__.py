"""Operations on logs: the lines that runs have written.

Comes in: a `Context`, and logs, a filter on them or the id of a flow run. Goes out: an `Outcome`.
`keeping` stores logs, `reading` lists them, and `text_search` reads what their texts are searched
for.
"""
