"""Whose value wins when somebody else changed a field, and what refusals of a real API server look like to people."""

from __future__ import annotations

import json
import time

import pytest

from arcos.apply.failures import Failure, Reason, ServerError
from arcos.apply.kubectl import Kubectl
from arcos.apply.manifest import identify
from arcos.apply.serverside import Conflict, attribute, conflicts
from arcos.errors import ArcosError


def test_every_manager_and_its_fields_are_read_from_a_conflict():
    message = (
        'Apply failed with 3 conflicts: conflicts with "kubectl-edit" using v1:\n- .data.x\n- .data.y\n'
        'conflicts with "kube-controller-manager" with subresource "scale" using apps/v1:\n- .spec.replicas'
    )
    assert conflicts(message) == [
        Conflict("kubectl-edit", "", (".data.x", ".data.y")),
        Conflict("kube-controller-manager", "scale", (".spec.replicas",)),
    ]


def test_a_single_conflict_stands_on_one_line():
    message = 'Apply failed with 1 conflict: conflict with "operator" using v1: .data.x'
    assert conflicts(message) == [Conflict("operator", "", (".data.x",))]


def test_two_objects_of_one_name_are_told_apart_by_the_request_that_failed():
    def policy(namespace):
        return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": "default-deny", "namespace": namespace}}  # fmt: skip

    url = "https://127.0.0.1:6443/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies/default-deny?force=false"
    log = "".join(
        f'I1122 22:24:31.4 1 round.go:632] "Response" verb="PATCH" url="{url.format(space)}" status="{status}"\n'
        for space, status in (("a", "200 OK"), ("b", "409 Conflict"))
    )
    failure = Failure(Reason.OWNED, 'Apply failed with 1 conflict: conflict with "x" using v1: .spec')
    error = ServerError([failure], where="here", log=log)
    assert attribute(error, [policy("a"), policy("b")]) == [(identify(policy("b")), failure)]


