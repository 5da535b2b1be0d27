package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// Site is the configuration file: what the page shows.
type Site struct {
	Title    string    `json:"title"`
	Domain   string    `json:"domain"`
	Contact  string    `json:"contact"` // an e-mail address, or a web address
	Release  string    `json:"release"`
	Message  string    `json:"message"` // a notice, plain text
	Services []Service `json:"services"`
	Links    []Link    `json:"links"`
}

// Service is one service of the site.
type Service struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`    // where users find it
	Health      string `json:"health"` // where this program asks; never shown
}

// Link is something else worth knowing about, such as the documentation.
type Link struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
}

// LoadSite reads the configuration file. A wrong one fails here, at the start,
// so that a new version of it never replaces a running page.
func LoadSite(path string) (Site, error) {
	var site Site
	text, err := os.ReadFile(path)
	if err != nil {
		return site, fmt.Errorf("cannot read the configuration: %w", err)
	}
	if err := json.Unmarshal(text, &site); err != nil {
		return site, fmt.Errorf("%s is not understood: %w", path, err)
	}
	if site.Title == "" {
		return site, fmt.Errorf("%s: title is needed", path)
	}
	for i, service := range site.Services {
		if service.Title == "" {
			return site, fmt.Errorf("%s: services[%d]: title is needed", path, i)
		}
		for key, address := range map[string]string{"url": service.URL, "health": service.Health} {
			if address != "" && !isWeb(address) {
				return site, fmt.Errorf("%s: services[%d] (%s): %s is %q; accepted: http:// or https:// addresses",
					path, i, service.Title, key, address)
			}
		}
	}
	for i, link := range site.Links {
		if link.Title == "" || !isWeb(link.URL) {
			return site, fmt.Errorf("%s: links[%d]: a title and an http:// or https:// url are needed", path, i)
		}
	}
	return site, nil
}

func isWeb(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != ""
}

// ContactURL is what the contact links to, or "" if it is plain text.
func (s Site) ContactURL() string {
	switch {
	case isWeb(s.Contact):
		return s.Contact
	case strings.Contains(s.Contact, "@") && !strings.ContainsAny(s.Contact, " ?&"):
		return "mailto:" + s.Contact
	}
	return ""
}

// Address is a service's address as people say it: without scheme and slash.
func (s Service) Address() string {
	_, address, _ := strings.Cut(s.URL, "://")
	return strings.TrimSuffix(address, "/")
}
