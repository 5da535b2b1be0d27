package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// Site is what the configuration file says.
type Site struct {
	// Title of the site, Contact of those who run it, Home its landing page.
	Title   string `json:"title"`
	Contact string `json:"contact"`
	Home    string `json:"home"`
	// Prometheus is its address, as in http://prometheus:9090
	Prometheus string `json:"prometheus"`
	// Operators is the group that sees everything, Researchers the one that sees
	// what is tagged `researchers`.
	Operators   string `json:"operators"`
	Researchers string `json:"researchers"`
	// SignOut is the path that ends the session, or "".
	SignOut string `json:"signOut"`
	// Runbooks say what to do, by the name of the alert, in Markdown.
	Runbooks map[string]string `json:"runbooks"`
}

// LoadSite reads the configuration; a key that nobody knows is a mistake.
func LoadSite(file string) (Site, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return Site{}, fmt.Errorf("cannot read the configuration: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var site Site
	if err := decoder.Decode(&site); err != nil {
		return Site{}, fmt.Errorf("cannot read the configuration: %s: %w", file, err)
	}
	address, err := url.Parse(site.Prometheus)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		return Site{}, fmt.Errorf("%s: `prometheus` is no http address: %q", file, site.Prometheus)
	}
	if site.Operators == "" {
		return Site{}, errors.New(file + ": `operators` names no group: nobody could see anything")
	}
	return site, nil
}
