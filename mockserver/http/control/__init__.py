"""The control API, `/_mock`: sessions, seeds, journal, faults and clock, for any language.

Comes in: a request to a path below `/_mock`, from this machine or with the control token. Goes out:
a JSON reply as control.yaml describes it, after the world was read or changed.
"""

from .app import handle_control
