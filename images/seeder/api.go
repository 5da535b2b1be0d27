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

// API is the part of the Kubernetes API that is used here. The 40,000 lines of
// the official client would be most of the image, for two requests.
type API struct {
	Server    string       // https://host:port
	Client    *http.Client // trusts the cluster's certificate authority
	TokenFile string       // read for every request, for it is renewed in place
	Pause     time.Duration
	// ForbiddenFor is how long "forbidden" may mean "not yet": a new role takes
	// a moment to be known to every API server.
	ForbiddenFor time.Duration
}

// Secret is the Kubernetes object; values are base64 in its JSON.
type Secret struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   Metadata          `json:"metadata"`
	Type       string            `json:"type"`
	Data       map[string][]byte `json:"data"`
}

// Metadata is the part of an object's metadata that is set here.
type Metadata struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels,omitempty"`
}

var (
	errNotFound  = errors.New("it does not exist")
	errExists    = errors.New("it exists already")
	errForbidden = errors.New("forbidden")
	errTransient = errors.New("the API server did not answer")
)

// InCluster opens the API of the cluster that this pod runs in.
func InCluster() (*API, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
	}
	authority, err := os.ReadFile(filepath.Join(serviceAccount, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("no service account token is mounted (automountServiceAccountToken): %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s/ca.crt holds no certificate", serviceAccount)
	}
	return &API{
		Server: "https://" + net.JoinHostPort(host, port),
		Client: &http.Client{
			Timeout:   10 * time.Second,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
		},
		TokenFile:    filepath.Join(serviceAccount, "token"),
		Pause:        2 * time.Second,
		ForbiddenFor: 10 * time.Second,
	}, nil
}

// Get reads a Secret. The error is errNotFound or errForbidden in those cases.
func (a *API) Get(ctx context.Context, namespace, name string) (Secret, error) {
	var found Secret
	body, err := a.retry(ctx, http.MethodGet, secrets(namespace)+"/"+url.PathEscape(name), nil)
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return found, errors.New("the API server's answer is not a Secret")
	}
	return found, nil
}

// Create makes a Secret. The error is errExists if there is one by that name.
func (a *API) Create(ctx context.Context, secret Secret) error {
	body, err := json.Marshal(secret)
	if err != nil {
		return err
	}
	_, err = a.retry(ctx, http.MethodPost, secrets(secret.Metadata.Namespace), body)
	return err
}

// Update overwrites a Secret's values, whatever they were.
func (a *API) Update(ctx context.Context, secret Secret) error {
	body, err := json.Marshal(secret)
	if err != nil {
		return err
	}
	path := secrets(secret.Metadata.Namespace) + "/" + url.PathEscape(secret.Metadata.Name)
	_, err = a.retry(ctx, http.MethodPut, path, body)
	return err
}

func secrets(namespace string) string {
	return "/api/v1/namespaces/" + url.PathEscape(namespace) + "/secrets"
}

// retry sends a request until it has an answer that trying again cannot change.
func (a *API) retry(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	start := time.Now()
	for {
		answer, err := a.send(ctx, method, path, body)
		again := errors.Is(err, errTransient) || errors.Is(err, errForbidden) && time.Since(start) < a.ForbiddenFor
		if !again {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (gave up after %.0f s)", err, time.Since(start).Seconds())
		case <-time.After(a.Pause):
		}
	}
}

func (a *API) send(ctx context.Context, method, path string, body []byte) ([]byte, error) {
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
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "arcos-seeder/"+version)
	response, err := a.Client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTransient, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTransient, err)
	}
	return answer, judge(response.StatusCode, answer)
}

// judge says what an answer means. Its texts hold nothing of what was sent.
func judge(code int, answer []byte) error {
	var status struct {
		Message string `json:"message"`
		Reason  string `json:"reason"`
	}
	_ = json.Unmarshal(answer, &status) // a proxy's error page has neither
	switch {
	case code < 300:
		return nil
	case code == http.StatusNotFound && status.Reason == "NotFound" && !strings.HasPrefix(status.Message, "namespaces "):
		return errNotFound
	case code == http.StatusConflict && status.Reason == "AlreadyExists":
		return errExists
	case code == http.StatusForbidden:
		return fmt.Errorf("%w: %s", errForbidden, status.Message)
	case code == http.StatusUnprocessableEntity: // its message may quote values
		return fmt.Errorf("the API server refuses the object (%s)", status.Reason)
	case code == http.StatusUnauthorized, code == http.StatusTooManyRequests, code >= 500, code == http.StatusConflict:
		return fmt.Errorf("%w well: status %d %s", errTransient, code, status.Message)
	default:
		return fmt.Errorf("the API server answered with status %d %s", code, status.Message)
	}
}
