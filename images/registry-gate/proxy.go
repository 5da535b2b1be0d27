package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// Proxy stands before the registry and the caches. The registry itself checks who
// may do what, by the token; here is what it does not know: tags that stay, when
// nobody writes, and where the caches are.
type Proxy struct {
	config   Config
	signer   *Signer
	service  string
	window   *Window
	tags     *Tags
	registry http.Handler
	caches   map[string]http.Handler
}

// NewProxy leads to the registry and the caches.
func NewProxy(config Config, signer *Signer, service string, window *Window, upstream *Upstream) (*Proxy, error) {
	registry, err := forward(config.Registry, "")
	if err != nil {
		return nil, err
	}
	proxy := &Proxy{
		config: config, signer: signer, service: service, window: window, registry: registry,
		tags: NewTags(config, upstream), caches: map[string]http.Handler{},
	}
	for _, cache := range config.Caches {
		if proxy.caches[cache.Name], err = forward(cache.Address, cache.Name); err != nil {
			return nil, err
		}
	}
	return proxy, nil
}

func forward(address, prefix string) (http.Handler, error) {
	target, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	return &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute, DisableCompression: true},
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(target)
			request.Out.Host = request.In.Host
			if prefix != "" {
				request.Out.URL.Path = strings.Replace(request.In.URL.Path, "/v2/"+prefix+"/", "/v2/", 1)
				request.Out.URL.RawPath = ""
				request.Out.Header.Del("Authorization")
			}
		},
		ModifyResponse: func(answer *http.Response) error {
			if link := answer.Header.Get("Link"); prefix != "" && strings.HasPrefix(link, "</v2/") {
				answer.Header.Set("Link", "</v2/"+prefix+strings.TrimPrefix(link, "</v2"))
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				slog.Error("no answer", "from", address, "error", err.Error())
			}
			answerError(w, http.StatusBadGateway, "UNAVAILABLE", "the registry does not answer just now")
		},
	}, nil
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked, known := ParseRequest(r)
	if !known {
		answerError(w, http.StatusNotFound, "NAME_INVALID", "no address of a registry")
		return
	}
	if cache := p.config.cacheOf(asked.Repository); cache != nil {
		p.cached(w, r, asked, p.caches[cache.Name])
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		p.registry.ServeHTTP(w, r)
		return
	}
	p.write(w, r, asked)
}

func (p *Proxy) write(w http.ResponseWriter, r *http.Request, asked Request) {
	if r.Method == http.MethodDelete && asked.Kind == "manifest" && !asked.Tagged() {
		answerError(w, http.StatusMethodNotAllowed, "UNSUPPORTED",
			"delete a tag instead; what no tag leads to is removed by itself")
		return
	}
	if r.Method == http.MethodDelete && asked.Kind == "blob" {
		answerError(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "layers that no image has are removed by themselves")
		return
	}
	if err := p.window.Enter(r.Context()); err != nil {
		w.Header().Set("Retry-After", "120")
		answerError(w, http.StatusServiceUnavailable, "UNAVAILABLE", err.Error())
		return
	}
	defer p.window.Leave()
	if asked.Tagged() && !p.config.Moves(asked.Repository, asked.Reference) {
		var refused Refused
		done, err := p.tags.Guard(r, asked)
		if errors.As(err, &refused) {
			answerError(w, refused.Status, refused.Code, refused.Message)
			return
		} else if err != nil {
			slog.Error("cannot look up a tag", "repository", asked.Repository, "error", err.Error())
			answerError(w, http.StatusServiceUnavailable, "UNAVAILABLE", "the tag cannot be looked up just now")
			return
		}
		defer done()
	}
	p.registry.ServeHTTP(w, r)
}

// cached answers for a cache, which knows nobody.
func (p *Proxy) cached(w http.ResponseWriter, r *http.Request, asked Request, cache http.Handler) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		answerError(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "this is a copy of another registry: only pull")
		return
	}
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "bearer") || p.signer.Check(token, asked.Repository, pull) != nil {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service=%q,scope=%q`,
			p.config.URL+"/token", p.service, "repository:"+asked.Repository+":"+pull))
		answerError(w, http.StatusUnauthorized, "UNAUTHORIZED", "sign in to pull from "+asked.Repository)
		return
	}
	cache.ServeHTTP(w, r)
}
