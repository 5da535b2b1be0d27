package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	"github.com/distribution/distribution/v3/registry/storage/driver/factory"
)

// direct is what everything is asked through until a cache is made.
var direct = http.DefaultTransport.(*http.Transport)

const manifestType = "application/vnd.oci.image.manifest.v1+json"

// distribution is the real one, with its files in a folder; a cache if it has an upstream.
func distribution(t *testing.T, folder, remote string) http.Handler {
	t.Helper()
	config := &configuration.Configuration{
		Storage: configuration.Storage{
			"filesystem":  {"rootdirectory": folder},
			"delete":      {"enabled": true},
			"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
		},
		Proxy: configuration.Proxy{RemoteURL: remote},
	}
	app := handlers.NewApp(t.Context(), config)
	t.Cleanup(func() { _ = app.Shutdown() })
	return app
}

// startCache starts a cache as `serve` does, with what it tells in the log.
func startCache(t *testing.T, folder, remote string) (*httptest.Server, *bytes.Buffer) {
	t.Helper()
	usual := slog.Default()
	t.Cleanup(func() { http.DefaultTransport = direct; slog.SetDefault(usual) })
	log := &bytes.Buffer{}
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	upstream, err := NewUpstream(remote, "", direct, direct)
	if err != nil {
		t.Fatal(err)
	}
	http.DefaultTransport = upstream
	made := distribution(t, folder, remote)
	upstream.started.Store(true)
	server := httptest.NewServer(upstream.Handler(made))
	t.Cleanup(server.Close)
	return server, log
}

// elsewhere is another registry at an address that stays the same when it goes and comes again.
type elsewhere struct {
	address, folder string
	server          *http.Server
}

func newElsewhere(t *testing.T) *elsewhere {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return &elsewhere{address: listener.Addr().String(), folder: t.TempDir()}
}

func (e *elsewhere) url() string { return "http://" + e.address }

func (e *elsewhere) comes(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", e.address)
	if err != nil {
		t.Fatal(err)
	}
	e.server = &http.Server{Handler: distribution(t, e.folder, "")}
	go func() { _ = e.server.Serve(listener) }()
	t.Cleanup(e.goes)
}

func (e *elsewhere) goes() { _ = e.server.Close() }

// own asks without what caches ask through.
var own = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}

func ask(t *testing.T, method, address, kind string, body string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	request.Header.Set("Accept", manifestType)
	answer, err := own.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(said), answer.Header
}

// push makes an image of one layer; its manifest and its layer's digest.
func push(t *testing.T, registry, name, tag, content string) (manifest, layer string) {
	t.Helper()
	parts := make([]string, 0, 2)
	for _, blob := range []string{`{"architecture":"amd64","os":"linux"}`, content} {
		status, said, head := ask(t, "POST", registry+"/v2/"+name+"/blobs/uploads/", "", "")
		if status != http.StatusAccepted {
			t.Fatal(status, said)
		}
		digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(blob)))
		there := head.Get("Location") + "&digest=" + digest
		if status, said, _ = ask(t, "PUT", there, "application/octet-stream", blob); status != http.StatusCreated {
			t.Fatal(status, said)
		}
		parts = append(parts, fmt.Sprintf(`{"mediaType":"application/octet-stream","digest":%q,"size":%d}`, digest, len(blob)))
		layer = digest
	}
	manifest = fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":%s,"layers":[%s]}`, manifestType, parts[0], parts[1])
	if status, said, _ := ask(t, "PUT", registry+"/v2/"+name+"/manifests/"+tag, manifestType, manifest); status != http.StatusCreated {
		t.Fatal(status, said)
	}
	return manifest, layer
}

func pull(t *testing.T, registry, name, tag, manifest, layer, content string) {
	t.Helper()
	if status, said, _ := ask(t, "GET", registry+"/v2/"+name+"/manifests/"+tag, "", ""); said != manifest {
		t.Fatalf("%s: %d %s", tag, status, said)
	}
	if status, said, _ := ask(t, "GET", registry+"/v2/"+name+"/blobs/"+layer, "", ""); said != content {
		t.Fatalf("%s: %d %s", layer, status, said)
	}
}

