"""Serving the application on this machine alone."""

from __future__ import annotations

import errno
import os
import socket
import threading
import webbrowser
from collections.abc import Callable

import uvicorn

from archcost.errors import ArchcostError, UnsupportedError
from archcost.explorer.app import HOSTS, create_app

PORT = 8201
"""Where the page is unless another port is given."""
_STOP_SECONDS = 2


def serve(
    port: int = PORT, *, opened: bool = True, say: Callable[[str], None] | None = None
) -> None:
    """Serve the page on 127.0.0.1 until Ctrl-C.

    Args:
        port: 0 takes a free one.
        opened: whether to open the page in a browser.
        say: called with the address once it answers.

    Raises:
        UnsupportedError: the port is taken.
        ArchcostError: it cannot be opened.
    """
    with _listen(port) as listening:
        address = f"http://{HOSTS[0]}:{listening.getsockname()[1]}/"
        settings = uvicorn.Config(
            create_app(),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        if say is not None:
            say(address)
        if opened:
            # Connections wait until the server takes them; a browser of the terminal would not
            # come back.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        try:
            uvicorn.Server(settings).run(sockets=[listening])
        except KeyboardInterrupt:
            # How it is stopped: the server has let the running requests finish by now.
            return


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        # A port that was left a minute ago may be taken again at once.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOSTS[0], port))
        listening.listen()
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise UnsupportedError(
                f"port {port} is taken, perhaps by another archcost explore; give another with "
                "--port, or --port 0 for a free one"
            ) from None
        raise ArchcostError(f"port {port} cannot be opened ({error.strerror})") from None
    return listening
