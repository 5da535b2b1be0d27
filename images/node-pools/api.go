package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Where a pod finds its identity:
// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

const (
	nodesPath    = "/api/v1/nodes"
	watchSeconds = 290
)

var (
	errConflict = errors.New("somebody else changed it meanwhile")
	errGone     = errors.New("it is gone")
)

// API lists, watches and patches nodes; it can do nothing else.
type API struct {
	Server    string       // https://host:port
	Client    *http.Client // trusts the cluster's certificate authority
	TokenFile string       // read for every request, for it is renewed in place
}

// InCluster opens the API of the cluster that this pod runs in.
func InCluster() (*API, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
	}
	authority, err := os.ReadFile(filepath.Join(serviceAccount, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("no service account token is mounted: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s/ca.crt holds no certificate", serviceAccount)
	}
	return &API{
		Server: "https://" + net.JoinHostPort(host, port),
		Client: &http.Client{Transport: &http.Transport{
			TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			ResponseHeaderTimeout: 20 * time.Second,
		}},
		TokenFile: filepath.Join(serviceAccount, "token"),
	}, nil
}

// List returns all nodes and the version of the whole list, to watch from.
func (a *API) List(ctx context.Context) ([]Node, string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	answer, err := a.do(ctx, http.MethodGet, nodesPath, "", nil)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	list := struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
		Items []Node `json:"items"`
	}{}
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		return nil, "", fmt.Errorf("listing nodes: %w", err)
	}
	return list.Items, list.Metadata.ResourceVersion, nil
}

// Watch calls seen with each node that comes or changes after version, and with
// nil for what only shows that the watch lives. It returns nil when the API
// server ends the watch. A body that stands still is left after its time.
func (a *API) Watch(ctx context.Context, version string, seen func(*Node) error) error {
	ctx, cancel := context.WithTimeout(ctx, (watchSeconds+60)*time.Second)
	defer cancel()
	query := url.Values{"watch": {"1"}, "allowWatchBookmarks": {"true"}, "resourceVersion": {version},
		"timeoutSeconds": {fmt.Sprint(watchSeconds)}}
	answer, err := a.do(ctx, http.MethodGet, nodesPath+"?"+query.Encode(), "", nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	events := json.NewDecoder(answer.Body)
	for {
		event := struct {
			Type   string          `json:"type"`
			Object json.RawMessage `json:"object"`
		}{}
		if err := events.Decode(&event); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("watching nodes: %w", err)
		}
		var node *Node
		switch event.Type {
		case "ADDED", "MODIFIED":
			node = &Node{}
			if err := json.Unmarshal(event.Object, node); err != nil {
				return fmt.Errorf("watching nodes: %w", err)
			}
		case "ERROR":
			return fmt.Errorf("watching nodes: the API server says %.200s", event.Object)
		}
		if err := seen(node); err != nil {
			return err
		}
	}
}

// Patch changes a node. The error is errConflict if it is not the version that
// the patch was made for, and errGone if there is no such node any more.
func (a *API) Patch(ctx context.Context, name string, patch map[string]any) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	answer, err := a.do(ctx, http.MethodPatch, nodesPath+"/"+url.PathEscape(name), "application/merge-patch+json", body)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// do sends one request; anything but success is an error.
func (a *API) do(ctx context.Context, method, path, kind string, body []byte) (*http.Response, error) {
	token, err := os.ReadFile(a.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("no service account token: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.Server+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "arcos-node-pools/"+version)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	answer, err := a.Client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the API server does not answer: %w", err)
	}
	if answer.StatusCode < 300 {
		return answer, nil
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusConflict:
		return nil, errConflict
	case http.StatusNotFound:
		return nil, errGone
	}
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
	return nil, fmt.Errorf("%s %s: the API server answers %s: %s", method, path, answer.Status, bytes.TrimSpace(said))
}
