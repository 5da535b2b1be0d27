package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// answering is a service that answers with a status that can change.
func answering(t *testing.T, status *atomic.Int32) Service {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://login.example/")
		w.WriteHeader(int(status.Load()))
	}))
	t.Cleanup(server.Close)
	return Service{Title: "Hub", Health: server.URL + "/health"}
}

func checked(m *Monitor, times int) Health {
	for range times {
		m.Check(context.Background())
	}
	health, _ := m.Health()
	return health[0]
}

func TestAServiceIsHealthyWhileItAnswersWell(t *testing.T) {
	var status atomic.Int32
	monitor := NewMonitor([]Service{answering(t, &status)})
	if health, when := monitor.Health(); health[0].State != Checking || !when.IsZero() {
		t.Errorf("before the first check it is %v", health[0])
	}
	for _, good := range []int32{200, 204, 302} { // a redirect to a login page is a good answer, and is not followed
		status.Store(good)
		if health := checked(monitor, 1); health != (Health{State: Healthy}) {
			t.Errorf("status %d: %v", good, health)
		}
	}
}

func TestOneBadAnswerAlarmsNobodyAndTwoDo(t *testing.T) {
	var status atomic.Int32
	monitor := NewMonitor([]Service{answering(t, &status)})
	status.Store(200)
	checked(monitor, 1)
	status.Store(503)
	if health := checked(monitor, 1); health.State != Healthy {
		t.Errorf("after one bad answer: %v", health)
	}
	if health := checked(monitor, 1); health.State != Unreachable || health.Reason != "it answered with status 503" {
		t.Errorf("after two bad answers: %v", health)
	}
	status.Store(200)
	if health := checked(monitor, 1); health.State != Healthy {
		t.Errorf("it should be healthy as soon as it answers again: %v", health)
	}
}

func TestReasonsTellThePublicNoInternalAddress(t *testing.T) {
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer slow.Close()
	closed := httptest.NewServer(nil)
	closed.Close()
	for address, reason := range map[string]string{
		slow.URL:                        "no answer within",
		closed.URL:                      "no connection",
		"http://does-not-exist.invalid": "its name is not known in the cluster",
	} {
		monitor := NewMonitor([]Service{{Title: "Hub", Health: address}})
		monitor.client.Timeout = 200 * time.Millisecond
		health := checked(monitor, 2)
		if strings.Contains(address, ".invalid") && strings.Contains(health.Reason, "no answer") {
			continue // this machine's name server stays silent
		}
		if health.State != Unreachable || !strings.Contains(health.Reason, reason) {
			t.Errorf("%v; it should say %q", health, reason)
		}
		if strings.Contains(health.Reason, "127.0.0.1") || strings.Contains(health.Reason, "invalid") {
			t.Errorf("an internal address is shown: %q", health.Reason)
		}
	}
}

func TestManyServicesAreAskedAFewAtATime(t *testing.T) {
	var running, most atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		now := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
	}))
	defer server.Close()
	services := make([]Service, 50)
	for i := range services {
		services[i] = Service{Title: "s", Health: server.URL}
	}
	monitor := NewMonitor(services)
	monitor.Check(context.Background())
	if got := most.Load(); got > int32(monitor.atOnce) || got < 2 {
		t.Errorf("%d checks ran at the same time; allowed are %d", got, monitor.atOnce)
	}
	health, _ := monitor.Health()
	for i, h := range health {
		if h.State != Healthy {
			t.Fatalf("service %d is %v", i, h)
		}
	}
}

func TestAServiceWithNowhereToAskIsNotChecked(t *testing.T) {
	monitor := NewMonitor([]Service{{Title: "Elsewhere"}})
	if health := checked(monitor, 2); health.State != Unchecked {
		t.Errorf("%v", health)
	}
}

func TestTheSummarySaysAllStatesInOneSentence(t *testing.T) {
	for want, states := range map[string][]State{
		"":                               {Unchecked},
		"The service is healthy":         {Healthy, Unchecked},
		"All 2 services are healthy":     {Healthy, Healthy},
		"Checking the services":          {Healthy, Checking},
		"The service is unreachable":     {Unreachable},
		"1 of 2 services is unreachable": {Healthy, Unreachable},
		"2 of 3 services are unreachable": {
			Unreachable, Healthy, Unreachable,
		},
		"No service can be reached": {Unreachable, Unreachable},
	} {
		health := make([]Health, len(states))
		for i, state := range states {
			health[i].State = state
		}
		if _, got := summarise(health); got != want {
			t.Errorf("%v: %q, not %q", states, got, want)
		}
	}
}