@pytest.mark.api
class TestOnARealServer:
    def namespace(self, cluster):
        return cluster.make("Namespace", cluster.site)

    def test_a_change_by_hand_is_taken_back_and_said(self, cluster, capsys):
        wanted = [self.namespace(cluster), cluster.make("ConfigMap", "one", data={"text": "ours"})]
        cluster.apply(wanted)
        by_hand = json.dumps({"data": {"text": "by hand"}})
        cluster.kubectl.run(
            "patch", "configmap", "one", "-n", cluster.site, "-p", by_hand, "--field-manager=kubectl-edit"
        )
        cluster.apply(wanted)
        assert cluster.get("configmap", "one")["data"] == {"text": "ours"}, "the site file is the truth"

    def test_the_number_an_autoscaler_chose_stands(self, cluster):
        wanted = [self.namespace(cluster), cluster.deployment("web")]
        cluster.apply(wanted)
        path = f"/apis/apps/v1/namespaces/{cluster.site}/deployments/web/scale"
        scale = cluster.kubectl.request("get", path)
        scale["spec"]["replicas"] = 5
        cluster.kubectl.request("replace", f"{path}?fieldManager=kube-controller-manager", scale)
        for _ in range(2):
            cluster.apply(wanted)
            assert cluster.get("deployment", "web")["spec"]["replicas"] == 5, "we do not fight an autoscaler"

    def test_another_programs_field_is_refused_naming_it_and_taken_only_when_asked(self, cluster):
        wanted = [self.namespace(cluster), cluster.make("ConfigMap", "one", data={"text": "ours"})]
        cluster.apply(wanted)
        change = json.dumps({"data": {"text": "theirs"}})
        cluster.kubectl.run("patch", "configmap", "one", "-n", cluster.site, "-p", change, "--field-manager=operator")
        with pytest.raises(ArcosError, match="another program manages the same field") as caught:
            cluster.apply(wanted)
        assert "'operator'" in caught.value.why
        assert ".data.text" in caught.value.why
        assert "ConfigMap" in caught.value.where
        assert cluster.get("configmap", "one")["data"] == {"text": "theirs"}
        cluster.apply(wanted, take_over=True)
        assert cluster.get("configmap", "one")["data"] == {"text": "ours"}

    def test_a_field_that_can_never_change_names_the_object_and_the_way_out(self, cluster):
        cluster.apply([self.namespace(cluster), cluster.deployment("web")])
        changed = cluster.deployment("web")
        changed["spec"]["selector"]["matchLabels"]["app"] = "other"
        changed["spec"]["template"]["metadata"]["labels"]["app"] = "other"
        with pytest.raises(ArcosError, match="can never change") as caught:
            cluster.apply([self.namespace(cluster), changed])
        assert caught.value.where == f"Deployment {cluster.site}/web"
        assert caught.value.fix.startswith(f"./arcosctl kubectl {cluster.site} -- -n {cluster.site} delete")

    def test_a_job_that_changed_is_made_anew(self, cluster):
        def job(command):
            pod = {"containers": [{"name": "main", "image": "registry.example/none:1", "command": [command]}]}
            spec = {"template": {"spec": {**pod, "restartPolicy": "Never"}}}
            return cluster.make("Job", "once", "batch/v1", spec=spec)

        cluster.apply([self.namespace(cluster), job("first")])
        cluster.apply([self.namespace(cluster), job("second")])
        made = cluster.get("job", "once")
        assert made["spec"]["template"]["spec"]["containers"][0]["command"] == ["second"]

    def test_what_pod_security_refuses_is_one_clear_error(self, cluster):
        space = self.namespace(cluster)
        space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"
        container = {"name": "main", "image": "registry.example/none:1", "securityContext": {"privileged": True}}
        pod = cluster.make("Pod", "bad", spec={"containers": [container]})
        account = cluster.make("ServiceAccount", "default")
        with pytest.raises(ArcosError, match="admission rules refuse") as caught:
            cluster.apply([space, account, pod])
        assert "violates PodSecurity" in caught.value.why
        assert caught.value.where == f"Pod {cluster.site}/bad"

    def test_an_exceeded_quota_names_the_quota(self, cluster):
        quota = cluster.make("ResourceQuota", "few", spec={"hard": {"configmaps": "1"}})
        cluster.apply([self.namespace(cluster), quota])
        while not (cluster.get("resourcequota", "few").get("status") or {}).get("hard"):
            time.sleep(0.2)
        maps = [cluster.make("ConfigMap", f"map-{n}") for n in range(3)]
        with pytest.raises(ArcosError, match="quota") as caught:
            cluster.apply([self.namespace(cluster), quota, *maps])
        assert "exceeded quota: few" in caught.value.why

    def test_an_unknown_field_is_refused_not_dropped(self, cluster):
        wrong = cluster.make("ConfigMap", "one", dota={"text": "1"})
        with pytest.raises(ArcosError, match="invalid") as caught:
            cluster.apply([self.namespace(cluster), wrong])
        assert "dota" in caught.value.why
        cluster.apply([self.namespace(cluster)])
        assert {this.kind for this in cluster.recorded()} == {"Namespace"}, "the failed run's record is tidied up"

    def test_a_kind_the_cluster_does_not_know(self, cluster):
        with pytest.raises(ArcosError, match="does not know a kind") as caught:
            cluster.apply([self.namespace(cluster), cluster.make("Widget", "one", "none.example.com/v1")])
        assert "Widget" in caught.value.why

    def test_a_user_without_rights(self, cluster, tmp_path):
        token = cluster.kubectl.run("create", "token", "default", "-n", "default").strip()
        config = tmp_path / "nobody"
        config.write_text(cluster.plane.kubeconfig_of(token))
        cluster.kubectl = Kubectl(config)
        with pytest.raises(ArcosError, match="may not do this") as caught:
            cluster.apply([self.namespace(cluster)])
        assert "system:serviceaccount:default:default" in caught.value.why
        assert token not in str(caught.value)

    def test_a_wrong_token(self, cluster, tmp_path):
        config = tmp_path / "wrong"
        config.write_text(cluster.plane.kubeconfig_of("secret-of-mine"))
        cluster.kubectl = Kubectl(config)
        with pytest.raises(ArcosError, match="refuses the kubeconfig's credentials") as caught:
            cluster.apply([self.namespace(cluster)])
        assert "secret-of-mine" not in str(caught.value)


def test_a_cluster_that_is_not_there_is_one_sentence(tmp_path):
    config = tmp_path / "kubeconfig"
    config.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{"name": "x", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "users": [{"name": "x", "user": {"token": "x"}}],
    }))  # fmt: skip
    with pytest.raises(ArcosError, match=r"^error: the cluster does not answer"):
        Kubectl(config).request("get", "/version")


def test_a_kubeconfig_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(ArcosError, match="kubeconfig cannot be used"):
        Kubectl(tmp_path / "none").request("get", "/version")
