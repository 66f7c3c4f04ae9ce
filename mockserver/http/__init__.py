"""HTTP: the aiohttp application and its port.

Comes in: a world or sessions of worlds. Goes out: an application that answers Prefect's API below
`/api` (`app`) and the control API below `/_mock` (`control`).
"""

from .app import create_app, create_sessions_app
from .server import serve
