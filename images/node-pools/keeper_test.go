package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// cluster is an API server with nodes; it answers as a role that may list,
// watch and patch nodes allows.
type cluster struct {
	mutex    sync.Mutex
	nodes    map[string]string // name to JSON
	patches  []string
	events   chan string
	fail     int // so many requests are answered with 500 first
	conflict bool
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mutex.Lock()
	failing := c.fail > 0
	if failing {
		c.fail--
	}
	c.mutex.Unlock()
	switch {
	case failing:
		http.Error(w, "not now", http.StatusInternalServerError)
	case r.Header.Get("Authorization") != "Bearer t":
		http.Error(w, "who?", http.StatusUnauthorized)
	case r.Method == http.MethodPatch && r.Header.Get("Content-Type") == "application/merge-patch+json":
		c.patch(w, r)
	case r.Method == http.MethodGet && r.URL.Path == nodesPath && r.URL.Query().Get("watch") == "1":
		c.watch(w, r)
	case r.Method == http.MethodGet && r.URL.Path == nodesPath:
		c.mutex.Lock()
		defer c.mutex.Unlock()
		items := []json.RawMessage{}
		for _, node := range c.nodes {
			items = append(items, json.RawMessage(node))
		}
		json.NewEncoder(w).Encode(map[string]any{"metadata": map[string]string{"resourceVersion": "41"}, "items": items})
	default:
		http.Error(w, "forbidden", http.StatusForbidden)
	}
}

func (c *cluster) patch(w http.ResponseWriter, r *http.Request) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.conflict {
		c.conflict = false
		http.Error(w, "conflict", http.StatusConflict)
		return
	}
	body, _ := io.ReadAll(r.Body)
	c.patches = append(c.patches, strings.TrimPrefix(r.URL.Path, nodesPath+"/")+" "+string(body))
	io.WriteString(w, "{}")
}

func (c *cluster) watch(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("resourceVersion") != "41" {
		http.Error(w, "from where?", http.StatusBadRequest)
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case event, open := <-c.events:
			if !open {
				return
			}
			fmt.Fprintln(w, event)
			w.(http.Flusher).Flush()
		}
	}
}

func (c *cluster) said() []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return append([]string{}, c.patches...)
}

func start(t *testing.T, c *cluster) *Keeper {
	t.Helper()
	server := httptest.NewServer(c)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keeper := &Keeper{API: &API{server.URL, server.Client(), token}, Orders: orders(t), Pause: time.Millisecond}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); keeper.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; server.Close() })
	return keeper
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatal(what)
}

const (
	gpuNode = `{"metadata":{"name":"g1","resourceVersion":"5","labels":{"magnum.openstack.org/nodegroup":"gpu"}}}`
	newNode = `{"metadata":{"name":"g2","resourceVersion":"6","labels":{"magnum.openstack.org/nodegroup":"gpu"}}}`
)

func TestNodesThatAreThereAndNodesThatComeAreSettled(t *testing.T) {
	c := &cluster{nodes: map[string]string{"g1": gpuNode}, events: make(chan string)}
	start(t, c)
	eventually(t, "the node that is there was not patched", func() bool { return len(c.said()) == 1 })
	c.events <- `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"42"}}}`
	c.events <- `{"type":"ADDED","object":` + newNode + `}`
	c.events <- `{"type":"DELETED","object":` + gpuNode + `}`
	eventually(t, "the new node was not patched", func() bool { return len(c.said()) == 2 })
	if said := c.said(); !strings.HasPrefix(said[0], "g1 ") || !strings.HasPrefix(said[1], "g2 ") {
		t.Errorf("%q", said)
	}
}

func TestItGoesOnAfterErrorsAndAfterTheWatchEnds(t *testing.T) {
	c := &cluster{nodes: map[string]string{"g1": gpuNode}, events: make(chan string), fail: 3, conflict: true}
	start(t, c)
	c.events <- `{"type":"ERROR","object":{"code":410,"message":"too old"}}`
	eventually(t, "not patched after errors", func() bool { return len(c.said()) >= 1 })
	close(c.events)
	eventually(t, "not listed anew after the watch ended", func() bool { return len(c.said()) >= 3 })
}

func TestProbesTellWhetherNodesAreSeen(t *testing.T) {
	c := &cluster{nodes: map[string]string{}, events: make(chan string), fail: 1 << 30}
	keeper := start(t, c)
	ask := func(path string, silence time.Duration) int {
		w := httptest.NewRecorder()
		keeper.Probes(silence).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code
	}
	if ready, live := ask("/readyz", time.Hour), ask("/healthz", time.Hour); ready != 503 || live != 200 {
		t.Errorf("before the API answers: ready %d, live %d", ready, live)
	}
	if live := ask("/healthz", -2*time.Second); live != 503 {
		t.Errorf("live %d after a long silence", live)
	}
	c.mutex.Lock()
	c.fail = 0
	c.mutex.Unlock()
	eventually(t, "not ready", func() bool { return ask("/readyz", time.Hour) == 200 })
}
