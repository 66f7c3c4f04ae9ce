"""Operations that only check what is sent: templates, and values against a schema.

Comes in: a `Context`, and a request model. Goes out: an `Outcome`, or the refusal that says what
is wrong; nothing is changed. `templates` checks one template, `schemas` the values of a form.
"""
