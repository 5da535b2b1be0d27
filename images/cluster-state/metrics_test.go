package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a real API server answers, cut to a few objects.
var answers = map[string]string{
	"/apis/apps/v1/deployments": `{"items":[{"metadata":{"name":"hub","namespace":"jupyterhub"},
		"spec":{"replicas":2},"status":{"availableReplicas":1}}]}`,
	"/apis/apps/v1/statefulsets": `{"items":[{"metadata":{"name":"database","namespace":"database"},
		"spec":{},"status":{"readyReplicas":1}}]}`,
	"/apis/apps/v1/daemonsets": `{"items":[]}`,
	"/api/v1/pods": `{"items":[
		{"metadata":{"name":"notebook-ada","namespace":"notebooks","labels":{"app.kubernetes.io/name":"notebook",
			"hub.jupyter.org/username":"ada","pod-template-hash":"x"}},
		 "spec":{"nodeName":"n1","containers":[{"name":"notebook","resources":{
			"requests":{"cpu":"500m","memory":"1Gi"},"limits":{"memory":"2Gi","nvidia.com/gpu":"1"}}}]},
		 "status":{"phase":"Running","podIP":"10.0.0.5","containerStatuses":[{"name":"notebook","restartCount":3,
			"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}},
		{"metadata":{"name":"done","namespace":"notebooks"},
		 "spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"4"}}}]},"status":{"phase":"Succeeded"}}]}`,
	"/api/v1/persistentvolumeclaims": `{"items":[{"metadata":{"name":"claim-ada","namespace":"notebooks",
		"labels":{"hub.jupyter.org/username":"ada"}},"spec":{"resources":{"requests":{"storage":"10Gi"}}}}]}`,
	"/apis/batch/v1/jobs": `{"items":[{"metadata":{"name":"j","namespace":"a"},"status":{"failed":2,
		"conditions":[{"type":"Failed","status":"True"}]}}]}`,
	"/apis/batch/v1/cronjobs": `{"items":[{"metadata":{"name":"b","namespace":"a",
		"creationTimestamp":"2026-01-01T00:00:00Z"},"status":{"lastSuccessfulTime":"2026-01-02T00:00:00Z"}}]}`,
	"/api/v1/nodes": `{"items":[{"metadata":{"name":"n1"},"spec":{"unschedulable":true},"status":{
		"allocatable":{"cpu":"1930m","memory":"7Gi"},"addresses":[{"type":"Hostname","address":"n1"},
		{"type":"InternalIP","address":"192.0.2.7"}],"conditions":[{"type":"Ready","status":"Unknown"}]}}]}`,
}

func cluster(t *testing.T, answers map[string]string) *httptest.Server {
	t.Helper()
	kubernetes := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, there := answers[r.URL.Path]
		if !there || r.Header.Get("Authorization") != "Bearer t" || r.Method != http.MethodGet {
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		io.WriteString(w, body)
	}))
	t.Cleanup(kubernetes.Close)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(Handler(&API{kubernetes.URL, kubernetes.Client(), token}))
	t.Cleanup(served.Close)
	return served
}

func ask(t *testing.T, server *httptest.Server, path string) (int, string) {
	t.Helper()
	answer, err := server.Client().Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestFiguresHaveTheNamesAndLabelsOfKubeStateMetrics(t *testing.T) {
	code, body := ask(t, cluster(t, answers), "/metrics")
	if code != http.StatusOK {
		t.Fatal(code, body)
	}
	for _, line := range []string{
		`kube_deployment_spec_replicas{namespace="jupyterhub",deployment="hub"} 2`,
		`kube_deployment_status_replicas_available{namespace="jupyterhub",deployment="hub"} 1`,
		`kube_statefulset_replicas{namespace="database",statefulset="database"} 1`,
		`kube_statefulset_status_replicas_ready{namespace="database",statefulset="database"} 1`,
		`kube_pod_status_phase{namespace="notebooks",pod="notebook-ada",phase="Running"} 1`,
		`kube_pod_labels{namespace="notebooks",pod="notebook-ada",label_app_kubernetes_io_name="notebook",` +
			`label_hub_jupyter_org_username="ada"} 1`,
		`kube_pod_container_resource_requests{namespace="notebooks",pod="notebook-ada",container="notebook",` +
			`node="n1",resource="cpu",unit="core"} 0.5`,
		`kube_pod_container_resource_limits{namespace="notebooks",pod="notebook-ada",container="notebook",` +
			`node="n1",resource="nvidia_com_gpu",unit="integer"} 1`,
		`kube_pod_container_status_restarts_total{namespace="notebooks",pod="notebook-ada",container="notebook"} 3`,
		`kube_pod_container_status_waiting_reason{namespace="notebooks",pod="notebook-ada",container="notebook",` +
			`reason="CrashLoopBackOff"} 1`,
		`kube_persistentvolumeclaim_resource_requests_storage_bytes{namespace="notebooks",` +
			`persistentvolumeclaim="claim-ada"} 1.073741824e+10`,
		`kube_job_status_failed{namespace="a",job_name="j"} 2`,
		`kube_job_failed{namespace="a",job_name="j",condition="true"} 1`,
		`kube_cronjob_status_last_successful_time{namespace="a",cronjob="b"} 1.767312e+09`,
		`kube_node_status_condition{node="n1",condition="Ready",status="unknown"} 1`,
		`kube_node_status_condition{node="n1",condition="Ready",status="true"} 0`,
		`kube_node_status_allocatable{node="n1",resource="cpu",unit="core"} 1.93`,
		`kube_node_spec_unschedulable{node="n1"} 1`,
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
	if strings.Contains(body, "pod_template_hash") {
		t.Error("a label that changes with every update would be a new series each time")
	}
	if strings.Contains(body, `requests{namespace="notebooks",pod="done"`) {
		t.Error("a pod that is done holds nothing")
	}
}

func TestTargetsAreWhereKubeletsAndPodsAre(t *testing.T) {
	server := cluster(t, answers)
	for path, want := range map[string]string{
		"/targets/kubelets":                     `[{"targets":["192.0.2.7:10250"],"labels":{"node":"n1"}}]`,
		"/targets/pods/notebooks/notebook/9100": `[{"targets":["10.0.0.5:9100"],"labels":{"node":"n1"}}]`,
		"/targets/pods/notebooks/nobody/9100":   `[]`,
		"/targets/pods/elsewhere/notebook/9100": `[]`,
	} {
		if code, body := ask(t, server, path); code != http.StatusOK || strings.TrimSpace(body) != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
}

func TestWithoutTheWholeClusterThereAreNoFigures(t *testing.T) {
	partly := map[string]string{"/apis/apps/v1/deployments": answers["/apis/apps/v1/deployments"]}
	server := cluster(t, partly)
	if code, body := ask(t, server, "/metrics"); code != http.StatusBadGateway || !strings.Contains(body, "403") {
		t.Errorf("%d %s: a part would look like a cluster where the rest is gone", code, body)
	}
	if code, _ := ask(t, server, "/healthz"); code != http.StatusOK {
		t.Error("a restart would not help")
	}
}

func TestQuantities(t *testing.T) {
	for text, want := range map[string]float64{"2": 2, "0.5": .5, "250m": .25, "1Ki": 1024, "3k": 3000, "1e3": 1000} {
		if got, ok := quantity(text); !ok || got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if _, ok := quantity("much"); ok {
		t.Error("not a number")
	}
}
