package source

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

// Device is a credential of the MQTT broker: it belongs to one source and may
// use only the topics of its filters ("ioc/<source>/#" unless changed).
type Device struct {
	Username  string
	Source    string
	Publish   []string // topic filters with + and #
	Subscribe []string
	Created   time.Time

	hash string
}

var (
	errDeviceGone   = fault.Define(fault.NotFound, "source.device_not_found", "there is no device {username}", "không có thiết bị {username}")
	errDeviceExists = fault.Define(fault.Conflict, "source.device_exists", "the username {username} is taken", "tên thiết bị {username} đã được dùng")
	errUsername     = fault.Define(fault.Invalid, "source.device_username", "use 1 to 64 characters a–z, A–Z, 0–9, - _ . :", "dùng 1–64 ký tự a–z, A–Z, 0–9, - _ . :")
	errDevice       = fault.Define(fault.Invalid, "source.device", "the device is not valid", "thiết bị chưa hợp lệ")
)

// Devices lists the devices of a source by username.
func (r *Registry) Devices(_ context.Context, actor access.Actor, source string) ([]Device, error) {
	if err := access.Require(actor, access.SourceView, access.Scope{Source: source}); err != nil {
		return nil, err
	}
	if _, ok := r.Get(source); !ok {
		return nil, errNotFound.With("id", source)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := []Device{}
	for _, d := range r.devices {
		if d.Source == source {
			out = append(out, *d)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Username < out[j].Username })
	return out, nil
}

// CreateDevice adds a device and returns its password, which cannot be seen
// again.
func (r *Registry) CreateDevice(ctx context.Context, actor access.Actor, source, username string) (Device, string, error) {
	if err := access.Require(actor, access.SourceEdit, access.Scope{Source: source}); err != nil {
		return Device{}, "", err
	}
	if !validUsername(username) {
		return Device{}, "", errDevice.With().At("username", errUsername.With())
	}
	password := newSecret("")
	d := Device{Username: username, Source: source, hash: hash(password)}
	d.Publish = []string{"ioc/" + source + "/#"}
	d.Subscribe = d.Publish
	err := r.write(ctx, actor, func(tx *store.Tx) error {
		s, ok := r.Get(source)
		if !ok {
			return errNotFound.With("id", source)
		}
		if _, isSource := r.Get(username); isSource { // a source signs in under its own id
			return errDeviceExists.With("username", username)
		}
		d.Created = tx.Now
		if err := insertDevice(tx, &d); err != nil {
			if store.IsUnique(err) {
				return errDeviceExists.With("username", username)
			}
			return fmt.Errorf("insert device %s: %w", username, err)
		}
		tx.Emit(store.Event{
			Subject: "ioc.source.device_created." + source, Entity: "source", EntityID: source,
			After: map[string]any{"username": username, "publish": d.Publish}, Summary: "device " + username + " of source " + s.Name + " created",
		})
		tx.After(func() {
			r.mu.Lock()
			r.devices[username] = &d
			r.mu.Unlock()
		})
		return nil
	})
	if err != nil {
		return Device{}, "", err
	}
	return d, password, nil
}

// DeleteDevice removes a device; a connection that it holds ends when the
// broker hears of the change.
func (r *Registry) DeleteDevice(ctx context.Context, actor access.Actor, source, username string) error {
	if err := access.Require(actor, access.SourceEdit, access.Scope{Source: source}); err != nil {
		return err
	}
	return r.write(ctx, actor, func(tx *store.Tx) error {
		n, err := tx.Exec(`delete from source_device where username=$1 and source=$2`, username, source)
		if err != nil {
			return fmt.Errorf("delete device %s: %w", username, err)
		}
		if n == 0 {
			return errDeviceGone.With("username", username)
		}
		tx.Emit(store.Event{
			Subject: "ioc.source.device_deleted." + source, Entity: "source", EntityID: source,
			Before: map[string]any{"username": username}, Summary: "device " + username + " deleted",
		})
		tx.After(func() {
			r.mu.Lock()
			delete(r.devices, username)
			r.mu.Unlock()
		})
		return nil
	})
}

// AuthenticateDevice finds the device of an MQTT sign-in. A source can sign
// in too, under its id and with its token. Devices of a source that is
// switched off, or gone, are refused.
func (r *Registry) AuthenticateDevice(username, password string) (Device, bool) {
	given := sha256.Sum256([]byte(password))
	r.mu.RLock()
	defer r.mu.RUnlock()
	d, ok := r.devices[username]
	if !ok {
		s, isSource := r.byID[username]
		if !isSource {
			return Device{}, false
		}
		topics := []string{"ioc/" + s.ID + "/#"}
		d = &Device{Username: s.ID, Source: s.ID, Publish: topics, Subscribe: topics, Created: s.Created, hash: s.tokenHash}
	}
	want, ok := parseHash(d.hash)
	if !ok || subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		return Device{}, false
	}
	s, ok := r.byID[d.Source]
	return *d, ok && s.Enabled
}

// KnowsDevice reports whether the credentials of a connected device still
// hold: it (or the source that signed in itself) is there and switched on.
func (r *Registry) KnowsDevice(source, username string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.byID[source]
	if !ok || !s.Enabled {
		return false
	}
	d, isDevice := r.devices[username]
	return username == source || isDevice && d.Source == source
}

// MayPublish reports whether the device may publish on the topic.
func (d Device) MayPublish(topic string) bool {
	return slices.ContainsFunc(d.Publish, func(f string) bool { return covers(f, topic) })
}

// MaySubscribe reports whether every topic that the filter asks for is one
// that the device may read.
func (d Device) MaySubscribe(filter string) bool {
	return slices.ContainsFunc(d.Subscribe, func(f string) bool { return covers(f, filter) })
}

// covers reports whether everything that b matches is matched by the filter
// a. b is a topic or a filter itself.
func covers(a, b string) bool {
	if b == "" || strings.HasPrefix(b, "$") {
		return false // $share and $SYS are the broker's
	}
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i, level := range as {
		switch {
		case level == "#":
			return true
		case i >= len(bs) || bs[i] == "#":
			return false
		case level == "+":
		case level != bs[i]: // "+" in b is only covered by "+" or "#"
			return false
		}
	}
	return len(as) == len(bs)
}

func validUsername(u string) bool {
	if u == "" || len(u) > 64 {
		return false
	}
	for i := range len(u) {
		c := u[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.:", rune(c)) {
			return false
		}
	}
	return true
}
