// registry-gate stands before a registry: it hands out tokens to people and
// programs, keeps tags where they are, lets garbage be removed while nobody
// writes, and shows people what there is and how to sign in.
//
// It must run once: it alone knows which writes are under way.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var version = "development"

type options struct {
	config, key, robots, collector, database, password string
	listen, internal                                   string
	starting, quiet, drain                             time.Duration
}

func main() {
	var asked options
	flag.StringVar(&asked.config, "config", "/etc/arcos/gate.json", "configuration `file`")
	flag.StringVar(&asked.key, "key", "/run/gate/signing/tls.key", "`file` with the key that signs tokens")
	flag.StringVar(&asked.robots, "robots", "/run/gate/robots", "`folder` with the robots' secrets")
	flag.StringVar(&asked.collector, "collector", "/run/gate/collect/password", "`file` with the garbage collector's secret")
	flag.StringVar(&asked.database, "database", "", "`address` of the database of personal tokens")
	flag.StringVar(&asked.password, "password", "/run/gate/database/password", "`file` with the database's password")
	flag.StringVar(&asked.listen, "listen", ":8080", "`address` for people and programs")
	flag.StringVar(&asked.internal, "internal", ":8081", "`address` for the garbage collector")
	flag.DurationVar(&asked.starting, "starting", 6*time.Second, "let nobody write for so long after the start")
	flag.DurationVar(&asked.quiet, "quiet", 30*time.Second, "no write for so long means that no push is half done")
	flag.DurationVar(&asked.drain, "drain", 3*time.Second, "after SIGTERM, go on serving for so long")
	shown := flag.Bool("version", false, "print the version and leave")
	flag.Parse()
	if *shown {
		fmt.Println("registry-gate", version)
		return
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, asked); err != nil {
		slog.Error("registry-gate ends", "error", err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, asked options) error {
	config, err := LoadConfig(asked.config)
	if err != nil {
		return err
	}
	service := config.Host()
	signer, err := NewSigner(asked.key, service)
	if err != nil {
		return err
	}
	robots, err := config.Secrets(asked.robots)
	if err != nil {
		return err
	}
	collector, err := readSecret(asked.collector)
	if err != nil {
		return err
	}
	tokens, err := NewDatabase(ctx, asked.database, asked.password)
	if err != nil {
		return err
	}
	window, upstream := NewWindow(asked.starting), NewUpstream(config.Registry, signer)
	window.Quiet = asked.quiet
	proxy, err := NewProxy(config, signer, service, window, upstream)
	if err != nil {
		return err
	}
	desk := &Desk{config: config, signer: signer, robots: robots, tokens: tokens, service: service}
	page := &Page{config: config, tokens: tokens, upstream: upstream}
	return serve(ctx, asked.drain,
		&http.Server{Addr: asked.listen, Handler: routes(proxy, desk, page), ReadHeaderTimeout: 10 * time.Second},
		&http.Server{Addr: asked.internal, Handler: internal(window, collector), ReadHeaderTimeout: 10 * time.Second})
}

func routes(proxy *Proxy, desk *Desk, page *Page) http.Handler {
	pages := page.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.EscapedPath(); {
		case path == "/token":
			desk.ServeHTTP(w, r)
		case len(path) >= 4 && path[:4] == "/v2/":
			proxy.ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

func internal(window *Window, secret string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/read-only" {
			http.NotFound(w, r)
		} else if !same(r.Header.Get("Authorization"), "Bearer "+secret) {
			http.Error(w, "the secret is wrong", http.StatusUnauthorized)
		} else {
			window.ServeHTTP(w, r)
		}
	})
}

// serve until ctx ends, then lets running requests finish.
func serve(ctx context.Context, drain time.Duration, servers ...*http.Server) error {
	failed := make(chan error, len(servers))
	for _, server := range servers {
		go func() { failed <- server.ListenAndServe() }()
		slog.Info("registry-gate serves", "address", server.Addr, "version", version)
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	time.Sleep(drain)
	ending, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var ended error
	for _, server := range servers {
		if err := server.Shutdown(ending); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			ended = errors.Join(ended, err)
		}
	}
	return ended
}
