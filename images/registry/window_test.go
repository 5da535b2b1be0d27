package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// gate answers as the gate does, beating so often and so many times.
func gate(t *testing.T, beats int, every time.Duration) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "the secret is wrong", http.StatusUnauthorized)
			return
		}
		for range beats {
			_, _ = w.Write([]byte(".\n"))
			w.(http.Flusher).Flush()
			select {
			case <-time.After(every):
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestTheWindowLastsUntilItIsClosed(t *testing.T) {
	window, err := OpenWindow(t.Context(), gate(t, 1000, 10*time.Millisecond), "secret\n")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-window.Lost:
		t.Fatal("lost:", err)
	case <-time.After(100 * time.Millisecond):
	}
	window.Close()
	select {
	case err := <-window.Lost:
		t.Fatal("closing is no loss:", err)
	case <-time.After(100 * time.Millisecond):
	}
}

func TestALostWindowIsToldAtOnce(t *testing.T) {
	window, err := OpenWindow(t.Context(), gate(t, 3, 10*time.Millisecond), "secret")
	if err != nil {
		t.Fatal(err)
	}
	defer window.Close()
	select {
	case <-window.Lost:
	case <-time.After(2 * time.Second):
		t.Fatal("the gate has ended the window, and nobody tells")
	}
}

func TestASilentGateIsALostWindow(t *testing.T) {
	window, err := OpenWindow(t.Context(), gate(t, 1, time.Hour), "secret")
	if err != nil {
		t.Fatal(err)
	}
	defer window.Close()
	select {
	case <-window.Lost:
	case <-time.After(silence + 2*time.Second):
		t.Fatal("nothing is heard from the gate, and nobody tells")
	}
}

func TestNoWindowWithoutTheSecret(t *testing.T) {
	if _, err := OpenWindow(context.Background(), gate(t, 1, 0), "wrong"); err == nil {
		t.Fatal("opened")
	}
}
