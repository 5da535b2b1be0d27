package main

import (
	"context"
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
	upstream, err := NewUpstream(config.Proxy.RemoteURL, endpoint, http.DefaultTransport.(*http.Transport))
	if err != nil {
		return err
	}
	store, err := factory.Create(command.Context(), config.Storage.Type(), config.Storage.Parameters())
	if err != nil {
		return err
	}
	http.DefaultTransport = upstream
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
