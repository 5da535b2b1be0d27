package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"time"
)

//go:embed page.html missing.html style.css status.js icon.svg
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{"asset": asset}).ParseFS(files, "*.html"))

// The page loads nothing from elsewhere, runs no script but its own file, and
// cannot be framed: https://www.w3.org/TR/CSP3/
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; " +
		"img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
}

// NewHandler serves the page, its few files, and the state of the services.
func NewHandler(site Site, monitor *Monitor) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		writePage(w, http.StatusOK, "page.html", newView(site, monitor))
	})
	mux.HandleFunc("GET /api/services", func(w http.ResponseWriter, _ *http.Request) {
		writeServices(w, newView(site, monitor))
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "ok")
	})
	for _, name := range []string{"style.css", "status.js", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) { writeAsset(w, name) })
	}
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		writePage(w, http.StatusNotFound, "missing.html", newView(site, monitor))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		mux.ServeHTTP(w, r)
	})
}

func writePage(w http.ResponseWriter, code int, name string, view View) {
	var page bytes.Buffer // whole before any of it is sent
	if err := pages.ExecuteTemplate(&page, name, view); err != nil {
		slog.Error("cannot write the page", "error", err.Error())
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store") // the state of a minute ago is wrong
	w.WriteHeader(code)
	_, _ = page.WriteTo(w)
}

// writeServices is the page's content for programs. Keys are never removed.
func writeServices(w http.ResponseWriter, view View) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(view)
}

// asset is a file's address with its content in it, so that it can be kept for
// ever and a new version is seen at once.
func asset(name string) (string, error) {
	content, err := files.ReadFile(name)
	return fmt.Sprintf("/%s?%.6x", name, sha256.Sum256(content)), err
}

func writeAsset(w http.ResponseWriter, name string) {
	content, err := files.ReadFile(name)
	if err != nil {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%.0f, immutable", (365*24*time.Hour).Seconds()))
	_, _ = w.Write(content)
}
