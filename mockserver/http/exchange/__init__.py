"""One exchange over HTTP: who may ask, what came, what goes wrong on purpose, what goes back.

Comes in: an aiohttp request, of whichever world. Goes out: a `Message` for the operations, and
the response that their outcome or their refusal becomes.
"""

from .body_reader import creator_from_headers, handle_expect, read_body, read_message
from .control_access import access_refusal
from .faults_and_journal import (
    DELETION_KEY,
    ERROR_KEY,
    REASON_KEY,
    inject_fault,
    record_exchange,
)
from .json_text import dump_json
from .large_replies import UNREAD_KEY, JsonDocument, JsonList, StreamedJson, UnreadReplies, pace
from .log_format import log_to_stderr, log_warnings
from .origin_guard import origin_refusal
from .preparing import in_thread, when_prepared
from .responses import HtmlText, html_reply, json_reply, refusal_reply, text_reply
from .session_routing import (
    SESSION_PREFIX,
    WORLD_KEY,
    SessionNotFound,
    SessionResource,
    path_in_world,
    world_of,
)
