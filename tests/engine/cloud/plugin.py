"""`pulumi-resource-aws` and `pulumi-resource-openstack`: the process that the engine starts and asks for its port."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from tests.engine.cloud.provider import Provider

#: The folder with the accounts, the orders and the schemas.
FOLDER = "ARCOS_TEST_CLOUD"
#: The engine's own limit of a message.
_LARGEST = 400 * 1024 * 1024


def main() -> None:
    """Serve until the engine ends the process."""
    package, folder = sys.argv[1], Path(os.environ[FOLDER])
    size = [("grpc.max_receive_message_length", _LARGEST), ("grpc.max_send_message_length", _LARGEST)]
    # A call may wait for long, and the engine asks for many things at once.
    server = grpc.server(ThreadPoolExecutor(max_workers=64), options=size)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(package, folder), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
