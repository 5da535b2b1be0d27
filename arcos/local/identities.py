"""Who each program of a local cluster is: one certificate a program, so that each has its own rights and no more.

The names are those that Kubernetes gives rights to by itself, or those of `files/cluster.yaml`:
https://kubernetes.io/docs/setup/best-practices/certificates/
"""

from __future__ import annotations

from arcos.local import network
from arcos.local.pki import Leaf

#: The first address of the services' range is the API server's.
FIRST_SERVICE = "10.96.0.1"
USERS = {
    "controller-manager": "system:kube-controller-manager",
    "scheduler": "system:kube-scheduler",
    "kube-proxy": "system:kube-proxy",
    "local-storage": "arcos:local-storage",
}
#: Who may do everything: the user, and what plays the part of all simulated nodes.
ADMINISTRATORS = ("admin", "kwok")
#: Who gets a kubeconfig beside its key; the user's own lies in the site's folder.
CLIENTS = (*USERS, "kubelet", "kwok")


def leaves(site: str) -> list[Leaf]:
    """Every certificate of the cluster of a site, whose one real node has the site's name."""
    service = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
    api = ("localhost", *service, "127.0.0.1", FIRST_SERVICE, network.ADDRESS)
    return [
        Leaf(name="apiserver", authority="ca", user="kube-apiserver", names=api),
        Leaf(name="apiserver-kubelet", authority="ca", user="arcos:apiserver-kubelet"),
        Leaf(name="apiserver-etcd", authority="etcd-ca", user="kube-apiserver"),
        Leaf(name="etcd", authority="etcd-ca", user="etcd", names=("localhost", "127.0.0.1")),
        Leaf(name="front-proxy-client", authority="front-proxy-ca", user="front-proxy-client"),
        Leaf(name="kubelet-server", authority="ca", user=site, names=(site, network.ADDRESS)),
        Leaf(name="kubelet", authority="ca", user=f"system:node:{site}", groups=("system:nodes",)),
        *(Leaf(name=name, authority="ca", user=user) for name, user in USERS.items()),
        *(Leaf(name=name, authority="ca", user=f"arcos:{name}", groups=("system:masters",)) for name in ADMINISTRATORS),
    ]
