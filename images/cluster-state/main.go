// cluster-state turns what the Kubernetes API says of workloads, pods, volumes
// and nodes into figures for Prometheus, named and labelled as those of
// kube-state-metrics, so that its documentation and everybody's queries hold.
// Only what the platform's alerts and dashboards use is there.
//
// It also tells Prometheus where nodes and pods are (HTTP service discovery),
// so that Prometheus itself may ask the API for nothing.
//
// It lists when it is asked and keeps nothing; it needs `list` on what it
// shows. https://github.com/kubernetes/kube-state-metrics/tree/main/docs
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

func main() {
	listen := flag.String("listen", ":8080", "`address` to listen on")
	show := flag.Bool("version", false, "print the version and leave")
	flag.Parse()
	if *show {
		fmt.Println("cluster-state", version)
		return
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, *listen); err != nil {
		slog.Error("cluster-state ends", "error", err.Error())
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, listen string) error {
	api, err := InCluster()
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:              listen,
		Handler:           Handler(api),
		ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
	}
	done := make(chan error, 1)
	go func() { done <- server.ListenAndServe() }()
	slog.Info("cluster-state serves", "address", listen, "version", version)
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(last); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
