package main

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
)

// group is a target of Prometheus's HTTP service discovery.
// https://prometheus.io/docs/prometheus/latest/http_sd/
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// The label of a Kubernetes app, by which pods are found.
const appLabel = "app.kubernetes.io/name"

// Handler serves the figures, where kubelets are, and where the pods of an app
// are. Whether the process lives does not depend on the API server.
func Handler(api *API) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		state, err := api.read(r.Context())
		if refused(w, err) {
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Write(metrics(state))
	})
	mux.HandleFunc("GET /targets/kubelets", func(w http.ResponseWriter, r *http.Request) {
		var all []Node
		if !refused(w, api.list(r.Context(), "/api/v1/nodes", &all)) {
			answer(w, kubelets(all))
		}
	})
	mux.HandleFunc("GET /targets/pods/{namespace}/{app}/{port}", func(w http.ResponseWriter, r *http.Request) {
		var all []Pod
		if !refused(w, api.list(r.Context(), "/api/v1/pods", &all)) {
			answer(w, running(all, r.PathValue("namespace"), r.PathValue("app"), r.PathValue("port")))
		}
	})
	return mux
}

func kubelets(all []Node) []group {
	found := []group{}
	for _, node := range all {
		for _, address := range node.Status.Addresses {
			if address.Type == "InternalIP" {
				target := net.JoinHostPort(address.Address, "10250")
				found = append(found, group{[]string{target}, map[string]string{"node": node.Metadata.Name}})
				break
			}
		}
	}
	return found
}

func running(all []Pod, namespace, app, port string) []group {
	found := []group{}
	for _, pod := range all {
		if pod.Metadata.Namespace == namespace && pod.Metadata.Labels[appLabel] == app && pod.Status.Phase == "Running" {
			target := net.JoinHostPort(pod.Status.PodIP, port)
			found = append(found, group{[]string{target}, map[string]string{"node": pod.Spec.NodeName}})
		}
	}
	return found
}

func answer(w http.ResponseWriter, groups []group) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(groups); err != nil {
		slog.Warn("an answer was not sent", "error", err.Error())
	}
}

// refused says that there are no figures: better none than old ones.
func refused(w http.ResponseWriter, err error) bool {
	if err == nil {
		return false
	}
	slog.Error("the cluster was not read", "error", err.Error())
	http.Error(w, err.Error(), http.StatusBadGateway)
	return true
}
