"""AWS's own model of its services, as botocore carries it: whether a call's parameters are what the service takes."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

#: What EC2 takes in descriptions, which its model does not say.
#: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
_EC2_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
#: What S3 takes as a name, which its model does not say; a dot would be outside of its certificate.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@functools.cache
def operation(service: str, name: str) -> OperationModel:
    """The model of one operation; raises where the service has none of that name."""
    return botocore.session.get_session().get_service_model(service).operation_model(name)


def mistakes(service: str, name: str, params: dict[str, Any]) -> list[str]:
    """What the service would refuse in these parameters before it looks at anything else."""
    shape = operation(service, name).input_shape
    report = ParamValidator().validate(params, shape)
    found = [report.generate_report()] if report.has_errors() else []
    found += _beyond(shape, params, name)
    if service == "ec2" and not _EC2_TEXT.fullmatch(str(params.get("Description", ""))):
        found.append(f"{name}.Description: EC2 takes no such character")
    if service == "s3" and not _BUCKET.fullmatch(str(params["Bucket"])):
        found.append(f"{name}.Bucket: S3 takes no such name: {params['Bucket']!r}")
    return found


def _beyond(shape: Shape, value: Any, at: str) -> Iterator[str]:
    """Values that no list has, and texts that are too long or spelled otherwise: botocore leaves them to AWS."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for key, inner in value.items():
            if key in shape.members:
                yield from _beyond(shape.members[key], inner, f"{at}.{key}")
    elif shape.type_name == "list" and isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _beyond(shape.member, inner, f"{at}[{index}]")
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _text(shape, value, at)


def _text(shape: Shape, value: str, at: str) -> Iterator[str]:
    if (allowed := getattr(shape, "enum", None)) and value not in allowed:
        yield f"{at}: {value!r} is none of {allowed}"
    if len(value) > shape.metadata.get("max", len(value)):
        yield f"{at}: {value!r} is longer than {shape.metadata['max']}"
    pattern = shape.metadata.get("pattern")
    if pattern and _readable(pattern) and not re.fullmatch(pattern, value, flags=re.DOTALL):
        yield f"{at}: {value!r} is not spelled as {pattern}"


def _readable(pattern: str) -> bool:
    """Some patterns are written for another language's regular expressions."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
