"""Operations on what the mock never has: automations, saved searches, collections.

Comes in: a `Context`, an id or a name, and a request model. Goes out: an `Outcome` such as a server
has that holds none of them: an empty list, or `NotFound`. They cannot be created.
"""
