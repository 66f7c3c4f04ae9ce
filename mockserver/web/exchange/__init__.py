"""What each view of the page needs: a checked request, and a reply in the form that is wanted.

Comes in: an aiohttp request and its body. Goes out: a `PageRequest` for a view, and the response
that its `View` becomes: HTML by a template, JSON, or a part of the page.
"""

from .access import page_refusal
from .assets import asset_reply
from .history import Histories
from .links import MAX_ADDRESS, add_to_filter, filter_text, share_address, view_address
from .news import News
from .page_request import PageRequest, read_fields
from .replies import Download, Moved, View, reply_with
