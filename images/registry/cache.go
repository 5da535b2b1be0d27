package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/factory"
	"github.com/spf13/cobra"
)

// What a cache must be able to read before it starts: when which copy ends.
const schedule = "/scheduler-state.json"

// The variable that names the file of the store's authority.
const bundle = "AWS_CA_BUNDLE"

// prepareCache lets a cache start whoever else is there: before Distribution is
// made, which gives up where its upstream or its bucket does not answer.
func prepareCache(command *cobra.Command, arguments []string) error {
	command.SilenceUsage, command.SilenceErrors = true, true
	if len(arguments) == 0 {
		return nil // Distribution says what is missing
	}
	config, err := parse(arguments[0])
	if err != nil {
		return err
	}
	if config.Proxy.RemoteURL == "" {
		return nil
	}
	endpoint, _ := config.Storage.Parameters()["regionendpoint"].(string)
	direct := http.DefaultTransport.(*http.Transport)
	toStore, err := storeTransport(direct)
	if err != nil {
		return err
	}
	upstream, err := NewUpstream(config.Proxy.RemoteURL, endpoint, direct, toStore)
	if err != nil {
		return err
	}
	http.DefaultTransport = upstream
	store, err := factory.Create(command.Context(), config.Storage.Type(), config.Storage.Parameters())
	if err != nil {
		return err
	}
	waiting, err := Wait(command.Context(), config.HTTP.Addr, func(ctx context.Context) error {
		return readable(ctx, store)
	})
	if err != nil {
		return err
	}
	// Called when Distribution is made, just before it listens itself.
	registry.RegisterHandler(func(_ *configuration.Configuration, made http.Handler) http.Handler {
		upstream.started.Store(true)
		_ = waiting.Close()
		return upstream.Handler(made)
	})
	return nil
}

// storeTransport takes AWS_CA_BUNDLE out of the environment and trusts it for the
// store alone. The SDK for S3 would make it all that http.DefaultClient trusts,
// through which Distribution asks its upstream.
func storeTransport(direct *http.Transport) (http.RoundTripper, error) {
	file := os.Getenv(bundle)
	if file == "" {
		return direct, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", bundle, err)
	}
	known := x509.NewCertPool()
	if !known.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	toStore := direct.Clone()
	toStore.TLSClientConfig = &tls.Config{RootCAs: known}
	return toStore, os.Unsetenv(bundle)
}

func readable(ctx context.Context, store driver.StorageDriver) error {
	var nothing driver.PathNotFoundError
	if _, err := store.GetContent(ctx, schedule); err != nil && !errors.As(err, &nothing) {
		return err
	}
	return nil
}

// Wait returns when `ask` says that the store answers. Until the server that it
// returns is closed, everybody is told to come again: it is up, but not ready.
func Wait(ctx context.Context, address string, ask func(context.Context) error) (*http.Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, "the cache has no answer from its store yet; try again in a minute")
		}),
	}
	go func() { _ = server.Serve(listener) }()
	for told := false; ; told = true {
		err := ask(ctx)
		if err == nil {
			if told {
				slog.Warn("the store answers")
			}
			return server, nil
		}
		if !told {
			slog.Warn("the store does not answer; nothing is served until it does", "error", err.Error())
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), server.Close())
		}
	}
}

// parse reads a configuration as Distribution does.
func parse(file string) (*configuration.Configuration, error) {
	reader, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	config, err := configuration.Parse(reader)
	if err != nil {
		return nil, fmt.Errorf("%s is not understood: %w", file, err)
	}
	return config, nil
}
