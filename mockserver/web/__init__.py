"""The page: a workspace, a filter and what it would take, for a person with a browser.

Comes in: requests for `/` and for what is below `/page`, of the server's own world or of a session.
Goes out: HTML, or the same as JSON at the same address. `entry` is the handler, `routes` says which
view answers; each file of `views` is one view, and `exchange` has what all of them need: who may
look, the fields of a request, links, templates, undo. It shows what other folders compute.

All of it is imported when someone looks.
"""

from .entry import make_page_handler
