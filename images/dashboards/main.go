// dashboards shows Grafana's own dashboard files as plain pages: it asks
// Prometheus, draws on the server, and needs neither Grafana nor JavaScript.
//
// It signs nobody in. The gate in front of it says who asks (see access.go);
// nothing else may reach it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var version = "development"

func main() {
	var options struct {
		config, dashboards, listen string
		version                    bool
	}
	flag.StringVar(&options.config, "config", "/etc/arcos/dashboards.json", "configuration `file`")
	flag.StringVar(&options.dashboards, "dashboards", "/etc/dashboards", "`folder` of Grafana dashboards")
	flag.StringVar(&options.listen, "listen", ":8080", "`address` to listen on")
	flag.BoolVar(&options.version, "version", false, "print the version and leave")
	flag.Parse()
	if options.version {
		fmt.Println("dashboards", version)
		return
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, options.config, options.dashboards, options.listen); err != nil {
		slog.Error("dashboards ends", "error", err.Error())
		os.Exit(1)
	}
}

// run serves until ctx ends, then lets running requests finish.
func run(ctx context.Context, config, folder, listen string) error {
	site, err := LoadSite(config)
	if err != nil {
		return err
	}
	dashboards, err := LoadDashboards(folder)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           NewHandler(site, dashboards, NewPrometheus(site.Prometheus)),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      40 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	slog.Info("dashboards serves", "address", listener.Addr().String(), "dashboards", len(dashboards), "version", version)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(ending), ignoreClosed(<-failed))
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
