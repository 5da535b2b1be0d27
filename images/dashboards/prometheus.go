package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	patience = 15 * time.Second
	// More than any panel draws; a mistaken query must not fill the memory.
	largestAnswer = 16 << 20
	// So many questions are under way at once, whoever asks.
	atOnce = 8
)

// Prometheus is its HTTP API. https://prometheus.io/docs/prometheus/latest/querying/api/
type Prometheus struct {
	base   string
	client *http.Client
	free   chan struct{}
}

// NewPrometheus talks to the server at base.
func NewPrometheus(base string) *Prometheus {
	return &Prometheus{strings.TrimRight(base, "/"), &http.Client{Timeout: patience}, make(chan struct{}, atOnce)}
}

// Point is a value at a time in seconds.
type Point struct{ T, V float64 }

// Series is one line of an answer.
type Series struct {
	Labels map[string]string
	Points []Point
}

// Alert that Prometheus knows.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       string            `json:"state"`
	ActiveAt    time.Time         `json:"activeAt"`
}

// Rule is an alert that Prometheus watches for.
type Rule struct {
	Name        string            `json:"name"`
	Type        string            `json:"type"`
	Query       string            `json:"query"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       string            `json:"state"`
	Health      string            `json:"health"`
	LastError   string            `json:"lastError"`
	Alerts      []Alert           `json:"alerts"`
}

// Now asks for the value at one time.
func (p *Prometheus) Now(ctx context.Context, expr string, at time.Time) ([]Series, error) {
	return p.series(ctx, "query", url.Values{"query": {expr}, "time": {stamp(at)}})
}

// Range asks for values between two times.
func (p *Prometheus) Range(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]Series, error) {
	return p.series(ctx, "query_range", url.Values{
		"query": {expr}, "start": {stamp(from)}, "end": {stamp(to)}, "step": {stamp(time.Unix(0, int64(step)))},
	})
}

// Rules lists what is watched for.
func (p *Prometheus) Rules(ctx context.Context) ([]Rule, error) {
	var data struct {
		Groups []struct {
			Rules []Rule `json:"rules"`
		} `json:"groups"`
	}
	if err := p.ask(ctx, "rules", url.Values{"type": {"alert"}}, &data); err != nil {
		return nil, err
	}
	var rules []Rule
	for _, group := range data.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules, nil
}

func (p *Prometheus) series(ctx context.Context, path string, query url.Values) ([]Series, error) {
	var data struct {
		Type   string          `json:"resultType"`
		Result json.RawMessage `json:"result"`
	}
	if err := p.ask(ctx, path, query, &data); err != nil {
		return nil, err
	}
	if data.Type == "scalar" {
		var pair [2]any
		if err := json.Unmarshal(data.Result, &pair); err != nil {
			return nil, err
		}
		return []Series{{Points: []Point{point(pair)}}}, nil
	}
	var found []struct {
		Metric map[string]string `json:"metric"`
		Value  *[2]any           `json:"value"`
		Values [][2]any          `json:"values"`
	}
	if err := json.Unmarshal(data.Result, &found); err != nil {
		return nil, fmt.Errorf("Prometheus answers what cannot be drawn: %s", data.Type)
	}
	all := make([]Series, 0, len(found))
	for _, one := range found {
		series := Series{Labels: one.Metric}
		if one.Value != nil {
			series.Points = append(series.Points, point(*one.Value))
		}
		for _, pair := range one.Values {
			series.Points = append(series.Points, point(pair))
		}
		all = append(all, series)
	}
	return all, nil
}

func (p *Prometheus) ask(ctx context.Context, path string, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case p.free <- struct{}{}:
		defer func() { <-p.free }()
	case <-ctx.Done():
		return errors.New("too many questions are under way")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/api/v1/"+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return errors.New("Prometheus does not answer")
	}
	defer answer.Body.Close()
	var said struct {
		Status string          `json:"status"`
		Error  string          `json:"error"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, largestAnswer)).Decode(&said); err != nil {
		return fmt.Errorf("Prometheus answers %s and no JSON", answer.Status)
	}
	if said.Status != "success" {
		return errors.New("Prometheus refuses the question: " + said.Error)
	}
	return json.Unmarshal(said.Data, into)
}

func stamp(at time.Time) string {
	return strconv.FormatFloat(float64(at.UnixNano())/1e9, 'f', 3, 64)
}

func point(pair [2]any) Point {
	at, _ := pair[0].(float64)
	text, _ := pair[1].(string)
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		value = math.NaN()
	}
	return Point{at, value}
}
