"""What GPUs are called: by pods that ask for one, and by the CDI files that describe them on a node. Pure.

https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/
https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Names:
    """`resource` is what pods ask for, `cdi` the kind of the devices in CDI files."""

    resource: str
    cdi: str


#: By vendor, as their own device plugins and tools name them.
NAMES = {
    "amd": Names(resource="amd.com/gpu", cdi="amd.com/gpu"),
    "intel": Names(resource="gpu.intel.com/i915", cdi="intel.com/gpu"),
    "nvidia": Names(resource="nvidia.com/gpu", cdi="nvidia.com/gpu"),
}
