// seeder makes one Kubernetes Secret if it is not there yet, so that passwords
// and keys are born inside the cluster and are nowhere else.
//
// It is run as a Job. What to make stands in the environment variable
// ARCOS_SEED (see Spec); nothing in it is secret. An existing Secret is never
// changed; its copies in other namespaces follow it. The service account needs
// `create` on secrets, `get` on that name, for a copy `create` there and `get`
// and `update` on its name, and for a certificate `get` on the authority's.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
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

// run makes the Secret that text asks for, and its copies, with the API that
// connect opens. Killed at any moment, the next run goes on.
func run(ctx context.Context, text string, connect func() (*API, error), out io.Writer) error {
	spec, err := ParseSpec(text)
	if err != nil {
		return err
	}
	api, err := connect()
	if err != nil {
		return err
	}
	data, err := original(ctx, spec, api, out)
	if err != nil {
		return err
	}
	for _, copy := range spec.Copies {
		if err := spread(ctx, copy, data, api, out); err != nil {
			return err
		}
	}
	return nil
}

// original makes the Secret where it is not there, and returns its values.
func original(ctx context.Context, spec Spec, api *API, out io.Writer) (map[string][]byte, error) {
	found, err := api.Get(ctx, spec.Namespace, spec.Name)
	if err == nil {
		return kept(spec, found, out)
	}
	if !errors.Is(err, errNotFound) {
		return nil, fmt.Errorf("cannot read secret %s: %w", spec, err)
	}
	data, err := generate(ctx, spec, api)
	if err != nil {
		return nil, err
	}
	switch err := api.Create(ctx, spec.secret(data)); {
	case errors.Is(err, errExists): // another seeder, or an earlier try whose answer was lost
		found, err := api.Get(ctx, spec.Namespace, spec.Name)
		if err != nil {
			return nil, fmt.Errorf("cannot read secret %s: %w", spec, err)
		}
		return kept(spec, found, out)
	case err != nil:
		return nil, fmt.Errorf("cannot create secret %s: %w", spec, err)
	}
	return data, say(out, "created secret %s (%s)\n", spec, spec.Kind)
}

func kept(spec Spec, found Secret, out io.Writer) (map[string][]byte, error) {
	if missing := spec.missing(found); missing != "" {
		return nil, fmt.Errorf("secret %s exists but has no key %q; add it, or delete the secret to have a new one made",
			spec, missing)
	}
	return found.Data, say(out, "kept secret %s: it exists\n", spec)
}

// spread makes one copy what it should be. A copy is never the source of
// anything, so what differs is overwritten.
func spread(ctx context.Context, copy Copy, data map[string][]byte, api *API, out io.Writer) error {
	name := copy.Namespace + "/" + copy.Name
	wanted := data
	if len(copy.Keys) > 0 {
		wanted = make(map[string][]byte, len(copy.Keys))
		for _, key := range copy.Keys {
			value, there := data[key]
			if !there {
				return fmt.Errorf("copy %s wants the key %q, which the secret does not have", name, key)
			}
			wanted[key] = value
		}
	}
	secret := object(copy.Namespace, copy.Name, "Opaque", wanted)
	found, err := api.Get(ctx, copy.Namespace, copy.Name)
	switch {
	case errors.Is(err, errNotFound):
		err = api.Create(ctx, secret)
		if !errors.Is(err, errExists) {
			break
		}
		fallthrough // by somebody else in this very moment, with whatever values
	case err == nil:
		if maps.EqualFunc(found.Data, wanted, bytes.Equal) {
			return say(out, "kept copy %s: it is the same\n", name)
		}
		err = api.Update(ctx, secret)
	default:
		return fmt.Errorf("cannot read copy %s: %w", name, err)
	}
	if err != nil {
		return fmt.Errorf("cannot write copy %s: %w", name, err)
	}
	return say(out, "wrote copy %s\n", name)
}

func say(out io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(out, format, args...)
	return err
}
