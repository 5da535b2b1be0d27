"""Cluster DNS for clusters that bring none: CoreDNS, which also leads the site's own names to its ingress.

Owns the `kube-dns` Service in kube-system, its deployment and its rights. Its configuration is the Corefile beside
this file. Every other cluster kind comes with a DNS of its own.
https://github.com/coredns/deployment/tree/master/kubernetes
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, ResourceOptions

from components.metadata import digest, metadata, resource_name
from components.network import IngressRule, to_api_server
from components.pod import Mount, PodArgs, Probe, Resources
from components.rights import cluster_grant
from components.workload import Workload, WorkloadArgs

#: The fixed address every kubelet hands to its pods: the tenth of the service range 10.96.0.0/16.
CLUSTER_DNS_IP = "10.96.0.10"
NAMESPACE = "kube-system"
#: The user in `images/coredns`; the port needs no privilege.
USER = 10053
_PORT = 1053
_APP = "coredns"
#: By this label everybody finds the cluster's DNS.
_KUBE_DNS = {"k8s-app": "kube-dns"}
_COREFILE = Path(__file__).with_name("Corefile")
_TOKEN_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class CoreDnsArgs:
    """`domain` and every name below it is answered with the address of the Service `ingress_service`."""

    image: str
    domain: str
    ingress_service: str


class CoreDns(ComponentResource):
    """The cluster's DNS server."""

    def __init__(self, name: str, args: CoreDnsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("arcos:components:CoreDns", name, None, opts)
        child = ResourceOptions(parent=self)
        corefile = corefile_for(args)
        config = _config(corefile, child)
        granted = cluster_grant(_APP, NAMESPACE, rights(), child)
        Workload("coredns", workload(args, corefile), child, after=[config, *granted])
        self.register_outputs({})


def corefile_for(args: CoreDnsArgs) -> str:
    """The Corefile with the site's names filled in."""
    return Template(_COREFILE.read_text(encoding="utf-8")).substitute(
        domain_pattern=re.escape(args.domain), ingress=args.ingress_service
    )


def workload(args: CoreDnsArgs, corefile: str) -> WorkloadArgs:
    """One pod that asks the API server for Services and the node's own resolver for the rest of the world."""
    return WorkloadArgs(
        namespace=NAMESPACE,
        replicas=1,
        singleton="the local site has one node",
        service_name="kube-dns",
        pod_selector=_KUBE_DNS,
        pod=PodArgs(
            app=_APP,
            image=args.image,
            user=USER,
            resources=Resources(cpu="50m", cpu_limit="1", memory="128Mi"),
            service_account=_APP,
            args=["-conf", "/etc/coredns/Corefile"],
            ports={"dns-tcp": _PORT},
            udp_ports={"dns": _PORT},
            mounts=[Mount(path="/etc/coredns", config_map=_APP)],
            live=Probe(path="/health", port=8080),
            ready=Probe(path="/ready", port=8181),
            priority_class="system-cluster-critical",
            api_token=_TOKEN_SECONDS,
            # It cannot ask itself: the node's resolver.
            dns_policy="Default",
            annotations={"arcos.dev/config": digest(corefile)},
            extra_labels=_KUBE_DNS,
        ),
        service={
            "type": "ClusterIP",
            "cluster_ip": CLUSTER_DNS_IP,
            "ports": [
                {"name": "dns", "protocol": "UDP", "port": 53, "target_port": _PORT},
                {"name": "dns-tcp", "protocol": "TCP", "port": 53, "target_port": _PORT},
            ],
        },
        ingress=[_from_every_pod()],
        egress=[to_api_server(), {"ports": [{"protocol": p, "port": 53} for p in ("UDP", "TCP")]}],
    )


def _from_every_pod() -> IngressRule:
    return {
        "from_": [{"namespace_selector": {}}],
        "ports": [{"protocol": "UDP", "port": _PORT}, {"protocol": "TCP", "port": _PORT}],
    }


def _config(corefile: str, opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
    return k8s.core.v1.ConfigMap(
        resource_name("ConfigMap", _APP, NAMESPACE),
        metadata=metadata(_APP, app=_APP, namespace=NAMESPACE),
        data={"Corefile": corefile},
        opts=opts,
    )


def rights() -> list[k8s.rbac.v1.PolicyRuleArgsDict]:
    """Names of Services and where they lead; no pods, no secrets."""
    return [
        {"api_groups": [""], "resources": ["services", "namespaces"], "verbs": ["list", "watch"]},
        {"api_groups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
