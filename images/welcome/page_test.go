package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var example = Site{
	Title:    "Queensland <node> & co",
	Domain:   "qld.example.edu.au",
	Contact:  "ops@example.edu.au",
	Release:  "2026.11",
	Message:  "Maintenance <script>alert(1)</script>",
	Services: []Service{{Title: "Hub", Description: "Notebooks", URL: "https://hub.example/", Health: "http://hub.hub.svc:8000/"}},
	Links:    []Link{{Title: "Docs", URL: "https://docs.example/"}},
}

func get(t *testing.T, site Site, path string) (*http.Response, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	NewHandler(site, NewMonitor(site.Services)).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer.Result(), answer.Body.String()
}

func TestThePageShowsTheSite(t *testing.T) {
	response, page := get(t, example, "/")
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %s", response.StatusCode, response.Header.Get("Content-Type"))
	}
	for _, part := range []string{
		"<h1>Queensland &lt;node&gt; &amp; co</h1>", "qld.example.edu.au", "mailto:ops@example.edu.au",
		"ARCOS release 2026.11", `<a href="https://hub.example/">Hub</a>`, "hub.example</p>", "Notebooks", "Checking",
		`<a href="https://docs.example/">Docs</a>`, "Maintenance &lt;script&gt;",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
}

func TestNothingInternalReachesThePublic(t *testing.T) {
	for _, path := range []string{"/", "/api/services"} {
		if _, body := get(t, example, path); strings.Contains(body, "hub.hub.svc") {
			t.Errorf("%s shows where health is asked", path)
		}
	}
}

func TestThePageIsBuiltForEveryReader(t *testing.T) {
	_, page := get(t, example, "/")
	for what, part := range map[string]string{
		"language":             `<html lang="en">`,
		"skip link":            `class="skip" href="#services"`,
		"target of it":         `id="services" tabindex="-1"`,
		"banner":               "<header>",
		"main part":            "<main",
		"footer":               "<footer>",
		"zoom":                 `content="width=device-width, initial-scale=1"`,
		"state in words":       `<strong class="says">Checking</strong>`,
		"announced changes":    `role="status"`,
		"a way without script": `<a href="/">`,
	} {
		if !strings.Contains(page, part) {
			t.Errorf("%s: no %s", what, part)
		}
	}
	if strings.Contains(page, `http-equiv="refresh"`) {
		t.Error("a page that reloads by itself takes people's place away (WCAG 2.2, F41)")
	}
}

func TestThePageLoadsOnlyItsOwnFilesAndTheyExist(t *testing.T) {
	response, page := get(t, example, "/")
	policy := response.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	if regexp.MustCompile(`<style|style="|\son\w+="|<script>`).MatchString(page) {
		t.Error("inline styles and scripts are not run under the policy")
	}
	loaded := regexp.MustCompile(`(?:src|<link[^>]*href|<use href)="([^"#]+)`).FindAllStringSubmatch(page, -1)
	if len(loaded) < 4 {
		t.Fatalf("found %v", loaded)
	}
	for _, match := range loaded {
		file, body := get(t, example, match[1])
		if !strings.HasPrefix(match[1], "/") || file.StatusCode != 200 || body == "" {
			t.Errorf("%s: %d", match[1], file.StatusCode)
		}
		if kind := file.Header.Get("Content-Type"); kind == "" || strings.HasPrefix(kind, "text/plain") {
			t.Errorf("%s has type %q, which browsers refuse with nosniff", match[1], kind)
		}
	}
}

func TestTheStateCanBeReadByPrograms(t *testing.T) {
	_, body := get(t, example, "/api/services")
	var view View
	if err := json.Unmarshal([]byte(body), &view); err != nil {
		t.Fatal(err)
	}
	if view.Overall != Checking || view.Services[0].Title != "Hub" || view.Services[0].State != Checking {
		t.Errorf("%+v", view)
	}
}

func TestUnknownAddressesAndOtherMethodsAreAnsweredProperly(t *testing.T) {
	if response, page := get(t, example, "/hub/"); response.StatusCode != 404 || !strings.Contains(page, `<a href="/">`) {
		t.Errorf("%d: the page should lead home", response.StatusCode)
	}
	answer := httptest.NewRecorder()
	NewHandler(example, NewMonitor(nil)).ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/", nil))
	if answer.Code != 405 {
		t.Errorf("POST gives %d", answer.Code)
	}
}

func TestASiteWithoutServicesHasAPageToo(t *testing.T) {
	_, page := get(t, Site{Title: "New"}, "/")
	if !strings.Contains(page, "no services yet") || strings.Contains(page, "Questions?") {
		t.Error(page)
	}
}

func TestAWrongConfigurationIsNamedAtTheStart(t *testing.T) {
	for text, says := range map[string]string{
		`{`:  "not understood",
		`{}`: "title is needed",
		`{"title":"x","services":[{"title":"Hub","url":"javascript:alert(1)"}]}`: `services[0] (Hub): url`,
		`{"title":"x","services":[{"title":"Hub","health":"hub:8000"}]}`:         `services[0] (Hub): health`,
		`{"title":"x","links":[{"title":"Docs"}]}`:                               "links[0]",
	} {
		file := filepath.Join(t.TempDir(), "welcome.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadSite(file); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; it should say %q", text, err, says)
		}
	}
}

func TestRunningRequestsAreFinishedWhenAskedToEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "welcome.json")
	if err := os.WriteFile(file, []byte(`{"title":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, file, address, 100*time.Millisecond) }()
	healthy := func() bool {
		response, err := http.Get("http://" + address + "/healthz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode == 200 && bytes.Equal(body, []byte("ok\n"))
	}
	for deadline := time.Now().Add(5 * time.Second); !healthy(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not serve")
		}
	}
	end()
	if !healthy() {
		t.Error("while the cluster learns of its end it should still serve")
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if healthy() {
		t.Error("it should be gone")
	}
}
