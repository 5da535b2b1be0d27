package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Upstream asks the registry for this program itself, with tokens of its own.
type Upstream struct {
	address string
	signer  *Signer
	client  *http.Client

	mu      sync.Mutex
	catalog []string
	read    time.Time
}

// NewUpstream asks the registry at an address.
func NewUpstream(address string, signer *Signer) *Upstream {
	transport := &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute}
	return &Upstream{address: address, signer: signer, client: &http.Client{Timeout: 20 * time.Second, Transport: transport}}
}

func (u *Upstream) ask(ctx context.Context, method, path string, access Access) (*http.Response, error) {
	token, _, err := u.signer.Sign("gate", []Access{access})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, u.address+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", manifestTypes)
	return u.client.Do(request)
}

func repositoryPull(name string) Access {
	return Access{Type: "repository", Name: name, Actions: []string{pull}}
}

// Digest is what a tag leads to, or "" where there is no such tag.
func (u *Upstream) Digest(ctx context.Context, repository, tag string) (string, error) {
	answer, err := u.ask(ctx, http.MethodHead, "/v2/"+repository+"/manifests/"+tag, repositoryPull(repository))
	if err != nil {
		return "", err
	}
	answer.Body.Close()
	switch digest := answer.Header.Get("Docker-Content-Digest"); {
	case answer.StatusCode == http.StatusNotFound:
		return "", nil
	case answer.StatusCode == http.StatusOK && digest != "":
		return digest, nil
	}
	return "", fmt.Errorf("the registry says %s about %s:%s", answer.Status, repository, tag)
}

// Alive says whether the registry answers.
func (u *Upstream) Alive(ctx context.Context) error {
	answer, err := u.ask(ctx, http.MethodGet, "/v2/", Access{})
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the registry says %s", answer.Status)
	}
	return nil
}

func (u *Upstream) json(ctx context.Context, path string, access Access, into any) (next string, err error) {
	answer, err := u.ask(ctx, http.MethodGet, path, access)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound {
		return "", nil
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the registry says %s about %s", answer.Status, path)
	}
	if link, _, found := strings.Cut(answer.Header.Get("Link"), ">"); found {
		next = strings.TrimPrefix(link, "<")
	}
	return next, json.NewDecoder(io.LimitReader(answer.Body, 16<<20)).Decode(into)
}

// Repositories is all there are; asked for at most every 15 seconds.
func (u *Upstream) Repositories(ctx context.Context) ([]string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if time.Since(u.read) < 15*time.Second {
		return u.catalog, nil
	}
	var all []string
	path := "/v2/_catalog?n=1000"
	for path != "" && len(all) < 20000 {
		var page struct{ Repositories []string }
		next, err := u.json(ctx, path, Access{Type: "registry", Name: "catalog", Actions: []string{"*"}}, &page)
		if err != nil {
			return nil, err
		}
		all, path = append(all, page.Repositories...), next
	}
	u.catalog, u.read = all, time.Now()
	return all, nil
}

// Tags is the tags of a repository.
func (u *Upstream) Tags(ctx context.Context, repository string) ([]string, error) {
	var page struct{ Tags []string }
	_, err := u.json(ctx, "/v2/"+repository+"/tags/list", repositoryPull(repository), &page)
	return page.Tags, err
}

type descriptor struct {
	Digest    string
	Size      int64
	MediaType string
}

// Size is what an image takes, compressed and with all its platforms; layers that
// it shares with others count as well.
func (u *Upstream) Size(ctx context.Context, repository, reference string) (int64, error) {
	return u.size(ctx, repository, reference, true)
}

func (u *Upstream) size(ctx context.Context, repository, reference string, deep bool) (int64, error) {
	var manifest struct {
		Config    descriptor
		Layers    []descriptor
		Manifests []descriptor
	}
	path := "/v2/" + repository + "/manifests/" + url.PathEscape(reference)
	if _, err := u.json(ctx, path, repositoryPull(repository), &manifest); err != nil {
		return 0, err
	}
	total := manifest.Config.Size
	for _, layer := range manifest.Layers {
		total += layer.Size
	}
	for _, one := range manifest.Manifests {
		if deep {
			size, err := u.size(ctx, repository, one.Digest, false)
			if err != nil {
				return 0, err
			}
			total += size
		}
	}
	return total, nil
}
