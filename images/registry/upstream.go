package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// What a registry that is there never takes so long for. Whoever pulls waits for
// it before they get the copy that is kept here.
const (
	connecting = 5 * time.Second
	answering  = 15 * time.Second
)

// Upstream is the way to the registry that a cache copies. Distribution asks that
// registry before it serves anything, and does not start where nobody answers; but
// a cache is there for just that time. So the first question is answered here.
type Upstream struct {
	name      string // its host, for messages
	store     string // the host of the cache's own bucket, which is somebody else
	toStore   http.RoundTripper
	impatient http.RoundTripper
	started   atomic.Bool
	away      atomic.Bool
}

// NewUpstream is what a cache asks its upstream through. What it asks of `store`
// goes through `toStore`.
func NewUpstream(remote, store string, base *http.Transport, toStore http.RoundTripper) (*Upstream, error) {
	address, err := url.Parse(remote)
	if err != nil || address.Host == "" {
		return nil, fmt.Errorf("%q is no address of a registry", remote)
	}
	impatient := base.Clone()
	impatient.DialContext = (&net.Dialer{Timeout: connecting, KeepAlive: 30 * time.Second}).DialContext
	impatient.ResponseHeaderTimeout = answering
	return &Upstream{name: address.Host, store: hostOf(store), toStore: toStore, impatient: impatient}, nil
}

func hostOf(address string) string {
	if parsed, err := url.Parse(address); err == nil && parsed.Host != "" {
		return parsed.Host
	}
	return address
}

// RoundTrip asks, and tells once when nobody answers any more, and once when somebody does again.
func (u *Upstream) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Host == u.store {
		return u.toStore.RoundTrip(request)
	}
	answer, err := u.impatient.RoundTrip(request)
	if request.Context().Err() != nil {
		return answer, err // who pulled has gone: that says nothing about the upstream
	}
	if gone := err != nil; u.away.Swap(gone) != gone {
		if gone {
			slog.Warn("the upstream does not answer; copies that are kept are served",
				"upstream", u.name, "asked", request.URL.Host, "error", err.Error())
		} else {
			slog.Warn("the upstream answers again", "upstream", u.name)
		}
	}
	if err != nil && !u.started.Load() {
		return nothing(request), nil
	}
	return answer, err
}

// nothing is the answer of a registry that asks for no token. All that Distribution
// wants to learn at its start is where the cache's own password may be sent, and it
// has none; what each pull needs it asks again.
func nothing(request *http.Request) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: request,
	}
}

// Handler serves what Distribution serves, and says so where it has nothing only because the upstream is away.
func (u *Upstream) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&honest{ResponseWriter: w, upstream: u}, r)
	})
}

// honest turns "unknown" and "internal error" into "not now".
type honest struct {
	http.ResponseWriter
	upstream *Upstream
	refused  bool
}

func (h *honest) WriteHeader(status int) {
	if !h.upstream.away.Load() || (status != http.StatusNotFound && status != http.StatusInternalServerError) {
		h.ResponseWriter.WriteHeader(status)
		return
	}
	h.refused = true
	refuse(h.ResponseWriter, h.upstream.name+" does not answer, and no copy of this is kept here; try again later")
}

func (h *honest) Write(content []byte) (int, error) {
	if h.refused {
		return len(content), nil
	}
	return h.ResponseWriter.Write(content)
}

// Unwrap is how net/http finds what else the writer can do.
func (h *honest) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// refuse says "not now" as a registry does.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
func refuse(w http.ResponseWriter, why string) {
	for _, name := range []string{"Content-Length", "Docker-Content-Digest", "Etag"} {
		w.Header().Del(name)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]string{"code": "UNAVAILABLE", "message": why}}})
}
