// welcome is a site's landing page: which services there are, where, and
// whether they answer. It knows only its configuration file; it has no cluster
// credential, keeps nothing, and needs no JavaScript in the browser.
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
		config, listen string
		drain          time.Duration
		version        bool
	}
	flag.StringVar(&options.config, "config", "/etc/arcos/welcome.json", "configuration `file`")
	flag.StringVar(&options.listen, "listen", ":8080", "`address` to listen on")
	flag.DurationVar(&options.drain, "drain", 3*time.Second,
		"after SIGTERM, go on serving for so long while the cluster learns that this pod ends")
	flag.BoolVar(&options.version, "version", false, "print the version and leave")
	flag.Parse()
	if options.version {
		fmt.Println("welcome", version)
		return
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, options.config, options.listen, options.drain); err != nil {
		slog.Error("welcome ends", "error", err.Error())
		os.Exit(1)
	}
}

// run serves until ctx ends, then lets running requests finish.
func run(ctx context.Context, config, listen string, drain time.Duration) error {
	site, err := LoadSite(config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	monitor := NewMonitor(site.Services)
	checking, stopChecking := context.WithCancel(context.Background())
	defer stopChecking()
	go monitor.Run(checking)
	server := &http.Server{
		Handler:           NewHandler(site, monitor),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	slog.Info("welcome serves", "address", listener.Addr().String(), "services", len(site.Services), "version", version)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	slog.Info("asked to end", "drain", drain.String())
	time.Sleep(drain)
	ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return err
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
