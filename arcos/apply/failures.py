"""What kubectl's error output means.

Owns the one table from kubectl's and the API server's words to reasons the rest of ``arcos.apply`` acts on, and to
the sentence a person reads. Leaves running kubectl to ``kubectl.py``. The words come from the API machinery's errors
(https://github.com/kubernetes/apimachinery/blob/master/pkg/api/errors/errors.go), from client-go's dialling errors
and from the admission plugins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from arcos.errors import ArcosError


class Reason(Enum):
    """Why the server, or kubectl before it, refused."""

    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    UNAUTHORIZED = "unauthorized"
    TERMINATING = "terminating"
    DENIED = "denied"
    QUOTA = "quota"
    FORBIDDEN = "forbidden"
    OWNED = "owned"
    CONFLICT = "conflict"
    EXISTS = "exists"
    UNKNOWN_KIND = "unknown kind"
    NOT_FOUND = "not found"
    IMMUTABLE = "immutable"
    INVALID = "invalid"
    KUBECONFIG = "kubeconfig"
    OTHER = "other"


@dataclass(frozen=True)
class Failure:
    """One error among those a kubectl run may report."""

    reason: Reason
    message: str


class ServerError(ArcosError):
    """kubectl failed; ``failures`` holds every error it reported, in order, ``log`` all it wrote to standard error."""

    def __init__(self, failures: list[Failure], *, where: str, fix: str = "", log: str = "") -> None:
        first = failures[0]
        title, default_fix = _ADVICE[first.reason]
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        super().__init__(title + more, where=where, why=one_line(first.message), fix=fix or default_fix)
        self.failures = failures
        self.log = log

    @property
    def reason(self) -> Reason:
        """The first failure's reason."""
        return self.failures[0].reason


# The order decides: an exceeded quota also says "forbidden", an untrusted certificate also "Unable to connect", and a
# kubeconfig that names no cluster leads to localhost:8080.
_PATTERNS: dict[Reason, tuple[str, ...]] = {
    Reason.UNTRUSTED: (
        "x509:", "certificate signed by unknown", "server gave HTTP response to HTTPS",
        "does not look like a TLS handshake", "rejected our request for an unknown reason",
    ),
    Reason.UNAUTHORIZED: ("You must be logged in", r"\(Unauthorized\)", "getting credentials: exec", "^error: EOF$"),
    Reason.OWNED: (r"Apply failed with \d+ conflict",),
    Reason.KUBECONFIG: (
        'context "[^"]*" does not exist', "context was not found", "no configuration has been provided",
        "current-context", "error loading config", "stat .*: no such file", "Error in configuration",
        "localhost:8080 was refused",
    ),
    Reason.UNREACHABLE: (
        "connection refused", "was refused", "Unable to connect to the server", "no such host", "i/o timeout",
        "TLS handshake", "connection reset", "unexpected EOF", ": EOF$", "broken pipe", "http2: ", r"Client\.Timeout",
        "context deadline exceeded", "ServiceUnavailable", r"\(Timeout\)", "currently unable to handle", "etcdserver: ",
        "TooManyRequests", "time allotted", "network is unreachable", "no route to host", "not yet ready to handle",
        "apiserver is shutting down", "unable to return a response", r"\(InternalError\): .*(etcd|dial tcp 127)",
    ),
    Reason.TERMINATING: ("because it is being terminated",),
    Reason.QUOTA: ("exceeded quota", "failed quota"),
    Reason.DENIED: (
        "admission webhook .* denied", "ValidatingAdmissionPolicy", "violates PodSecurity", "failed calling webhook",
        "is forbidden: (maximum|minimum) ",
    ),
    Reason.FORBIDDEN: (r"\(Forbidden\)", "is forbidden"),
    Reason.IMMUTABLE: ("field is immutable", "updates to statefulset spec for fields other than"),
    Reason.INVALID: (
        r"\(Invalid\)", r"\(BadRequest\)", "is invalid:", "strict decoding error", "unknown field", "cannot unmarshal",
        "failed to create typed", "error validating", "expected .*, got ",
    ),
    Reason.EXISTS: (r"\(AlreadyExists\)",),
    Reason.CONFLICT: (r"\(Conflict\)",),
    Reason.UNKNOWN_KIND: (
        "no matches for kind", "doesn't have a resource type", "could not find the requested resource",
    ),
    Reason.NOT_FOUND: (r"\(NotFound\)",),
}  # fmt: skip

