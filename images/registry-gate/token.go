package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Desk is where programs ask for tokens.
// https://distribution.github.io/distribution/spec/auth/token/
type Desk struct {
	config  Config
	signer  *Signer
	robots  map[string]string // secrets by name
	tokens  Store
	service string
}

var errStranger = errors.New("the user name or the token is wrong, or the token has expired")

// who finds out who asks. A robot is known also while the database is away.
func (d *Desk) who(ctx context.Context, name, secret string) (Identity, error) {
	for i, robot := range d.config.Robots {
		if robot.Name == name && same(secret, d.robots[name]) {
			return Identity{Name: name, Robot: &d.config.Robots[i]}, nil
		}
	}
	if !strings.HasPrefix(secret, tokenPrefix) {
		return Identity{}, errStranger
	}
	found, err := d.tokens.Find(ctx, hash(secret))
	if err == nil && found.Name != name {
		err = errStranger
	}
	return found, err
}

func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return b != "" && subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	name, secret, given := r.BasicAuth()
	scopes := r.URL.Query()["scope"]
	service := r.URL.Query().Get("service")
	if r.Method == http.MethodPost { // https://distribution.github.io/distribution/spec/auth/oauth/
		if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "password" {
			answerError(w, http.StatusBadRequest, "UNSUPPORTED", "grant_type must be password")
			return
		}
		name, secret, given = r.PostForm.Get("username"), r.PostForm.Get("password"), true
		scopes, service = r.PostForm["scope"], r.PostForm.Get("service")
	}
	if service != d.service {
		answerError(w, http.StatusBadRequest, "UNSUPPORTED", "service must be "+d.service)
		return
	}
	var who Identity
	if given {
		var err error
		if who, err = d.who(r.Context(), name, secret); errors.Is(err, errStranger) {
			slog.Info("refused", "name", name)
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			answerError(w, http.StatusUnauthorized, "UNAUTHORIZED", err.Error())
			return
		} else if err != nil {
			slog.Error("cannot look up a token", "error", err.Error())
			answerError(w, http.StatusServiceUnavailable, "UNAVAILABLE", "personal tokens cannot be looked up just now")
			return
		}
	}
	token, issued, err := d.signer.Sign(who.Name, d.grant(who, scopes))
	if err != nil {
		slog.Error("cannot sign", "error", err.Error())
		answerError(w, http.StatusInternalServerError, "UNKNOWN", "the token could not be signed")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"token": token, "access_token": token, "token_type": "Bearer",
		"expires_in": int(lifetime.Seconds()), "issued_at": issued.UTC().Format(time.RFC3339),
	})
}

// grant is what of the asked is allowed: `repository:<name>:<action>,<action>`.
func (d *Desk) grant(who Identity, scopes []string) []Access {
	var granted []Access
	for _, scope := range strings.Fields(strings.Join(scopes, " ")) {
		kind, rest, _ := strings.Cut(scope, ":")
		at := strings.LastIndex(rest, ":")
		if at < 0 {
			continue
		}
		name, asked := rest[:at], strings.Split(rest[at+1:], ",")
		var may []string
		if kind == "repository" {
			may = d.config.Actions(who, name)
		} else if kind == "registry" && name == "catalog" && slices.Contains(who.Groups, d.config.Operator) {
			may = []string{"*"}
		}
		var actions []string
		for _, action := range may {
			if slices.Contains(asked, action) || (kind == "repository" && slices.Contains(asked, "*")) {
				actions = append(actions, action)
			}
		}
		if len(actions) > 0 {
			granted = append(granted, Access{Type: kind, Name: name, Actions: actions})
		}
	}
	return granted
}

// answerError writes an error as registries do.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
func answerError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []map[string]string{{"code": code, "message": message}}})
}
