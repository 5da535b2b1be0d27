package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Where a pod finds its identity:
// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// API lists objects; it can do nothing else.
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
		Client: &http.Client{
			Timeout:   20 * time.Second,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
		},
		TokenFile: filepath.Join(serviceAccount, "token"),
	}, nil
}

// list reads all objects at path into items, a pointer to a slice. Version 0
// is answered from the API server's memory: etcd is not asked.
func (a *API) list(ctx context.Context, path string, items any) error {
	token, err := os.ReadFile(a.TokenFile)
	if err != nil {
		return fmt.Errorf("no service account token: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Server+path+"?resourceVersion=0", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "arcos-cluster-state/"+version)
	answer, err := a.Client.Do(request)
	if err != nil {
		return fmt.Errorf("listing %s: %w", path, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("listing %s: the API server answers %s", path, answer.Status)
	}
	found := struct {
		Items any `json:"items"`
	}{items}
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		return fmt.Errorf("listing %s: %w", path, err)
	}
	return nil
}
