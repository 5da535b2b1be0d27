"""What is known of EC2's machine types by their names alone. No Pulumi here.

`m7i-flex.large` is family `m`, generation 7, attributes `i-flex`; `g` among the attributes is AWS's ARM processor.
https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
"""

from __future__ import annotations

import re

#: Pattern of a machine type's name.
PATTERN = r"^[a-z]+[0-9]+[a-z0-9-]*\.[a-z0-9-]+$"
_PARTS = re.compile(r"(?P<family>[a-z]+?)(?P<generation>[0-9]+)(?P<attributes>[a-z0-9-]*)\.")
#: Families whose machines have a GPU of NVIDIA, but for those with an attribute `a`, which are AMD's.
_NVIDIA = ("g", "gr", "p")


def is_arm(machine: str) -> bool:
    """Whether a machine has an ARM processor, which this platform's images are not built for."""
    parts = _PARTS.match(machine)
    return parts is not None and (parts["family"] == "a" or "g" in parts["attributes"])


def has_nvidia(machine: str) -> bool:
    """Whether a machine has a GPU of NVIDIA."""
    parts = _PARTS.match(machine)
    return parts is not None and parts["family"] in _NVIDIA and not parts["attributes"].startswith("a")
