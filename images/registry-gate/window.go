package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Window knows who writes, and can let nobody write for a while: garbage can only
// be told from what is just being pushed when nothing is.
// https://distribution.github.io/distribution/about/garbage-collection/
type Window struct {
	Hold     time.Duration // how long a write waits for the window's end before it is refused
	Quiet    time.Duration // no write for so long means that no push is half done
	Patience time.Duration // after so long without such a moment, the next one between two writes does
	Drain    time.Duration // and writes under way may take so long

	mu      sync.Mutex
	writers int
	last    time.Time
	shut    bool
	changed chan struct{}
}

var errShut = errors.New("garbage is being removed; try again in a few minutes")

// NewWindow starts shut for a moment: while the one before was lost with this
// program, the collector takes some seconds to notice.
func NewWindow(shut time.Duration) *Window {
	w := &Window{
		Hold: 50 * time.Second, Quiet: 30 * time.Second, Patience: 30 * time.Minute, Drain: 10 * time.Minute,
		shut: shut > 0, changed: make(chan struct{}),
	}
	if shut > 0 {
		time.AfterFunc(shut, func() { w.set(false) })
	}
	return w
}

// set must not be called with the lock held.
func (w *Window) set(shut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = shut
	w.tell()
}

func (w *Window) tell() { close(w.changed); w.changed = make(chan struct{}) }

// Enter waits until writing is allowed. Whoever entered must leave.
func (w *Window) Enter(ctx context.Context) error {
	limit := time.NewTimer(w.Hold)
	defer limit.Stop()
	for {
		w.mu.Lock()
		if !w.shut {
			w.writers++
			w.mu.Unlock()
			return nil
		}
		changed := w.changed
		w.mu.Unlock()
		select {
		case <-changed:
		case <-limit.C:
			return errShut
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Leave ends a write.
func (w *Window) Leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writers--
	w.last = time.Now()
	w.tell()
}

// Shut waits for a good moment and then lets nobody write. After an error
// everybody may again.
func (w *Window) Shut(ctx context.Context) error {
	patience := time.Now().Add(w.Patience)
	for {
		w.mu.Lock()
		if w.shut {
			w.mu.Unlock()
			return errors.New("the registry is shut already, by another collector or because it has just started")
		}
		wait := min(max(time.Until(w.last.Add(w.Quiet)), 0), max(time.Until(patience), 0))
		impatient := !time.Now().Before(patience)
		if w.writers == 0 && wait == 0 || impatient {
			w.shut = true
			w.mu.Unlock()
			return w.drain(ctx)
		}
		changed := w.changed
		w.mu.Unlock()
		if wait == 0 {
			wait = time.Until(patience)
		}
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

// drain waits for the writes that are under way.
func (w *Window) drain(ctx context.Context) error {
	limit := time.NewTimer(w.Drain)
	defer limit.Stop()
	for {
		w.mu.Lock()
		writers, changed := w.writers, w.changed
		w.mu.Unlock()
		if writers == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-limit.C:
			w.set(false)
			return errors.New("a write goes on for longer than garbage removal waits")
		case <-ctx.Done():
			w.set(false)
			return ctx.Err()
		}
	}
}

// ServeHTTP lets nobody write for as long as the answer goes on.
func (w *Window) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	if err := w.Shut(r.Context()); err != nil {
		http.Error(answer, err.Error(), http.StatusConflict)
		return
	}
	slog.Info("nobody writes from now on")
	started := time.Now()
	defer func() {
		w.set(false)
		slog.Info("everybody may write again", "seconds", int(time.Since(started).Seconds()))
	}()
	control := http.NewResponseController(answer)
	for r.Context().Err() == nil {
		_ = control.SetWriteDeadline(time.Now().Add(5 * time.Second))
		if _, err := answer.Write([]byte(".\n")); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
		case <-time.After(time.Second):
		}
	}
}
