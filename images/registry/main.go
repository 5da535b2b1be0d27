// This is CNCF Distribution with only what a site needs: the two places to
// store in, sign-on by token, and the cache of another registry; and with
// `collect`, which removes garbage while nobody writes.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/token"
	_ "github.com/distribution/distribution/v3/registry/proxy"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/s3-aws"

	// The image has no system whose public authorities it could use.
	_ "golang.org/x/crypto/x509roots/fallback"
)

func main() {
	defer inOneLine()
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	if err := errors.Join(fromFiles(), trust(os.Getenv("AUTHORITIES_FILE"))); err != nil {
		fail(err)
	}
	registry.RootCmd.AddCommand(collectCommand())
	registry.ServeCmd.PreRunE = prepareCache
	if err := registry.RootCmd.ExecuteContext(context.Background()); err != nil {
		fail(err)
	}
}

func fail(why any) {
	fmt.Fprintln(os.Stderr, "error:", why)
	os.Exit(1)
}

// inOneLine says why Distribution cannot start: it panics with a sentence, of which
// no trace says more. A mistake in a program keeps its trace.
func inOneLine() {
	switch why := recover().(type) {
	case nil:
	case runtime.Error:
		panic(why)
	default:
		fail(why)
	}
}

// trust adds authorities that only this site knows to those of the world, for
// whatever this program asks. The store's own authority is AWS_CA_BUNDLE.
func trust(file string) error {
	if file == "" {
		return nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	known, err := x509.SystemCertPool()
	if err != nil {
		return err
	}
	if !known.AppendCertsFromPEM(content) {
		return fmt.Errorf("%s holds no certificate", file)
	}
	http.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: known}
	return nil
}

// fromFiles takes what is secret from files: REGISTRY_X_FILE names the one that
// holds REGISTRY_X, which then stands in no object of the cluster.
// https://distribution.github.io/distribution/about/configuration/#override-specific-configuration-options
func fromFiles() error {
	for _, variable := range os.Environ() {
		name, file, _ := strings.Cut(variable, "=")
		plain, is := strings.CutSuffix(name, "_FILE")
		if !is || !strings.HasPrefix(name, "REGISTRY_") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		os.Unsetenv(name)
		os.Setenv(plain, strings.TrimSpace(string(content)))
	}
	return nil
}
