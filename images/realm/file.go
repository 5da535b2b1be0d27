package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Object is any part of Keycloak's representations.
type Object = map[string]any

// Desired is the realm's representation, cut into what is made one by one.
type Desired struct {
	Name      string
	Settings  Object // of the realm itself
	Groups    []Object
	Scopes    []Object
	Clients   []Object
	Providers []Object
	Mappers   []Object // of the identity providers
	Users     []Object // made once, never changed
}

var placeholder = regexp.MustCompile(`^\$\{file:([^}]+)\}$`)

// Read reads the file and puts the secrets into it.
func Read(file string) (Desired, error) {
	var desired Desired
	text, err := os.ReadFile(file)
	if err != nil {
		return desired, err
	}
	var whole Object
	if err := json.Unmarshal(text, &whole); err != nil {
		return desired, fmt.Errorf("%s: %w", file, err)
	}
	if err := fill(whole); err != nil {
		return desired, err
	}
	take := func(key string) []Object {
		var parts []Object
		list, _ := whole[key].([]any)
		delete(whole, key)
		for _, one := range list {
			if part, ok := one.(Object); ok {
				parts = append(parts, part)
			}
		}
		return parts
	}
	desired.Groups, desired.Scopes = take("groups"), take("clientScopes")
	desired.Clients, desired.Users = take("clients"), take("users")
	desired.Providers, desired.Mappers = take("identityProviders"), take("identityProviderMappers")
	desired.Settings = whole
	desired.Name = text_(whole, "realm")
	if desired.Name == "" {
		return desired, fmt.Errorf("%s: it has no `realm`", file)
	}
	return desired, nil
}

// fill replaces every "${file:...}" by that file's content, without the line's
// end. An error names the file, never its content.
func fill(value any) error {
	switch value := value.(type) {
	case Object:
		for key, one := range value {
			if text, ok := one.(string); ok {
				filled, err := filledText(text)
				if err != nil {
					return err
				}
				value[key] = filled
			} else if err := fill(one); err != nil {
				return err
			}
		}
	case []any:
		for _, one := range value {
			if err := fill(one); err != nil {
				return err
			}
		}
	}
	return nil
}

func filledText(text string) (string, error) {
	found := placeholder.FindStringSubmatch(text)
	if found == nil {
		return text, nil
	}
	content, err := os.ReadFile(found[1])
	if err != nil {
		return "", fmt.Errorf("a secret is missing: %w", err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

func text_(object Object, key string) string {
	text, _ := object[key].(string)
	return text
}
