"""What holds for every object of every site: names, images, resources, networks, rights, secrets."""

from __future__ import annotations

import re

import pytest

from arcos.render.evaluate import images
from arcos.render.monitor import leaves
from components import baseline

#: Kinds that live outside namespaces. https://kubernetes.io/docs/reference/kubernetes-api/
CLUSTER_WIDE = {"Namespace", "PriorityClass", "StorageClass", "ClusterRole", "ClusterRoleBinding"}
DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
#: Where nothing of ours is alone: the cluster's own namespace has no default-deny.
FOREIGN_NAMESPACES = {"kube-system"}


def _containers(pods):
    for where, template in pods:
        spec = template["spec"]
        for container in spec.get("initContainers", []) + spec["containers"]:
            yield f"{where}, container {container['name']}", container


def test_every_object_names_itself_and_its_namespace(objects):
    for where, manifest in objects:
        meta = manifest["metadata"]
        assert "generateName" not in meta, where
        assert DNS_NAME.fullmatch(meta["name"]), where
        assert ("namespace" in meta) == (manifest["kind"] not in CLUSTER_WIDE), where


def test_no_object_is_rendered_twice(rendered):
    for site, manifests in rendered.items():
        ids = [(m["apiVersion"], m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in manifests]
        assert len(ids) == len(set(ids)), site


def test_every_object_belongs_to_arcos_and_an_app(objects):
    for where, manifest in objects:
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "arcos", where
        assert labels["app.kubernetes.io/name"], where


def test_objects_come_after_the_namespace_they_live_in(rendered):
    for site, manifests in rendered.items():
        made = {"kube-system"}
        for manifest in manifests:
            assert manifest["metadata"].get("namespace", "kube-system") in made, (site, manifest["metadata"])
            if manifest["kind"] == "Namespace":
                made.add(manifest["metadata"]["name"])


def test_nothing_is_null_or_empty(objects):
    """A null or an empty list says nothing and only makes the live object differ from the rendered one."""
    for where, manifest in objects:
        for path, value in leaves(manifest):
            assert value is not None, (where, path)
        empty = [path for path, value in _nodes(manifest) if value in ([], {}) and path != "spec.podSelector"]
        empty = [path for path in empty if not path.endswith("namespaceSelector")]
        assert not empty, (where, empty)


def _nodes(value, path=""):
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from _nodes(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        yield path, value
        for inner in value:
            yield from _nodes(inner, path)


def test_every_image_is_named_by_digest(objects):
    for where, manifest in objects:
        for image in images(manifest):
            assert re.fullmatch(r"[a-z0-9.:/-]+:[\w.-]+@sha256:[0-9a-f]{64}", image), (where, image)


def test_no_image_comes_from_anywhere_but_the_sites_registry(every_site, rendered):
    for site, manifests in rendered.items():
        for manifest in manifests:
            for image in images(manifest):
                assert image.startswith(every_site[site].registry + "/"), (site, image)


def test_every_container_asks_for_what_it_needs_and_has_limits(pods):
    for where, container in _containers(pods):
        resources = container["resources"]
        assert set(resources["requests"]) == {"cpu", "memory"}, where
        assert resources["limits"]["memory"] == resources["requests"]["memory"], f"{where}: memory cannot be squeezed"
        assert "cpu" in resources["limits"], f"{where}: one runaway process must not stop a small site"


def test_every_container_has_a_read_only_root_and_a_high_user(pods):
    for where, container in _containers(pods):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True, where
        assert context["runAsUser"] >= 10000, f"{where}: a low number may be a user of the node"
        assert container["imagePullPolicy"] == "IfNotPresent", (
            f"{where}: the digest says it all, the registry may be down"
        )


def test_every_service_is_probed_and_drains(objects):
    for where, manifest in objects:
        if manifest["kind"] == "Deployment":
            for container in manifest["spec"]["template"]["spec"]["containers"]:
                assert {"startupProbe", "readinessProbe", "livenessProbe", "lifecycle"} <= set(container), where


def test_every_service_survives_a_nodes_maintenance_or_says_why_not(rendered):
    for site, manifests in rendered.items():
        budgets = {
            (m["metadata"]["namespace"], m["metadata"]["name"]) for m in manifests if m["kind"] == "PodDisruptionBudget"
        }
        for m in manifests:
            if m["kind"] == "Deployment":
                meta = m["metadata"]
                several = m["spec"]["replicas"] > 1
                assert several == ((meta["namespace"], meta["name"]) in budgets), (site, meta["name"])
                assert several != bool(meta.get("annotations", {}).get("arcos.dev/singleton")), (site, meta["name"])
                assert several == ("topologySpreadConstraints" in m["spec"]["template"]["spec"]), (site, meta["name"])


def test_every_pod_has_an_account_of_its_own_without_rights_by_default(rendered, pods):
    for where, template in pods:
        spec = template["spec"]
        assert spec["serviceAccountName"] != "default", where
        assert spec["automountServiceAccountToken"] is False, where
        assert spec["enableServiceLinks"] is False, where
    for site, manifests in rendered.items():
        users = [
            (m["metadata"]["namespace"], m["spec"]["template"]["spec"]["serviceAccountName"])
            for m in manifests
            if isinstance(m.get("spec"), dict) and "template" in m["spec"]
        ]
        assert len(users) == len(set(users)), f"{site}: two workloads share an account"


def test_only_what_talks_to_the_api_holds_a_token(pods):
    holders = {
        template["metadata"]["labels"]["app.kubernetes.io/name"]
        for _, template in pods
        if any("projected" in volume for volume in template["spec"].get("volumes", []))
    }
    services = {name for name in holders if not name.startswith("seed-")}
    # Prometheus reads figures of kubelets with it, cluster-state lists what it counts, node-pools labels nodes, dns
    # reads the proxy's Service, the autoscaler sees which pods wait.
    talk = {"coredns", "jupyterhub", "cluster-state", "node-pools", "prometheus", "dns", "cluster-autoscaler"}
    assert services == talk, "the proxies that face the internet hold no credential"


def test_every_pod_stands_under_a_network_policy_both_ways(rendered, pods):
    for site, manifests in rendered.items():
        policies = [m for m in manifests if m["kind"] == "NetworkPolicy"]
        for where, template in pods:
            if where.startswith(f"{site}:"):
                kinds = {k for p in policies if _selects(p, template) for k in p["spec"]["policyTypes"]}
                assert kinds == {"Ingress", "Egress"}, where


def _selects(policy, template):
    wanted = policy["spec"]["podSelector"].get("matchLabels", {})
    same_namespace = policy["metadata"]["namespace"] == template["metadata"]["namespace"]
    return same_namespace and wanted.items() <= template["metadata"]["labels"].items()


def test_every_namespace_denies_by_default_and_has_a_quota(rendered):
    for site, manifests in rendered.items():
        for namespace in [m["metadata"]["name"] for m in manifests if m["kind"] == "Namespace"]:
            inside = [m for m in manifests if m["metadata"].get("namespace") == namespace]
            deny = [m for m in inside if m["kind"] == "NetworkPolicy" and m["spec"].get("podSelector") == {}]
            assert {"Ingress", "Egress"} in [
                set(m["spec"]["policyTypes"]) for m in deny if "egress" not in m["spec"]
            ], site
            assert {"ResourceQuota", "LimitRange"} <= {m["kind"] for m in inside}, (site, namespace)


def test_pods_run_only_where_the_platform_has_a_namespace(rendered, pods):
    for where, template in pods:
        site = where.partition(":")[0]
        own = {m["metadata"]["name"] for m in rendered[site] if m["kind"] == "Namespace"}
        assert template["metadata"]["namespace"] in own | FOREIGN_NAMESPACES, where


def test_the_quota_has_room_for_a_rolling_update(rendered):
    for site, manifests in rendered.items():
        for quota in (m for m in manifests if m["kind"] == "ResourceQuota"):
            namespace = quota["metadata"]["namespace"]
            running = [
                (m["spec"].get("replicas", 0) + 1, m["spec"]["template"]["spec"]["containers"])
                for m in manifests
                if m["metadata"].get("namespace") == namespace and m["kind"] in ("Deployment", "Job")
            ]
            memory = sum(n * int(c["resources"]["limits"]["memory"][:-2]) for n, cs in running for c in cs)
            cpu = sum(n * int(c["resources"]["requests"]["cpu"][:-1]) for n, cs in running for c in cs)
            hard = quota["spec"]["hard"]
            assert sum(n for n, _ in running) <= int(hard["pods"]), (site, namespace)
            assert memory <= _mebibytes(hard["limits.memory"]), (site, namespace)
            assert cpu <= int(hard["requests.cpu"]) * 1000, (site, namespace)


def _mebibytes(quantity):
    return int(quantity[:-2]) * (1024 if quantity.endswith("Gi") else 1)


def test_priority_classes_that_pods_name_exist(rendered, pods):
    known = {baseline.CRITICAL, baseline.SERVICE, baseline.USER, "system-cluster-critical", None}
    for where, template in pods:
        assert template["spec"].get("priorityClassName") in known, where


def test_no_secret_is_rendered(objects):
    assert not [where for where, manifest in objects if manifest["kind"] == "Secret"]


@pytest.mark.parametrize("word", ["BEGIN PRIVATE KEY", "BEGIN EC PRIVATE KEY", "BEGIN RSA PRIVATE KEY"])
def test_no_key_stands_in_any_field(objects, word):
    for where, manifest in objects:
        assert not [path for path, value in leaves(manifest) if word in str(value)], where


def test_nobody_may_read_all_secrets(objects):
    for where, manifest in objects:
        for rule in manifest.get("rules", []):
            if "secrets" in rule["resources"]:
                named = bool(rule.get("resourceNames"))
                assert manifest["kind"] == "Role", f"{where}: cluster-wide"
                assert rule["verbs"] == ["create"] or (named and rule["verbs"] in (["get"], ["update"])), where


def _may_write(role, rule):
    """The seeder keeps copies of a secret in step, each by its name; the hub ends servers; nodes are labelled."""
    name = role["metadata"]["name"]
    seeder = name.startswith("seed-") and rule["resourceNames"] and rule["verbs"] == ["update"]
    nodes = name == "arcos-node-pools" and (rule["resources"], rule["verbs"]) == (["nodes"], ["list", "patch", "watch"])
    return seeder or nodes or _machines(role, rule) or (name == "jupyterhub-servers" and rule["resources"] == ["pods"])


def _machines(role, rule):
    """The autoscaler marks the machine that it takes away, moves its pods, and says so."""
    may = (
        (["nodes"], ["get", "list", "watch", "update"]),
        (["events"], ["create", "patch"]),
        (["pods/eviction"], ["create"]),
    )
    return role["metadata"]["name"] == "arcos-cluster-autoscaler" and (rule["resources"], rule["verbs"]) in may


def test_rights_are_narrow(objects):
    writing = {"update", "patch", "delete", "deletecollection", "escalate", "bind", "impersonate"}
    for where, manifest in objects:
        for rule in manifest.get("rules", []):
            every = rule["apiGroups"] + rule["resources"] + rule["verbs"]
            assert "*" not in every, where
            assert not writing & set(rule["verbs"]) or _may_write(manifest, rule), where
            # Beside an object there may be a way into a pod (pods/exec). Figures of kubelets are behind this one only.
            figures = (rule["verbs"], rule["resources"]) == (["get"], ["nodes/metrics"])
            assert (
                figures
                or _machines(manifest, rule)
                or not [resource for resource in rule["resources"] if "/" in resource]
            ), where


def test_bindings_lead_from_existing_roles_to_existing_accounts(rendered):
    for site, manifests in rendered.items():
        ids = {(m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in manifests}
        for m in manifests:
            if m["kind"].endswith("Binding"):
                ref = m["roleRef"]
                assert (ref["kind"], m["metadata"].get("namespace"), ref["name"]) in ids, (site, ref)
                for subject in m["subjects"]:
                    assert (subject["kind"], subject["namespace"], subject["name"]) in ids, (site, subject)


def test_a_namespace_without_volumes_lets_no_claim_in(rendered):
    """So it may go with its app, and nothing that anybody wrote goes with it. See docs/adr/0030."""
    for site, manifests in rendered.items():
        closed = {
            m["metadata"]["namespace"]
            for m in manifests
            if m["kind"] == "ResourceQuota" and m["spec"]["hard"].get("persistentvolumeclaims") == "0"
        }
        claims = {m["metadata"]["namespace"] for m in manifests if m["kind"] == "PersistentVolumeClaim"}
        assert not claims & closed, site
        assert closed, site