func TestACacheStartsBeforeItsUpstreamAndRecoversByItself(t *testing.T) {
	other := newElsewhere(t)
	cache, log := startCache(t, t.TempDir(), other.url())
	if !strings.Contains(log.String(), "the upstream does not answer") {
		t.Fatal("nobody is told:", log)
	}
	status, said, _ := ask(t, "GET", cache.URL+"/v2/lab/tool/manifests/1.0", "", "")
	if status != http.StatusServiceUnavailable || !strings.Contains(said, other.address+" does not answer") {
		t.Fatal("what is only away is not unknown:", status, said)
	}
	other.comes(t)
	manifest, layer := push(t, other.url(), "lab/tool", "1.0", "a layer")
	pull(t, cache.URL, "lab/tool", "1.0", manifest, layer, "a layer")
	if status, _, _ := ask(t, "GET", cache.URL+"/v2/lab/tool/manifests/2.0", "", ""); status != http.StatusNotFound {
		t.Fatal("its upstream is there and has none:", status)
	}
	if told := strings.Count(log.String(), "the upstream does not answer"); told != 1 {
		t.Fatalf("told %d times, not once:\n%s", told, log)
	}
	if !strings.Contains(log.String(), "answers again") {
		t.Fatal("nobody is told:", log)
	}
}

func TestCopiesAreServedWhileTheUpstreamIsAwayEvenAfterARestart(t *testing.T) {
	other, folder := newElsewhere(t), t.TempDir()
	other.comes(t)
	manifest, layer := push(t, other.url(), "lab/tool", "1.0", "a layer")
	cache, _ := startCache(t, folder, other.url())
	pull(t, cache.URL, "lab/tool", "1.0", manifest, layer, "a layer")
	other.goes()
	pull(t, cache.URL, "lab/tool", "1.0", manifest, layer, "a layer")
	cache.Close()
	again, _ := startCache(t, folder, other.url())
	pull(t, again.URL, "lab/tool", "1.0", manifest, layer, "a layer")
	status, said, _ := ask(t, "GET", again.URL+"/v2/lab/tool/blobs/sha256:"+strings.Repeat("0", 64), "", "")
	if status != http.StatusServiceUnavailable {
		t.Fatal("no copy, nobody to ask:", status, said)
	}
}

func TestAnUpstreamThatSaysNothingIsNotWaitedForForever(t *testing.T) {
	upstream, err := NewUpstream("https://x.org", "", direct, direct)
	if err != nil {
		t.Fatal(err)
	}
	if limit := upstream.impatient.(*http.Transport).ResponseHeaderTimeout; limit == 0 || limit > time.Minute {
		t.Fatal("a pull waits as long as this before it gets the copy:", limit)
	}
}

func TestTheStoreIsNobodysUpstream(t *testing.T) {
	upstream, err := NewUpstream("https://x.org", "http://127.0.0.1:1", direct, direct)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest("GET", "http://127.0.0.1:1/bucket", nil)
	if _, err := upstream.RoundTrip(request); err == nil {
		t.Fatal("an empty answer in the store's name would look like an empty copy")
	}
	if upstream.away.Load() {
		t.Fatal("it is the store that is away")
	}
}

func TestTheStoresAuthorityIsBelievedAboutTheStoreOnly(t *testing.T) {
	store := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer store.Close()
	file := filepath.Join(t.TempDir(), "ca.crt")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: store.Certificate().Raw}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(bundle, file)
	toStore, err := storeTransport(direct)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := (&http.Client{Transport: toStore}).Get(store.URL); err != nil || answer.StatusCode != 200 {
		t.Fatal("the store's own authority signed it:", err)
	}
	if _, err := (&http.Client{Transport: direct}).Get(store.URL); err == nil {
		t.Fatal("it could speak in an upstream's name")
	}
	where := map[string]any{"region": "x", "regionendpoint": store.URL, "bucket": "x", "accesskey": "x", "secretkey": "x"}
	if _, err := factory.Create(t.Context(), "s3", where); err != nil {
		t.Fatal(err)
	}
	if http.DefaultClient.Transport != nil {
		t.Fatal("the SDK for S3 changed what Distribution asks its upstream through")
	}
}

func TestWhoComesBeforeTheStoreAnswersIsToldSo(t *testing.T) {
	free := newElsewhere(t).address
	asked := 0
	server, err := Wait(t.Context(), free, func(context.Context) error {
		if asked++; asked > 1 {
			return nil
		}
		if status, said, _ := ask(t, "GET", "http://"+free+"/", "", ""); status != 503 || !strings.Contains(said, "store") {
			t.Error(status, said)
		}
		return errors.New("connection refused")
	})
	if err != nil || asked != 2 {
		t.Fatal(asked, err)
	}
	_ = server.Close()
	listener, err := net.Listen("tcp", free)
	if err != nil {
		t.Fatal("Distribution cannot listen there:", err)
	}
	listener.Close()
}
