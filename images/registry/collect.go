package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/factory"
	"github.com/spf13/cobra"
)

// An upload that nobody finished within a week is forgotten.
const uploadAge = 7 * 24 * time.Hour

type options struct {
	window, secretFile string
	keepUntagged       bool
}

func collectCommand() *cobra.Command {
	var asked options
	command := &cobra.Command{
		Use:   "collect CONFIG",
		Short: "`collect` removes what no tag leads to, while the gate lets nobody write",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			command.SilenceUsage, command.SilenceErrors = true, true
			return collect(command.Context(), arguments[0], asked)
		},
	}
	command.Flags().StringVar(&asked.window, "window", "", "`address` where the gate grants that nobody writes")
	command.Flags().StringVar(&asked.secretFile, "secret", "", "`file` with the secret that the gate asks for")
	command.Flags().BoolVar(&asked.keepUntagged, "keep-untagged", false, "keep manifests that no tag leads to")
	_ = command.MarkFlagRequired("window")
	_ = command.MarkFlagRequired("secret")
	return command
}

func collect(ctx context.Context, file string, asked options) error {
	store, err := open(ctx, file)
	if err != nil {
		return err
	}
	secret, err := os.ReadFile(asked.secretFile)
	if err != nil {
		return err
	}
	window, err := OpenWindow(ctx, asked.window, string(secret))
	if err != nil {
		return fmt.Errorf("the gate does not grant a moment without writes: %w", err)
	}
	defer window.Close()
	// Whatever is under way when the window ends too early must not go on: from then on others write.
	go func() {
		fmt.Fprintln(os.Stderr, "error: the gate ended the window:", <-window.Lost)
		os.Exit(1)
	}()
	return sweep(ctx, store, asked.keepUntagged)
}

func open(ctx context.Context, file string) (driver.StorageDriver, error) {
	config, err := parse(file)
	if err != nil {
		return nil, err
	}
	return factory.Create(ctx, config.Storage.Type(), config.Storage.Parameters())
}

func sweep(ctx context.Context, store driver.StorageDriver, keepUntagged bool) error {
	var nothing driver.PathNotFoundError
	if _, err := store.Stat(ctx, "/docker/registry/v2/repositories"); errors.As(err, &nothing) {
		fmt.Println("nothing was ever pushed")
		return nil
	}
	if deleted, failed := storage.PurgeUploads(ctx, store, time.Now().Add(-uploadAge), true); len(failed) > 0 {
		return fmt.Errorf("uploads that nobody finished: %w", errors.Join(failed...))
	} else if len(deleted) > 0 {
		fmt.Println("forgot", len(deleted), "uploads that nobody finished")
	}
	registry, err := storage.NewRegistry(ctx, store)
	if err != nil {
		return err
	}
	return storage.MarkAndSweep(ctx, store, registry, storage.GCOpts{RemoveUntagged: !keepUntagged})
}
