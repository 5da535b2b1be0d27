package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed *.html style.css icon.svg
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"asset": asset, "since": since, "upper": title, "plainly": plainly,
}).ParseFS(files, "*.html"))

// The pages load nothing from elsewhere, run no script, and cannot be framed:
// https://www.w3.org/TR/CSP3/
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "same-origin",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
}

// View is what every page shows.
type View struct {
	Site       Site
	Reader     Reader
	Title      string
	Now        time.Time
	Dashboards []*Dashboard
	Here       string
	Dashboard  *Dashboard
	Period     Period
	Periods    []Period
	Panels     []PanelView
	Alerts     []AlertView
	Watched    []Rule
	Error      string
	Says       string
	Runbook    []template.HTML
}

// AlertView is one alert that is active.
type AlertView struct {
	Alert
	Name, Severity, Summary string
}

type server struct {
	site       Site
	dashboards []*Dashboard
	prometheus *Prometheus
	now        func() time.Time
}

// NewHandler serves the dashboards that the reader may see, and the alerts.
func NewHandler(site Site, dashboards []*Dashboard, prometheus *Prometheus) http.Handler {
	s := &server{site, dashboards, prometheus, time.Now}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /d/{uid}", s.dashboard)
	mux.HandleFunc("GET /alerts", s.alerts)
	mux.HandleFunc("GET /runbooks/{alert}", s.runbook)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "ok")
	})
	for _, name := range []string{"style.css", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) { writeAsset(w, name) })
	}
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusNotFound, "There is no such page.")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		mux.ServeHTTP(w, r)
	})
}

func (s *server) view(r *http.Request) View {
	reader := s.site.reader(r)
	made := View{Site: s.site, Reader: reader, Now: s.now().UTC(), Periods: periods}
	for _, dashboard := range s.dashboards {
		if reader.sees(dashboard) {
			made.Dashboards = append(made.Dashboards, dashboard)
		}
	}
	return made
}

// home leads to the first page that the reader may see: what is wrong, for operators.
func (s *server) home(w http.ResponseWriter, r *http.Request) {
	view := s.view(r)
	switch {
	case view.Reader.Operator:
		http.Redirect(w, r, "/alerts", http.StatusFound)
	case len(view.Dashboards) > 0:
		http.Redirect(w, r, "/d/"+view.Dashboards[0].UID, http.StatusFound)
	default:
		s.refuse(w, r, http.StatusForbidden, "Nothing here is for you: you are in none of the groups that see it.")
	}
}

func (s *server) dashboard(w http.ResponseWriter, r *http.Request) {
	view := s.view(r)
	uid := r.PathValue("uid")
	// What somebody may not see is not told from what is not there.
	place := slices.IndexFunc(view.Dashboards, func(d *Dashboard) bool { return d.UID == uid })
	if place < 0 {
		s.refuse(w, r, http.StatusNotFound, "There is no such dashboard for you.")
		return
	}
	view.Dashboard = view.Dashboards[place]
	view.Title, view.Here = view.Dashboard.Title, uid
	view.Period = period(r, view.Dashboard)
	view.Panels = look(r.Context(), view.Dashboard, s.prometheus, view.Period, view.Reader.Name, view.Now)
	writePage(w, http.StatusOK, "dashboard.html", view)
}

func (s *server) alerts(w http.ResponseWriter, r *http.Request) {
	view := s.view(r)
	if !view.Reader.Operator {
		s.refuse(w, r, http.StatusNotFound, "There is no such page for you.")
		return
	}
	view.Title, view.Here = "Alerts", "alerts"
	rules, err := s.prometheus.Rules(r.Context())
	if err != nil {
		view.Error = err.Error()
	}
	for _, rule := range rules {
		if rule.Labels["severity"] == "none" { // the dead man's switch: it always fires
			continue
		}
		view.Watched = append(view.Watched, rule)
		for _, alert := range rule.Alerts {
			view.Alerts = append(view.Alerts, AlertView{
				alert, rule.Name, cmp.Or(alert.Labels["severity"], "info"), alert.Annotations["summary"],
			})
		}
	}
	slices.SortStableFunc(view.Alerts, func(a, b AlertView) int {
		return cmp.Or(
			cmp.Compare(weight(a), weight(b)),
			strings.Compare(a.Name, b.Name),
			a.ActiveAt.Compare(b.ActiveAt),
		)
	})
	slices.SortStableFunc(view.Watched, func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
	writePage(w, http.StatusOK, "alerts.html", view)
}

// runbook is what to do about one alert: on the site itself, and of its own release.
func (s *server) runbook(w http.ResponseWriter, r *http.Request) {
	view := s.view(r)
	name := r.PathValue("alert")
	text, there := s.site.Runbooks[name]
	if !view.Reader.Operator || !there {
		s.refuse(w, r, http.StatusNotFound, "There is no such runbook for you.")
		return
	}
	view.Title, view.Here, view.Runbook = name, "alerts", markdown(text)
	writePage(w, http.StatusOK, "runbook.html", view)
}

// weight puts what fires before what may soon, and what is critical first.
func weight(a AlertView) int {
	order := map[string]int{"critical": 0, "warning": 1, "info": 2}[a.Severity]
	if a.State != "firing" {
		order += 10
	}
	return order
}

func (s *server) refuse(w http.ResponseWriter, r *http.Request, code int, says string) {
	view := s.view(r)
	view.Title, view.Says = http.StatusText(code), says
	writePage(w, code, "missing.html", view)
}

func writePage(w http.ResponseWriter, code int, name string, view View) {
	var page bytes.Buffer // whole before any of it is sent
	if err := pages.ExecuteTemplate(&page, name, view); err != nil {
		slog.Error("cannot write the page", "error", err.Error())
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store") // and nobody else's page from a cache
	w.WriteHeader(code)
	_, _ = page.WriteTo(w)
}

func title(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
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
