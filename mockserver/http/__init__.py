"""HTTP: the aiohttp application and its port.

Comes in: a world or sessions of worlds. Goes out: an application that answers Prefect's API below
`/api` and the control API below `/_mock`. `app` has the routes, `handler` the one handler of all
endpoints, which also puts the deleted ids into a reply, `answering` the guard before it and the
replies to errors, `server` the port, `preloading` what is imported once it listens; `exchange` has
the parts of one HTTP exchange, `sockets` the websockets, and `control` the control API.
"""

from .app import SESSIONS_KEY, STOPPING_KEY, create_app, create_sessions_app
from .handler import Handler
from .preloading import preload_soon
from .server import serve
