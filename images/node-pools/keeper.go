package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// Keeper keeps all nodes as the orders say.
type Keeper struct {
	API    *API
	Orders *Orders
	Pause  time.Duration // before nodes are listed anew

	heard atomic.Int64 // when the API last answered, in seconds
}

// Run lists and watches until ctx ends. Every round is followed by a pause, so
// that a server that ends each watch at once is not overrun.
func (k *Keeper) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := k.round(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("nodes are listed anew", "error", err.Error())
		}
		select {
		case <-ctx.Done():
		case <-time.After(k.Pause):
		}
	}
}

// round looks at every node, then at each that comes or changes, until the
// watch ends, as the API server ends each after a few minutes.
func (k *Keeper) round(ctx context.Context) error {
	nodes, version, err := k.API.List(ctx)
	if err != nil {
		return err
	}
	k.hear()
	for _, node := range nodes {
		if err := k.settle(ctx, &node); err != nil {
			return err
		}
	}
	return k.API.Watch(ctx, version, func(node *Node) error {
		k.hear()
		if node == nil {
			return nil
		}
		return k.settle(ctx, node)
	})
}

// settle changes one node if need be. Somebody else's change in the same moment
// is no error: the watch brings the node once more.
func (k *Keeper) settle(ctx context.Context, node *Node) error {
	patch := k.Orders.Patch(node)
	if patch == nil {
		return nil
	}
	err := k.API.Patch(ctx, node.Metadata.Name, patch)
	switch {
	case errors.Is(err, errConflict), errors.Is(err, errGone):
		return nil
	case err != nil:
		return err
	}
	slog.Info("node is as its pool says", "node", node.Metadata.Name)
	return nil
}

func (k *Keeper) hear() { k.heard.Store(time.Now().Unix()) }

// Probes answers whether nodes were seen at all, and not too long ago.
func (k *Keeper) Probes(silence time.Duration) http.Handler {
	started := time.Now()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if k.heard.Load() == 0 {
			http.Error(w, "no node was listed yet", http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		last := max(k.heard.Load(), started.Unix())
		if time.Since(time.Unix(last, 0)) > silence {
			http.Error(w, "the API server has not answered for long", http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ok\n"))
	})
	return mux
}