_ADVICE: dict[Reason, tuple[str, str]] = {
    Reason.UNREACHABLE: (
        "the cluster does not answer",
        "is its address right, and its network reached from here (VPN, proxy)? for a local site: ./arcosctl doctor",
    ),
    Reason.UNTRUSTED: (
        "what answers at the cluster's address is not what the kubeconfig expects",
        "fetch the kubeconfig again from whoever runs the cluster",
    ),
    Reason.UNAUTHORIZED: ("the cluster refuses the kubeconfig's credentials", "log in to the cluster again"),
    Reason.TERMINATING: ("a namespace is still being deleted", "wait until it is gone, then run the command again"),
    Reason.DENIED: ("the cluster's admission rules refuse an object", "change what they name, then run it again"),
    Reason.QUOTA: ("a quota of the cluster is used up", "ask the cluster's owner for more, or ask for less"),
    Reason.FORBIDDEN: ("the kubeconfig's user may not do this", "use a kubeconfig with cluster-admin rights"),
    Reason.OWNED: ("another program manages the same field", "run it again with --take-over to make the value ours"),
    Reason.CONFLICT: ("somebody else changed the object at the same time", "run the command again"),
    Reason.EXISTS: ("the object exists already", "run the command again"),
    Reason.UNKNOWN_KIND: ("the cluster does not know a kind", "install what brings the kind, or leave the app out"),
    Reason.NOT_FOUND: ("the object does not exist", "run the command again"),
    Reason.IMMUTABLE: ("a field that can never change is different", "delete the object, then run the command again"),
    Reason.INVALID: ("the cluster refuses an object as invalid", "correct the component that makes the object"),
    Reason.KUBECONFIG: ("the kubeconfig cannot be used", "correct the kubeconfig, or `cluster` in the site file"),
    Reason.OTHER: ("kubectl failed", "./arcosctl doctor"),
}

#: What kubectl says of a kubeconfig that lacks something, and what it means.
_PLAINER = (
    (r"^The connection to the server localhost:8080 was refused.*", "it names no cluster, or no `current-context`"),
    (r"^error: EOF$", "it holds no credentials: kubectl would ask for a user's name"),
)

_BLOCK = re.compile(
    r"^(Error |error: |The connection to|Unable to |Apply failed with|resource mapping not found|unable to |The \w+ \")"
)
_LOG = re.compile(r"^[IWEF]\d{4} ")
_HINT = re.compile(r"\n(Please review the fields|ensure CRDs are installed).*|; if you choose to ignore.*", re.DOTALL)


def one_line(text: str, limit: int = 400) -> str:
    """``text`` without line breaks and kubectl's own lead-in, cut to ``limit`` characters."""
    flat = " ".join(text.split())
    flat = re.sub(r"^(Error from server(?: \(\w+\))?: |error: )", "", flat)
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."


def parse(stderr: str) -> list[Failure]:
    """Every error in kubectl's standard error, in its order; never empty."""
    blocks: list[str] = []
    in_log = False
    for line in stderr.splitlines():
        if in_log or _LOG.match(line):
            # An entry of the log may go on with the server's answer, down to its closing brace.
            in_log = line != "}" and (in_log or line.endswith("response object: {"))
            continue
        if line.startswith("Warning:"):
            continue
        if _BLOCK.match(line) or not blocks:
            blocks.append(line)
        else:
            blocks[-1] += "\n" + line
    messages = [_HINT.sub("", block).strip() for block in blocks]
    return [Failure(_reason(m), _plainer(m)) for m in messages if m] or [_silent(stderr)]


def _plainer(message: str) -> str:
    return next((plain for said, plain in _PLAINER if re.search(said, message)), message)


def _silent(stderr: str) -> Failure:
    last = stderr.strip().splitlines()[-1:] or ["kubectl said nothing"]
    return Failure(_reason(last[0]), last[0])


def _reason(message: str) -> Reason:
    for reason, patterns in _PATTERNS.items():
        if any(re.search(pattern, message) for pattern in patterns):
            return reason
    return Reason.OTHER
