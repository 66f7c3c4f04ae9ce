"""The table of endpoints: which operation answers a method and path.

Comes in: nothing; the names of operations and models are looked up when they are first called.
Goes out: `ENDPOINTS`, one `Endpoint` for each method and path. There is a file for each kind of
record, and a new endpoint is a line in one of them.
"""

from .endpoint import Endpoint
from .table import ENDPOINTS, MODELLED_SUMMARY, first_method, lacks_path
