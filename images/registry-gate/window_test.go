package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func quick() *Window {
	w := NewWindow(0)
	w.Hold, w.Quiet, w.Patience, w.Drain = 50*time.Millisecond, 0, 100*time.Millisecond, 100*time.Millisecond
	return w
}

func TestNobodyWritesWhileItIsShut(t *testing.T) {
	w := quick()
	if err := w.Shut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Enter(t.Context()); !errors.Is(err, errShut) {
		t.Fatalf("a write went through: %v", err)
	}
	w.set(false)
	if err := w.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAWriteWaitsForTheEnd(t *testing.T) {
	w := quick()
	w.Hold = time.Minute
	if err := w.Shut(t.Context()); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { w.set(false) })
	if err := w.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestItIsNotShutDuringAWrite(t *testing.T) {
	w := quick()
	w.Patience, w.Drain = time.Minute, time.Minute
	if err := w.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := false
	time.AfterFunc(30*time.Millisecond, func() { left = true; w.Leave() })
	if err := w.Shut(t.Context()); err != nil || !left {
		t.Fatalf("shut during a write: %v", err)
	}
}

func TestItIsNotShutBetweenTwoWritesOfAPush(t *testing.T) {
	w := quick()
	w.Quiet, w.Patience = 80*time.Millisecond, time.Minute
	_ = w.Enter(t.Context())
	w.Leave()
	started := time.Now()
	if err := w.Shut(t.Context()); err != nil || time.Since(started) < 60*time.Millisecond {
		t.Fatalf("shut after %s: %v", time.Since(started), err)
	}
}

func TestAWriteThatNeverEndsIsNotCutAndNotWaitedForForEver(t *testing.T) {
	w := quick()
	_ = w.Enter(t.Context())
	if err := w.Shut(t.Context()); err == nil {
		t.Fatal("shut during a write")
	}
	if err := w.Enter(t.Context()); err != nil {
		t.Fatal("after that everybody may write again:", err)
	}
}

func TestABusyRegistryIsShutBetweenTwoWritesInTheEnd(t *testing.T) {
	w := quick()
	w.Quiet = time.Hour
	_ = w.Enter(t.Context())
	w.Leave()
	if err := w.Shut(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestItStartsShut(t *testing.T) {
	w := NewWindow(30 * time.Millisecond)
	started := time.Now()
	if err := w.Enter(t.Context()); err != nil || time.Since(started) < 20*time.Millisecond {
		t.Fatal("a collector of the gate before may still be at work")
	}
}

func TestItEndsWithTheCollector(t *testing.T) {
	w := quick()
	w.Hold = 10 * time.Second
	server := httptest.NewServer(internal(w, "a-secret-of-a-test"))
	defer server.Close()
	ctx, leave := context.WithCancel(t.Context())
	request, _ := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/read-only", nil)
	request.Header.Set("Authorization", "Bearer a-secret-of-a-test")
	answer, err := http.DefaultClient.Do(request)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(err, answer)
	}
	w.mu.Lock()
	shut := w.shut
	w.mu.Unlock()
	leave()
	answer.Body.Close()
	if err := w.Enter(t.Context()); err != nil || !shut {
		t.Fatal("the window outlives the collector:", err)
	}
}
