package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// State is what is known of a service's health.
type State string

const (
	Checking    State = "checking"    // not asked yet
	Healthy     State = "healthy"     // answered well
	Unreachable State = "unreachable" // did not, twice in a row: one lost packet alarms nobody
	Unchecked   State = "unchecked"   // there is nowhere to ask
)

// Health is a service's state, and for people why.
type Health struct {
	State  State
	Reason string // "" while healthy; never an internal address
}

// Monitor asks every service from time to time whether it is well.
type Monitor struct {
	every    time.Duration
	atOnce   int // checks that may run at the same time
	client   *http.Client
	services []Service

	mutex    sync.RWMutex
	health   []Health
	failures []int
	checked  time.Time // when the last round ended
}

// NewMonitor makes a monitor that has not asked yet.
func NewMonitor(services []Service) *Monitor {
	m := &Monitor{
		every:    10 * time.Second,
		atOnce:   8,
		services: services,
		health:   make([]Health, len(services)),
		failures: make([]int, len(services)),
		client: &http.Client{
			Timeout: 3 * time.Second,
			// A service that sends people to its login page is up.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport:     &http.Transport{DisableKeepAlives: true}, // a new connection is part of what is checked
		},
	}
	for i, service := range services {
		m.health[i].State = Checking
		if service.Health == "" {
			m.health[i].State = Unchecked
		}
	}
	return m
}

// Run checks until ctx ends. While a service is not healthy it asks more often,
// so that the page is right again soon.
func (m *Monitor) Run(ctx context.Context) {
	for {
		m.Check(ctx)
		pause := m.every
		if !m.settled() {
			pause /= 5
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// Check asks every service once, a few at a time.
func (m *Monitor) Check(ctx context.Context) {
	var wait sync.WaitGroup
	slots := make(chan struct{}, m.atOnce)
	for i, service := range m.services {
		if service.Health == "" {
			continue
		}
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			m.record(ctx, i, m.ask(ctx, service.Health))
		})
	}
	wait.Wait()
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.checked = time.Now()
}

// Health is the state of each service, in their order, and when that was.
func (m *Monitor) Health() ([]Health, time.Time) {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	return append([]Health(nil), m.health...), m.checked
}

func (m *Monitor) settled() bool {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	for i, health := range m.health {
		if m.failures[i] > 0 || health.State == Checking || health.State == Unreachable {
			return false
		}
	}
	return true
}

// ask returns why a service is not well, or "".
func (m *Monitor) ask(ctx context.Context, address string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "its address is wrong"
	}
	request.Header.Set("User-Agent", "arcos-welcome/"+version)
	response, err := m.client.Do(request)
	if err != nil {
		return explain(err, m.client.Timeout)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10)
	if response.StatusCode >= 400 {
		return fmt.Sprintf("it answered with status %d", response.StatusCode)
	}
	return ""
}

// explain words an error for the public: no address, no port.
func explain(err error, timeout time.Duration) string {
	var network net.Error
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		return "its name is not known in the cluster"
	case errors.As(err, &network) && network.Timeout():
		return fmt.Sprintf("no answer within %.0f seconds", timeout.Seconds())
	default:
		return "no connection"
	}
}

// record takes in an answer. Changes go to the log, with the address.
func (m *Monitor) record(ctx context.Context, i int, reason string) {
	if ctx.Err() != nil {
		return // the program ends; that says nothing about the service
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	now := Health{State: Healthy}
	if reason == "" {
		m.failures[i] = 0
	} else {
		m.failures[i]++
		now = Health{State: Unreachable, Reason: reason}
		if m.failures[i] < 2 {
			return
		}
	}
	if m.health[i].State != now.State {
		slog.Info("health changed", "service", m.services[i].Title, "state", string(now.State),
			"reason", reason, "asked", m.services[i].Health)
	}
	m.health[i] = now
}
