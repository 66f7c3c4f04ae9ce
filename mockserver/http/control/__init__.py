"""The control API, `/_mock`: sessions, seeds, journal, faults and clock, for any language.

Comes in: a request below `/_mock`, of this machine or with the token. Goes out: JSON, as
`control.yaml` describes it, once the world has done what was asked.
"""

from .app import handle_control
