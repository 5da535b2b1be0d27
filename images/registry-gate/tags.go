package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// As large as the registry itself takes a manifest.
const maxManifest = 4 << 20

// Refused is why something may not be done.
type Refused struct {
	Status        int
	Code, Message string
}

func (r Refused) Error() string { return r.Message }

// Tags keeps tags where they are: what somebody has cited is still there.
type Tags struct {
	config   Config
	upstream *Upstream
	mu       sync.Mutex
	busy     map[string]chan struct{}
}

// NewTags guards the tags of one registry. All writes must pass this one.
func NewTags(config Config, upstream *Upstream) *Tags {
	return &Tags{config: config, upstream: upstream, busy: map[string]chan struct{}{}}
}

// Guard lets a tag be made, or be made again as it is; nothing else. Until the
// returned function is called nobody else makes the same one.
func (t *Tags) Guard(r *http.Request, asked Request) (func(), error) {
	name := asked.Repository + ":" + asked.Reference
	if r.Method == http.MethodDelete {
		return nil, Refused{http.StatusConflict, "DENIED", name + " stays: tags are not deleted here"}
	}
	digests, err := manifestDigests(r)
	if err != nil {
		return nil, err
	}
	unlock, err := t.lock(r, name)
	if err != nil {
		return nil, err
	}
	there, err := t.upstream.Digest(r.Context(), asked.Repository, asked.Reference)
	if err == nil && there != "" && there != digests[0] && there != digests[1] {
		err = Refused{http.StatusConflict, "DENIED",
			fmt.Sprintf("%s is %s already and stays so; choose a new tag", name, there)}
	}
	if err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// manifestDigests reads the manifest, puts it back, and says what it may be called.
func manifestDigests(r *http.Request) ([2]string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxManifest+1))
	if err != nil {
		return [2]string{}, err
	}
	if len(body) > maxManifest {
		return [2]string{}, Refused{http.StatusRequestEntityTooLarge, "MANIFEST_INVALID", "the manifest is larger than 4 MiB"}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.TransferEncoding = nil
	return [2]string{
		fmt.Sprintf("sha256:%x", sha256.Sum256(body)), fmt.Sprintf("sha512:%x", sha512.Sum512(body)),
	}, nil
}

func (t *Tags) lock(r *http.Request, name string) (func(), error) {
	for {
		t.mu.Lock()
		busy, taken := t.busy[name]
		if !taken {
			mine := make(chan struct{})
			t.busy[name] = mine
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				delete(t.busy, name)
				t.mu.Unlock()
				close(mine)
			}, nil
		}
		t.mu.Unlock()
		select {
		case <-busy:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// manifestTypes is every kind of manifest that a registry may hold.
var manifestTypes = strings.Join([]string{
	"application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
}, ", ")
