"""Where the checkout is; servers and commands are started there."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
