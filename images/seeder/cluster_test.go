package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// cluster is an API server that speaks TLS and knows only what a seeder's role
// allows: create secrets, and get and update those that are named.
type cluster struct {
	t        *testing.T
	mutex    sync.Mutex
	secrets  map[string]Secret
	allowed  map[string]bool // "namespace/name" that may be read
	failures []int           // statuses to answer with first, instead of working
	requests int
	lose     bool // carry out the next creation but lose its answer
	server   *httptest.Server
}

func newCluster(t *testing.T, readable ...string) *cluster {
	c := &cluster{t: t, secrets: map[string]Secret{}, allowed: map[string]bool{}}
	for _, name := range readable {
		c.allowed[name] = true
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/namespaces/{namespace}/secrets/{name}", c.get)
	mux.HandleFunc("POST /api/v1/namespaces/{namespace}/secrets", c.create)
	mux.HandleFunc("PUT /api/v1/namespaces/{namespace}/secrets/{name}", c.update)
	c.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.requests++
		if r.Header.Get("Authorization") != "Bearer the-token" {
			c.answer(w, 401, "Unauthorized", "Unauthorized")
			return
		}
		if len(c.failures) > 0 {
			code := c.failures[0]
			c.failures = c.failures[1:]
			c.answer(w, code, "", "not now")
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(c.server.Close)
	return c
}

func (c *cluster) answer(w http.ResponseWriter, code int, reason, message string) {
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","reason":%q,"message":%q}`, reason, message)
}

func (c *cluster) get(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("namespace") + "/" + r.PathValue("name")
	if !c.allowed[name] {
		c.answer(w, 403, "Forbidden", fmt.Sprintf(`secrets %q is forbidden: User "seed" cannot get resource`, name))
		return
	}
	if secret, there := c.secrets[name]; there {
		_ = json.NewEncoder(w).Encode(secret)
		return
	}
	c.answer(w, 404, "NotFound", fmt.Sprintf("secrets %q not found", name))
}

func (c *cluster) create(w http.ResponseWriter, r *http.Request) {
	var secret Secret
	if err := json.NewDecoder(r.Body).Decode(&secret); err != nil {
		c.t.Errorf("the API server got no Secret: %v", err)
	}
	name := r.PathValue("namespace") + "/" + secret.Metadata.Name
	if _, there := c.secrets[name]; there {
		c.answer(w, 409, "AlreadyExists", "exists")
		return
	}
	c.secrets[name] = secret
	if c.lose {
		c.lose = false
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(201)
	_ = json.NewEncoder(w).Encode(secret)
}

func (c *cluster) update(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("namespace") + "/" + r.PathValue("name")
	if _, there := c.secrets[name]; !there || !c.allowed[name] {
		c.answer(w, 403, "Forbidden", "forbidden")
		return
	}
	var secret Secret
	if err := json.NewDecoder(r.Body).Decode(&secret); err != nil {
		c.t.Errorf("the API server got no Secret: %v", err)
	}
	c.secrets[name] = secret
	_ = json.NewEncoder(w).Encode(secret)
}

func (c *cluster) connect() (*API, error) {
	token := filepath.Join(c.t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("the-token\n"), 0o600); err != nil {
		return nil, err
	}
	return &API{
		Server:       c.server.URL,
		Client:       c.server.Client(),
		TokenFile:    token,
		Pause:        time.Millisecond,
		ForbiddenFor: 20 * time.Millisecond,
	}, nil
}

// seed runs the seeder, and checks that nothing it says holds a secret value.
func (c *cluster) seed(spec string) (string, error) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var out strings.Builder
	err := run(ctx, spec, c.connect, &out)
	said := out.String()
	if err != nil {
		said += err.Error()
	}
	for _, secret := range c.secrets {
		for key, value := range secret.Data {
			if len(value) > 0 && strings.Contains(said, string(value)) {
				c.t.Errorf("the value of %s stands in the output: %s", key, said)
			}
		}
	}
	return out.String(), err
}
