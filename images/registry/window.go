package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The gate says every second that nobody writes. Silence means that it, or the
// way to it, is gone; a gate that starts lets nobody write for longer than this.
const silence = 4 * time.Second

// Window is a span of time in which the gate lets nobody write. It lasts as long
// as one HTTP answer goes on, so that it ends by itself with either side.
type Window struct {
	Lost   chan error // told once, if the window ends before Close
	cancel context.CancelFunc
	closed sync.Once
	done   chan struct{}
}

// OpenWindow waits until the gate says that nobody writes.
func OpenWindow(ctx context.Context, address, secret string) (*Window, error) {
	ctx, cancel := context.WithCancel(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(secret))
	answer, err := (&http.Client{Transport: &http.Transport{}}).Do(request)
	if err != nil {
		cancel()
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		answer.Body.Close()
		cancel()
		return nil, fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(said)))
	}
	window := &Window{Lost: make(chan error, 1), cancel: cancel, done: make(chan struct{})}
	go window.listen(answer.Body)
	return window, nil
}

func (w *Window) listen(body io.ReadCloser) {
	defer body.Close()
	alarm := time.AfterFunc(silence, func() { w.lose(errors.New("it says nothing any more")) })
	defer alarm.Stop()
	beat := make([]byte, 64)
	for {
		if _, err := body.Read(beat); err != nil {
			w.lose(err)
			return
		}
		alarm.Reset(silence)
	}
}

func (w *Window) lose(err error) {
	select {
	case <-w.done:
	default:
		select {
		case w.Lost <- err:
		default:
		}
	}
}

// Close lets people write again.
func (w *Window) Close() {
	w.closed.Do(func() { close(w.done); w.cancel() })
}
