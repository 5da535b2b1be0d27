// seeder makes one Kubernetes Secret if it is not there yet, so that passwords
// and keys are born inside the cluster and are nowhere else.
//
// It is run as a Job. What to make stands in the environment variable
// ARCOS_SEED (see Spec); nothing in it is secret. An existing Secret is never
// changed. The service account needs `create` on secrets, `get` on that name,
// and, for a certificate, `get` on the certificate authority's Secret.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var version = "development"

// Transient failures (a starting API server, a network hiccup) are tried again
// for this long; the Job's own retries come after that.
const patience = time.Minute

func main() {
	if len(os.Args) > 1 {
		if os.Args[1] == "--version" {
			fmt.Println("seeder", version)
			return
		}
		fmt.Fprintln(os.Stderr, "seeder takes no arguments but --version: its task stands in ARCOS_SEED")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := run(ctx, os.Getenv("ARCOS_SEED"), InCluster, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run makes the Secret that text asks for, with the API that connect opens.
func run(ctx context.Context, text string, connect func() (*API, error), out io.Writer) error {
	spec, err := ParseSpec(text)
	if err != nil {
		return err
	}
	api, err := connect()
	if err != nil {
		return err
	}
	found, err := api.Get(ctx, spec.Namespace, spec.Name)
	if err == nil {
		if missing := spec.missing(found); missing != "" {
			return fmt.Errorf("secret %s exists but has no key %q; add it, or delete the secret to have a new one made",
				spec, missing)
		}
		return say(out, "kept secret %s: it exists\n", spec)
	}
	if !errors.Is(err, errNotFound) {
		return fmt.Errorf("cannot read secret %s: %w", spec, err)
	}
	data, err := generate(ctx, spec, api)
	if err != nil {
		return err
	}
	switch err := api.Create(ctx, spec.secret(data)); {
	case errors.Is(err, errExists): // another seeder, or an earlier try whose answer was lost
		return say(out, "kept secret %s: it exists\n", spec)
	case err != nil:
		return fmt.Errorf("cannot create secret %s: %w", spec, err)
	}
	return say(out, "created secret %s (%s)\n", spec, spec.Kind)
}

func say(out io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(out, format, args...)
	return err
}
