package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// API is Keycloak's: https://www.keycloak.org/docs-api/latest/rest-api/
type API struct {
	Server string // http://host:port
	Client string // of the realm master, with the right to administer
	Secret string
	Pause  time.Duration
	token  string
	until  time.Time
}

var errNotFound = errors.New("not found")

// Login waits for the server to answer, and for its first administrator.
func (a *API) Login(ctx context.Context) error {
	for {
		err := a.login(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot sign in to %s as %s: %w", a.Server, a.Client, err)
		case <-time.After(a.Pause):
		}
	}
}

func (a *API) login(ctx context.Context) error {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.Client}, "client_secret": {a.Secret}}
	address := a.Server + "/realms/master/protocol/openid-connect/token"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
		Error       string `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&token); err != nil || token.AccessToken == "" {
		return fmt.Errorf("status %d %s", answer.StatusCode, token.Error)
	}
	a.token, a.until = token.AccessToken, time.Now().Add(time.Duration(token.ExpiresIn)*time.Second/2)
	return nil
}

var client = &http.Client{Timeout: 30 * time.Second}

// Do sends one request below /admin/realms. `into` may be nil. What was sent is
// in no error: it may hold secrets.
func (a *API) Do(ctx context.Context, method, path string, body, into any) error {
	if time.Now().After(a.until) {
		if err := a.login(ctx); err != nil {
			return fmt.Errorf("cannot renew the token: %w", err)
		}
	}
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.Server+"/admin/realms"+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err != nil {
		return err
	}
	switch {
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s %s: %w", method, path, errNotFound)
	case answer.StatusCode >= 300:
		return fmt.Errorf("%s %s: status %d: %s", method, path, answer.StatusCode, reason(text))
	case into != nil:
		return json.Unmarshal(text, into)
	}
	return nil
}

func reason(text []byte) string {
	var told struct {
		Error        string `json:"error"`
		ErrorMessage string `json:"errorMessage"`
		Description  string `json:"error_description"`
	}
	_ = json.Unmarshal(text, &told)
	return strings.TrimSpace(told.Error + " " + told.ErrorMessage + " " + told.Description)
}
