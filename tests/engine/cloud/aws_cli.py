"""The one thing that a kubeconfig of EKS asks of AWS's command line: who the caller is in the cluster.

Answers with the identity that the real cluster behind the fake one knows.
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.engine.cloud.kubeconfig import facts
from tests.engine.cloud.plugin import FOLDER
from tests.engine.cloud.steering import Steering


def main() -> None:
    """Print a credential for `aws eks get-token`; anything else is refused."""
    if sys.argv[1:3] != ["eks", "get-token"]:
        sys.exit(f"aws: this test has no `{' '.join(sys.argv[1:])}`")
    steering = Steering(Path(os.environ[FOLDER]) / "steering.json")
    known = facts(steering.data().get("kubeconfig", ""))
    status = {
        "clientCertificateData": known["kubeconfig_certificate"],
        "clientKeyData": known["kubeconfig_key"],
        "token": known["kubeconfig_token"],
    }
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {key: value for key, value in status.items() if value},
    }
    print(json.dumps(credential))


if __name__ == "__main__":
    main()
