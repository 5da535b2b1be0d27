"""The node's way out and the users' way in: slirp4netns between the node's private network and this machine.

It is an ordinary process that makes the node's connections as its own, so neither the machine's addresses nor its
packet filter change. What users reach is forwarded from the loopback address only, and the node cannot reach the
machine's own loopback services.

Protocol: slirp4netns(1), "API socket". Stays in memory with the holder, so: standard library only.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any

#: The addresses slirp4netns uses inside.
ADDRESS, DNS = "10.0.2.100", "10.0.2.3"
LOOPBACK = "127.0.0.1"
#: What the node listens on: the ingress service's two node ports and the API server.
HTTP_NODE_PORT, HTTPS_NODE_PORT, API_NODE_PORT = 30080, 30443, 6443
SOCKET = "slirp.sock"


def command(program: str, pid: int, exit_fd: int, socket_path: str) -> list[str]:
    """Connect the network of process `pid`; ends by itself when the other end of `exit_fd` is closed."""
    return [
        program,
        "--configure",
        "--mtu=65520",
        "--disable-host-loopback",
        f"--exit-fd={exit_fd}",
        f"--api-socket={socket_path}",
        str(pid),
        "tap0",
    ]


def forwards(http_port: int, https_port: int, api_port: int) -> dict[int, int]:
    """Ports of this machine's loopback address, each with the node's port it leads to."""
    return {http_port: HTTP_NODE_PORT, https_port: HTTPS_NODE_PORT, api_port: API_NODE_PORT}


def add_forward(folder: str, host_port: int, node_port: int) -> str:
    """Publish a node's port. Returns what went wrong, or "" when it is published.

    Raises:
        OSError: slirp4netns is not there (yet).
    """
    arguments = {"proto": "tcp", "host_addr": LOOPBACK, "host_port": host_port, "guest_port": node_port}
    answer = _ask(folder, {"execute": "add_hostfwd", "arguments": arguments})
    return str(answer["error"].get("desc", answer["error"])) if "error" in answer else ""


def _ask(folder: str, request: dict[str, Any]) -> dict[str, Any]:
    """A socket's path has 108 bytes at most, a folder's may be longer: go by its descriptor."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(f"/proc/self/fd/{descriptor}/{SOCKET}")
            connection.sendall(json.dumps(request).encode())
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(4096):
                answer += part
    finally:
        os.close(descriptor)
    content: dict[str, Any] = json.loads(answer)
    return content
