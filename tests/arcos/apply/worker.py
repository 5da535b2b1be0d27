"""`apply` as a process that tests kill: SITE KUBECONFIG MANIFESTS KUBECTL [wait] [delete-data]."""

import json
import sys
from pathlib import Path

from arcos.apply.kubectl import Kubectl
from arcos.apply.up import apply
from arcos.errors import ArcosError
from arcos.progress import Progress

site, kubeconfig, manifests, program, *options = sys.argv[1:]
try:
    outcome = apply(
        site, json.loads(Path(manifests).read_text()), Kubectl(Path(kubeconfig), program=Path(program)), Progress(),
        wait="wait" in options, delete_data="delete-data" in options, timeout=60,
    )  # fmt: skip
except ArcosError as error:
    print(error)
    sys.exit(error.exit_code)
print(outcome)
