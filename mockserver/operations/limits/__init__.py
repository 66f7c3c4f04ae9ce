"""Operations on concurrency limits: their records, their slots, and leases on these.

Comes in: a `Context`, the id or name of a limit, and a request model. Goes out: an `Outcome`.
`records` has limits by id or name, `tags` those on tags, `slots` takes and gives back slots, and
`leases` does so for a time.
"""
