"""What a template becomes, as Prefect renders it, at a cost that is known.

Invariants: a value that a template makes or looks up is counted before something is done with it;
what makes more of a value than a few times its size is counted before it is done; a loop is
counted before it begins. What is not known to be so is not rendered.

Nothing is given to templates here, as Prefect gives nothing to those in parameters: all values
come from the template itself.
"""

from __future__ import annotations

from jinja2 import nodes

from ..errors import RefusedRequest
from .allowed import check_allowed
from .environment import ENVIRONMENT
from .failures import RenderingFailed
from .meter import TemplateMeter, counting
from .metering import add_meters

_STEPS_TO_COMPILE = 100
_STEPS_A_NODE = 25


def render_template(tree: nodes.Template, meter: TemplateMeter) -> str:
    """What a template becomes; its tree is used up.

    Raises RenderingFailed, NotModelled for what is not rendered, and TooLarge.
    """
    # Prefect: utilities/user_templates.py, render_user_template_sync.
    meter.charge(_STEPS_TO_COMPILE + _STEPS_A_NODE * check_allowed(tree))
    try:
        with counting(meter):
            add_meters(tree)
            return ENVIRONMENT.from_string(tree).render()
    except RefusedRequest:
        raise
    except Exception as error:  # noqa: BLE001  # as there, whatever goes wrong in a template
        raise RenderingFailed(
            f"Failed to render template due to the following error: {error!r}"
        ) from None
