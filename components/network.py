"""Who may talk to whom: the rules network policies are made of.

Every namespace denies everything both ways (see `namespace.py`); each workload opens what it needs with these. Pure
functions. Policies see a pod's own port, never the port of the Service in front of it.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from typing import TypeAlias

import pulumi_kubernetes as k8s

from components.metadata import selector

IngressRule: TypeAlias = "k8s.networking.v1.NetworkPolicyIngressRuleArgsDict"
EgressRule: TypeAlias = "k8s.networking.v1.NetworkPolicyEgressRuleArgsDict"
Ports: TypeAlias = "list[k8s.networking.v1.NetworkPolicyPortArgsDict]"

#: The API server behind `kubernetes.default`: 443 as a Service, 6443 as kubeadm, Magnum and the local site run it.
API_SERVER_PORTS = (443, 6443)
#: Cluster DNS pods listen on 53; the local site's own on 1053, which needs no privilege.
DNS_PORTS = (53, 1053)


def _tcp(*ports: int) -> Ports:
    return [{"protocol": "TCP", "port": port} for port in ports]


def _pods(app: str, namespace: str) -> k8s.networking.v1.NetworkPolicyPeerArgsDict:
    return {
        "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": namespace}},
        "pod_selector": {"match_labels": selector(app)},
    }


def from_app(app: str, namespace: str, *ports: int) -> IngressRule:
    """Let the pods of `app` in `namespace` reach these TCP ports."""
    return {"from_": [_pods(app, namespace)], "ports": _tcp(*ports)}


def from_namespace(namespace: str, *ports: int) -> IngressRule:
    """Let every pod of `namespace` reach these TCP ports."""
    peer: k8s.networking.v1.NetworkPolicyPeerArgsDict = {
        "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": namespace}}
    }
    return {"from_": [peer], "ports": _tcp(*ports)}


def from_anywhere(*ports: int) -> IngressRule:
    """Let everybody, in the cluster or outside, reach these TCP ports."""
    return {"ports": _tcp(*ports)}


def to_app(app: str, namespace: str, *ports: int) -> EgressRule:
    """Reach these TCP ports of the pods of `app` in `namespace`."""
    return {"to": [_pods(app, namespace)], "ports": _tcp(*ports)}


def to_namespace(namespace: str, *ports: int) -> EgressRule:
    """Reach these TCP ports of every pod of `namespace`."""
    peer: k8s.networking.v1.NetworkPolicyPeerArgsDict = {
        "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": namespace}}
    }
    return {"to": [peer], "ports": _tcp(*ports)}


def to_anywhere(*ports: int) -> EgressRule:
    """Reach these TCP ports wherever they are: for what is outside of the cluster."""
    return {"ports": _tcp(*ports)}


def to_anywhere_both(*ports: int) -> EgressRule:
    """Reach these ports wherever they are, over TCP and UDP, as DNS itself is spoken."""
    return {"ports": [{"protocol": protocol, "port": port} for port in ports for protocol in ("TCP", "UDP")]}


def to_pod_identity() -> EgressRule:
    """Reach what hands out a pod's own rights on EKS: an agent on its node. Elsewhere nobody is there.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
    """
    return {"to": [{"ip_block": {"cidr": "169.254.170.23/32"}}], "ports": _tcp(80)}


def to_api_server() -> EgressRule:
    """Reach the Kubernetes API. It is no pod, and its address differs by cluster, so the rule is by port only."""
    return {"ports": _tcp(*API_SERVER_PORTS)}


def to_dns() -> EgressRule:
    """Resolve names at the cluster's DNS, whose pods carry `k8s-app: kube-dns` in every distribution."""
    return {
        "to": [
            {
                "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "kube-system"}},
                "pod_selector": {"match_labels": {"k8s-app": "kube-dns"}},
            }
        ],
        "ports": [{"protocol": protocol, "port": port} for port in DNS_PORTS for protocol in ("UDP", "TCP")],
    }
