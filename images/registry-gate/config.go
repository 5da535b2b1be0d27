package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Config is what the site says of its registry. No secret stands in it.
type Config struct {
	URL      string   `json:"url"`      // as people type it, without a slash at its end
	Title    string   `json:"title"`    // the site's name
	Contact  string   `json:"contact"`  // an e-mail address
	Registry string   `json:"registry"` // Distribution, as this program reaches it
	Caches   []Cache  `json:"caches"`
	Robots   []Robot  `json:"robots"`
	Public   []string `json:"public"`   // what may be pulled by anybody
	Private  []string `json:"private"`  // what only its owners pull
	Moving   []string `json:"moving"`   // tags that may be moved and deleted
	Operator string   `json:"operator"` // the group that may do everything
	Reserved []string `json:"reserved"` // names that no person's space has
	Days     int      `json:"days"`     // how long a personal token lasts
	SignOut  string   `json:"signOut"`
}

// Cache is another registry, whose images are below `name/`.
type Cache struct {
	Name     string `json:"name"`
	Address  string `json:"address"`  // the Distribution that caches it
	Upstream string `json:"upstream"` // for people
}

// Robot is a program with an account of its own.
type Robot struct {
	Name         string   `json:"name"`
	Repositories []string `json:"repositories"`
	Push         bool     `json:"push"`
}

// LoadConfig reads the configuration. A wrong one ends the program at its start,
// so that it never replaces a running one.
func LoadConfig(path string) (Config, error) {
	var config Config
	text, err := os.ReadFile(path)
	if err != nil {
		return config, fmt.Errorf("cannot read the configuration: %w", err)
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return config, fmt.Errorf("%s is not understood: %w", path, err)
	}
	if config.URL == "" || config.Registry == "" || config.Operator == "" || config.Days < 1 {
		return config, fmt.Errorf("%s: url, registry, operator and days are needed", path)
	}
	return config, nil
}

// Host is what stands before a repository's name when people pull.
func (c Config) Host() string {
	_, host, _ := strings.Cut(c.URL, "://")
	return host
}

// Secrets reads `<folder>/<name>/password` of each robot.
func (c Config) Secrets(folder string) (map[string]string, error) {
	secrets := make(map[string]string, len(c.Robots))
	for _, robot := range c.Robots {
		secret, err := readSecret(filepath.Join(folder, robot.Name, "password"))
		if err != nil {
			return nil, fmt.Errorf("the secret of the robot %s: %w", robot.Name, err)
		}
		secrets[robot.Name] = secret
	}
	return secrets, nil
}

func readSecret(path string) (string, error) {
	text, err := os.ReadFile(path)
	secret := strings.TrimSpace(string(text))
	if err == nil && len(secret) < 16 {
		err = fmt.Errorf("%s holds no secret", path)
	}
	return secret, err
}
