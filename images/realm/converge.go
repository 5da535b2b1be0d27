package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
)

// What we made carries this, so that it can be taken away again when the file
// no longer has it; what others made is left alone.
const managed = "arcos.managed"

// Say tells of a change.
type Say func(format string, args ...any)

type realm struct {
	ctx  context.Context
	api  *API
	path string
	say  Say
}

// Converge makes the realm what is desired.
func Converge(ctx context.Context, api *API, desired Desired, say Say) error {
	r := realm{ctx, api, "/" + url.PathEscape(desired.Name), say}
	for _, step := range []func(Desired) error{r.settings, r.scopes, r.groups, r.clients, r.users, r.providers} {
		if err := step(desired); err != nil {
			return err
		}
	}
	say("realm %s is what the site file says", desired.Name)
	return nil
}

func (r realm) do(method, path string, body, into any) error {
	return r.api.Do(r.ctx, method, r.path+path, body, into)
}

func (r realm) settings(desired Desired) error {
	err := r.do(http.MethodGet, "", nil, nil)
	if errors.Is(err, errNotFound) {
		r.say("make realm %s", desired.Name)
		if err := r.api.Do(r.ctx, http.MethodPost, "", desired.Settings, nil); err != nil {
			return err
		}
		// The rights over a new realm are in tokens that are younger than it.
		return r.api.Login(r.ctx)
	}
	if err != nil {
		return err
	}
	return r.do(http.MethodPut, "", desired.Settings, nil)
}

func (r realm) scopes(desired Desired) error {
	for _, scope := range desired.Scopes {
		found, err := r.named("/client-scopes", "name", text_(scope, "name"))
		if err != nil {
			return err
		}
		if found != nil {
			continue
		}
		r.say("make scope %s", scope["name"])
		if err := r.do(http.MethodPost, "/client-scopes", scope, nil); err != nil {
			return err
		}
	}
	return nil
}

// groups are made, and given the rights over the realm that the file names; a
// group that the file no longer has stays, since people are in it.
func (r realm) groups(desired Desired) error {
	for _, group := range desired.Groups {
		rights, _ := group["clientRoles"].(Object)
		delete(group, "clientRoles")
		found, err := r.named("/groups?max=1000&briefRepresentation=true", "name", text_(group, "name"))
		if err != nil {
			return err
		}
		if found == nil {
			r.say("make group %s", group["name"])
			if err := r.do(http.MethodPost, "/groups", group, nil); err != nil {
				return err
			}
			if found, err = r.named("/groups?max=1000&briefRepresentation=true", "name", text_(group, "name")); err != nil {
				return err
			}
		}
		for client, roles := range rights {
			if err := r.grant(text_(found, "id"), client, roles); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r realm) grant(group, clientID string, roles any) error {
	client, err := r.client(clientID)
	if err != nil || client == nil {
		return fmt.Errorf("there is no client %s: %w", clientID, err)
	}
	names, _ := roles.([]any)
	var granted []Object
	for _, name := range names {
		var role Object
		if err := r.do(http.MethodGet, fmt.Sprintf("/clients/%s/roles/%s", client["id"], name), nil, &role); err != nil {
			return err
		}
		granted = append(granted, role)
	}
	return r.do(http.MethodPost, fmt.Sprintf("/groups/%s/role-mappings/clients/%s", group, client["id"]), granted, nil)
}

func (r realm) clients(desired Desired) error {
	wanted := map[string]bool{}
	for _, client := range desired.Clients {
		id := text_(client, "clientId")
		wanted[id] = true
		attributes, _ := client["attributes"].(Object)
		client["attributes"] = merged(attributes, Object{managed: "true"})
		if err := r.oneClient(id, client); err != nil {
			return err
		}
	}
	var all []Object
	if err := r.do(http.MethodGet, "/clients?max=1000", nil, &all); err != nil {
		return err
	}
	for _, client := range all {
		attributes, _ := client["attributes"].(Object)
		if attributes[managed] == "true" && !wanted[text_(client, "clientId")] {
			r.say("remove client %s", client["clientId"])
			if err := r.do(http.MethodDelete, "/clients/"+text_(client, "id"), nil, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r realm) oneClient(id string, client Object) error {
	found, err := r.client(id)
	if err != nil {
		return err
	}
	if found == nil {
		r.say("make client %s", id)
		if err := r.do(http.MethodPost, "/clients", client, nil); err != nil {
			return err
		}
		if found, err = r.client(id); err != nil {
			return err
		}
	} else if err := r.do(http.MethodPut, "/clients/"+text_(found, "id"), merged(found, client), nil); err != nil {
		return err
	}
	scopes, _ := client["defaultClientScopes"].([]any)
	for _, name := range scopes {
		scope, err := r.named("/client-scopes", "name", fmt.Sprint(name))
		if err != nil || scope == nil {
			return fmt.Errorf("there is no scope %v: %w", name, err)
		}
		path := fmt.Sprintf("/clients/%s/default-client-scopes/%s", found["id"], scope["id"])
		if err := r.do(http.MethodPut, path, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// users are made once and then belong to the people who run the site.
func (r realm) users(desired Desired) error {
	for _, user := range desired.Users {
		name := text_(user, "username")
		var found []Object
		if err := r.do(http.MethodGet, "/users?exact=true&username="+url.QueryEscape(name), nil, &found); err != nil {
			return err
		}
		if len(found) > 0 {
			continue
		}
		r.say("make user %s", name)
		if err := r.do(http.MethodPost, "/users", user, nil); err != nil {
			return err
		}
	}
	return nil
}

func (r realm) client(id string) (Object, error) {
	return r.named("/clients?clientId="+url.QueryEscape(id), "clientId", id)
}

// named is the one object of a list with that name, or nil.
func (r realm) named(path, key, name string) (Object, error) {
	var all []Object
	if err := r.do(http.MethodGet, path, nil, &all); err != nil {
		return nil, err
	}
	for _, one := range all {
		if text_(one, key) == name {
			return one, nil
		}
	}
	return nil, nil
}

func merged(under, over Object) Object {
	both := maps.Clone(under)
	if both == nil {
		both = Object{}
	}
	for key, value := range over {
		inner, nested := value.(Object)
		below, there := both[key].(Object)
		if nested && there {
			both[key] = merged(below, inner)
		} else {
			both[key] = value
		}
	}
	return both
}
