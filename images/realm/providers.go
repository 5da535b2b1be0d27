package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// described is what a provider's own document says of it: where it is, by
// which binding it is asked, and under `name` who it is. Keycloak reads the
// document when it is told to, and later only a SAML provider's keys.
var described = map[string]struct {
	name string
	keys []string
}{
	"oidc": {"issuer", []string{"authorizationUrl", "tokenUrl", "userInfoUrl", "jwksUrl"}},
	"saml": {"idpEntityId", []string{"singleSignOnServiceUrl", "postBindingAuthnRequest"}},
}

// providers are the identities that others vouch for. One that cannot be made
// keeps no other from being made.
func (r realm) providers(desired Desired) error {
	wanted := map[string]bool{}
	var failed []error
	for _, provider := range desired.Providers {
		alias := text_(provider, "alias")
		wanted[alias] = true
		if err := r.provider(alias, provider, desired.Mappers); err != nil {
			failed = append(failed, fmt.Errorf("federation %s: %w", alias, err))
		}
	}
	var all []Object
	if err := r.do(http.MethodGet, "/identity-provider/instances", nil, &all); err != nil {
		return err
	}
	for _, provider := range all {
		settings, _ := provider["config"].(Object)
		if alias := text_(provider, "alias"); settings[managed] == "true" && !wanted[alias] {
			r.say("remove identity provider %s", alias)
			// Its people, while it is still known who they are.
			if err := r.mappers(alias, nil); err != nil {
				return err
			}
			if err := r.do(http.MethodDelete, instance(alias), nil, nil); err != nil {
				return err
			}
		}
	}
	return errors.Join(failed...)
}

func instance(alias string) string {
	return "/identity-provider/instances/" + url.PathEscape(alias)
}

func (r realm) provider(alias string, provider Object, mappers []Object) error {
	var found Object
	err := r.do(http.MethodGet, instance(alias), nil, &found)
	if err != nil && !errors.Is(err, errNotFound) {
		return err
	}
	old, _ := found["config"].(Object)
	settings, _ := provider["config"].(Object)
	read, err := r.described(text_(provider, "providerId"), alias, settings, old)
	if err != nil {
		return err
	}
	provider["config"] = merged(merged(settings, read), Object{managed: "true"})
	if found == nil {
		r.say("make identity provider %s", alias)
		err = r.do(http.MethodPost, "/identity-provider/instances", provider, nil)
	} else {
		err = r.do(http.MethodPut, instance(alias), provider, nil)
	}
	if err != nil {
		return err
	}
	return r.mappers(alias, mappers)
}

// described asks Keycloak to read a provider's document, where the provider
// has one. A provider that is away just now keeps what was read before.
func (r realm) described(kind, alias string, settings, old Object) (Object, error) {
	document := text_(settings, "metadataDescriptorUrl")
	if document == "" {
		return nil, nil
	}
	what := described[kind]
	var told Object
	order := Object{"alias": alias, "providerId": kind, "fromUrl": document}
	err := r.do(http.MethodPost, "/identity-provider/import-config", order, &told)
	switch {
	case err == nil && text_(told, what.name) != text_(settings, what.name):
		return nil, fmt.Errorf("%s is of %q, not of %q", document, text_(told, what.name), text_(settings, what.name))
	case err == nil:
		return pick(told, what.keys), nil
	case text_(old, "metadataDescriptorUrl") == document:
		r.say("federation %s: Keycloak cannot read %s, what it read before stays (%v)", alias, document, err)
		return pick(old, what.keys), nil
	}
	return nil, fmt.Errorf("Keycloak cannot read %s: does it answer, is its certificate by a known authority"+
		" (apps.auth.authorities)? %w", document, err)
}

func pick(from Object, keys []string) Object {
	picked := Object{}
	for _, key := range keys {
		if value, there := from[key]; there {
			picked[key] = value
		}
	}
	return picked
}

// mappers are made anew each time: they have no state but the people whom they
// admitted, and these go first, so that a run that is cut short is gone on with.
func (r realm) mappers(alias string, mappers []Object) error {
	path := instance(alias) + "/mappers"
	var old []Object
	if err := r.do(http.MethodGet, path, nil, &old); err != nil {
		return err
	}
	wanted := slices.DeleteFunc(slices.Clone(mappers), func(one Object) bool {
		return text_(one, "identityProviderAlias") != alias
	})
	if err := r.withdraw(alias, old, wanted); err != nil {
		return err
	}
	for _, one := range old {
		if err := r.do(http.MethodDelete, path+"/"+text_(one, "id"), nil, nil); err != nil {
			return err
		}
	}
	for _, one := range wanted {
		if err := r.do(http.MethodPost, path, one, nil); err != nil {
			return err
		}
	}
	return nil
}
