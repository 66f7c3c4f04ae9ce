"""Templates that users write: their syntax, and what they become, as Prefect has it, within bounds.

Comes in: a text with Jinja in it, and a `TemplateMeter`, which bounds what the templates of one
request may cost. Goes out: a tree of the text, and the text that it becomes, or an error in the
words of a real server. `syntax` reads a template and `rendering` renders it in `environment`, if
`allowed` knows what its parts cost; `metering` makes it count them for the `meter`. Jinja is
imported once there is a template.
"""

from ..lazy_exports import TYPE_CHECKING, lazy_exports
from .failures import InvalidTemplate, RenderingFailed
from .meter import TemplateMeter

if TYPE_CHECKING:
    from .rendering import render_template
    from .syntax import read_template

__getattr__ = lazy_exports(
    __name__, {"rendering": ("render_template",), "syntax": ("read_template",)}
)
