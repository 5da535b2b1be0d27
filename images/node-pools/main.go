// node-pools keeps the labels and taints of nodes as the site's pools say.
// OpenStack's Magnum makes a pool's machines and says of each only which pool
// it belongs to; what the pool is for, it does not pass on.
//
// It watches nodes, since they come and go with the autoscaler. It touches
// nothing but labels and taints that begin with arcos.dev/, and only on nodes
// of a pool that it was told of. Its orders are JSON in ARCOS_POOLS.
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

// Without a word from the API for so long, the process is of no use and is
// started anew. A watch is opened again every five minutes at most.
const silence = 15 * time.Minute

func main() {
	listen := flag.String("listen", ":8080", "`address` to answer probes on")
	show := flag.Bool("version", false, "print the version and leave")
	flag.Parse()
	if *show {
		fmt.Println("node-pools", version)
		return
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, *listen); err != nil {
		slog.Error("node-pools ends", "error", err.Error())
		os.Exit(1)
	}
}

// run keeps nodes in order until ctx ends.
func run(ctx context.Context, listen string) error {
	orders, err := ReadOrders(os.Getenv("ARCOS_POOLS"))
	if err != nil {
		return err
	}
	api, err := InCluster()
	if err != nil {
		return err
	}
	keeper := &Keeper{API: api, Orders: orders, Pause: 2 * time.Second}
	server := &http.Server{Addr: listen, Handler: keeper.Probes(silence), ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.ListenAndServe() }()
	slog.Info("node-pools watches", "pools", len(orders.Pools), "version", version)
	go keeper.Run(ctx)
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	if err := server.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
