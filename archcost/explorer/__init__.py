"""`archcost explore`: a local page and the service behind it.

The page clicks networks together and shows what they cost on every device at once; the same
service answers JSON (`archcost.explorer.schema`). It listens on 127.0.0.1 only, reads no files that
a request names, and bounds sizes and rates (`archcost.explorer.limits`).
"""

from archcost.explorer.app import create_app
from archcost.explorer.server import PORT, serve

__all__ = ["PORT", "create_app", "serve"]
