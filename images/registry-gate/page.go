package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed *.html style.css icon.svg
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"asset": asset,
	"day":   func(t time.Time) string { return t.UTC().Format("2 January 2006") },
	"bytes": readable,
}).ParseFS(files, "*.html"))

// The page loads nothing from elsewhere, runs no script, and cannot be framed:
// https://www.w3.org/TR/CSP3/
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; " +
		"form-action 'self'; frame-ancestors 'none'",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
}

const maxTokens, maxTags = 50, 50

// Page shows people what there is, and gives them tokens. Who they are is said by
// the site's sign-on gate in front, which nobody passes unasked.
type Page struct {
	config   Config
	tokens   Store
	upstream *Upstream
}

// View is what one showing of a page says.
type View struct {
	Config   Config
	Who      Identity
	Operator bool
	Space    string
	Groups   []string
	Names    []string
	Tokens   []Token
	New      string // a token that was just made, shown once
	Expires  time.Time
	Problem  string
	Name     string
	Tags     []Tag
	More     int
}

// Tag is one image of a repository.
type Tag struct {
	Name  string
	Size  int64
	Moves bool
}

// Handler serves the pages. Forms are taken from our own pages only.
func (p *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.known(p.front))
	mux.HandleFunc("GET /repository", p.known(p.repository))
	mux.HandleFunc("POST /access/create", p.known(p.create))
	mux.HandleFunc("POST /access/revoke", p.known(p.revoke))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /ready", p.ready)
	for _, name := range []string{"style.css", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) { writeAsset(w, name) })
	}
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		guarded.ServeHTTP(w, r)
	})
}

// known lets in whom the sign-on gate names, and notes their groups.
func (p *Page) known(next func(http.ResponseWriter, *http.Request, *View)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who := Identity{Name: r.Header.Get("X-Auth-Request-User")}
		for _, group := range strings.Split(r.Header.Get("X-Auth-Request-Groups"), ",") {
			if group = strings.TrimSpace(group); group != "" {
				who.Groups = append(who.Groups, group)
			}
		}
		if who.Name == "" {
			http.Error(w, "Nobody is signed on.", http.StatusForbidden)
			return
		}
		view := &View{Config: p.config, Who: who, Space: p.config.Space(who.Name)}
		view.Operator = slices.Contains(who.Groups, p.config.Operator)
		for _, group := range who.Groups {
			if component.MatchString(group) {
				view.Groups = append(view.Groups, group)
			}
		}
		if err := p.tokens.Seen(r.Context(), who); err != nil {
			slog.Error("cannot note who is here", "error", err.Error())
			view.Problem = "Personal tokens cannot be read just now. Images can still be pulled and pushed by robots."
		}
		next(w, r, view)
	}
}

func (p *Page) front(w http.ResponseWriter, r *http.Request, view *View) {
	all, err := p.upstream.Repositories(r.Context())
	if err != nil {
		slog.Error("cannot list repositories", "error", err.Error())
		view.Problem = "The registry does not answer just now. Try again in a minute."
	}
	for _, name := range all {
		if len(p.config.Actions(view.Who, name)) > 0 {
			view.Names = append(view.Names, name)
		}
	}
	whose := view.Who.Name
	if view.Operator {
		whose = ""
	}
	if view.Tokens, err = p.tokens.List(r.Context(), whose); err != nil && view.Problem == "" {
		slog.Error("cannot list tokens", "error", err.Error())
		view.Problem = "Personal tokens cannot be read just now."
	}
	write(w, http.StatusOK, "page.html", view)
}

func (p *Page) repository(w http.ResponseWriter, r *http.Request, view *View) {
	view.Name = r.URL.Query().Get("name")
	if !isName.MatchString(view.Name) || len(p.config.Actions(view.Who, view.Name)) == 0 {
		view.Problem = "There is no such repository, or it is not for you."
		write(w, http.StatusNotFound, "repository.html", view)
		return
	}
	tags, err := p.upstream.Tags(r.Context(), view.Name)
	if err != nil {
		slog.Error("cannot list tags", "error", err.Error())
		view.Problem = "The registry does not answer just now. Try again in a minute."
	}
	slices.Reverse(tags) // by name; with versions and dates the newest is last
	if view.More = max(len(tags)-maxTags, 0); view.More > 0 {
		tags = tags[:maxTags]
	}
	for _, tag := range tags {
		size, err := p.upstream.Size(r.Context(), view.Name, tag)
		if err != nil {
			slog.Error("cannot read a manifest", "repository", view.Name, "tag", tag, "error", err.Error())
		}
		view.Tags = append(view.Tags, Tag{Name: tag, Size: size, Moves: p.config.Moves(view.Name, tag)})
	}
	write(w, http.StatusOK, "repository.html", view)
}

func (p *Page) create(w http.ResponseWriter, r *http.Request, view *View) {
	label := strings.Join(strings.Fields(r.FormValue("label")), " ")
	held, err := p.tokens.List(r.Context(), view.Who.Name)
	switch {
	case err != nil:
		slog.Error("cannot list tokens", "error", err.Error())
		view.Problem = "No token could be made just now. Try again in a minute."
	case label == "" || len(label) > 100:
		view.Problem = "Say in a few words where you will use the token."
	case len(held) >= maxTokens:
		view.Problem = "You have as many tokens as anybody may. Revoke one first."
	default:
		token, sum := newToken()
		expires := time.Now().AddDate(0, 0, p.config.Days)
		if err := p.tokens.Create(r.Context(), view.Who.Name, label, sum, expires); err != nil {
			slog.Error("cannot make a token", "error", err.Error())
			view.Problem = "No token could be made just now. Try again in a minute."
			break
		}
		slog.Info("a token was made", "person", view.Who.Name)
		view.New, view.Expires = token, expires
	}
	p.front(w, r, view)
}

func (p *Page) revoke(w http.ResponseWriter, r *http.Request, view *View) {
	whose := view.Who.Name
	if view.Operator {
		whose = ""
	}
	id, err := strconv.ParseInt(r.FormValue("id"), 10, 64)
	if err == nil {
		err = p.tokens.Revoke(r.Context(), whose, id)
	}
	if err != nil {
		slog.Error("cannot revoke a token", "error", err.Error())
		view.Problem = "The token could not be revoked. Try again in a minute."
		p.front(w, r, view)
		return
	}
	slog.Info("a token was revoked", "by", view.Who.Name, "id", id)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// ready says whether images can be had at all.
func (p *Page) ready(w http.ResponseWriter, r *http.Request) {
	if err := p.upstream.Alive(r.Context()); err != nil {
		http.Error(w, "the registry does not answer", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func write(w http.ResponseWriter, code int, name string, view *View) {
	var page bytes.Buffer // whole before any of it is sent
	if err := pages.ExecuteTemplate(&page, name, view); err != nil {
		slog.Error("cannot write the page", "error", err.Error())
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store") // a token may stand in it
	w.WriteHeader(code)
	_, _ = page.WriteTo(w)
}

// asset is a file's address with its content in it, so that it can be kept for ever.
func asset(name string) (string, error) {
	content, err := files.ReadFile(name)
	return fmt.Sprintf("/%s?%.6x", name, sha256.Sum256(content)), err
}

func writeAsset(w http.ResponseWriter, name string) {
	content, _ := files.ReadFile(name)
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(content)
}

// readable is a size as people say it.
func readable(size int64) string {
	switch {
	case size <= 0:
		return "not known"
	case size < 1<<20:
		return fmt.Sprintf("%d KiB", (size+1023)>>10)
	case size < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(size)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(size)/(1<<30))
}
