"""One exchange over HTTP: who may ask, what came, what goes wrong on purpose, what goes back.

Comes in: an aiohttp request, of whichever world. Goes out: a `Message` for the operations, and
the response that their outcome or their refusal becomes.
"""

from .body_reader import creator_of, expect, latin_1, read_body, read_message
from .log_format import log_to_stderr, warn
from .middleware import ERROR, NOTE, exchange
from .origin_guard import stranger
from .responses import json_reply, refusal_reply
from .session_routing import PREFIX, WORLD, NoSession, SessionResource, path_of, world_of
