"""A cluster that AWS's EKS makes. `make` builds it in push delivery; `inside` puts in storage classes and autoscaler.

AWS's SDK takes a second to import: only `make` does, so that rendering a site never waits for it.
https://docs.aws.amazon.com/eks/latest/userguide/what-is-eks.html
"""

from __future__ import annotations

from pulumi import Config, ResourceOptions

from components.clusters.aws_eks.autoscaler import EksAutoscaler, EksAutoscalerArgs
from components.clusters.aws_eks.config import AwsEks
from components.clusters.aws_eks.inside import EksStorageClasses, EksStorageClassesArgs
from components.clusters.aws_eks.names import cluster_name
from components.clusters.contract import ClusterArgs, Connection


def make(args: ClusterArgs, opts: ResourceOptions) -> Connection:
    """The VPC, the control plane, machines, add-ons; reached when all of it is there, so that it goes last."""
    from components.clusters.aws_eks.eks import EksCluster, EksClusterArgs

    config: AwsEks = args.config
    provider = Config("aws")
    wanted = EksClusterArgs(
        site=args.site,
        region=provider.require("region"),
        profile=provider.get("profile"),
        kubernetes=args.kubernetes,
        config=config,
        buckets=args.buckets,
    )
    made = EksCluster("eks", wanted, opts)
    return Connection(kubeconfig=made.kubeconfig, nodes=shell(wanted.region))


def shell(region: str) -> str:
    """How an operator gets a shell on a machine: by Systems Manager, without a key or an open port."""
    ids = "kubectl get nodes -o custom-columns=NAME:.metadata.name,ID:.spec.providerID"
    return f"{ids}, then: aws ssm start-session --region {region} --target ID (its last part, i-...)"


def inside(args: ClusterArgs, opts: ResourceOptions) -> None:
    """Storage classes, and the autoscaler; DNS, network policies and GPUs are EKS's own add-ons and images."""
    config: AwsEks = args.config
    EksStorageClasses("eks-storage", EksStorageClassesArgs(file_system=config.shared_file_system or ""), opts)
    if config.autoscaling:
        image = args.image("cluster-autoscaler")
        EksAutoscaler("autoscaler", EksAutoscalerArgs(image=image, cluster_name=cluster_name(args.site)), opts)
