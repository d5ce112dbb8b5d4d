package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

const site = "https://ioc.danang.example"

var b64 = base64.RawURLEncoding

// device is an authenticator of the tests: one key, as browsers speak of it.
type device struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	owner   []byte
	counter uint32
	origin  string
	flags   byte // of the answers: 1 present, 4 verified
}

func newDevice(t *testing.T) *device {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	_, _ = rand.Read(id)
	return &device{t: t, key: key, id: id, origin: site, flags: 5}
}

type options struct {
	PublicKey struct {
		Challenge                                string
		User                                     struct{ ID string }
		RpID                                     string
		Rp                                       struct{ ID string }
		AuthenticatorSelection, UserVerification any
		AllowCredentials                         []struct{ ID string }
	}
}

func (d *device) read(v any) (o options) {
	d.t.Helper()
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &o)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return o
}

func (d *device) client(kind, challenge string) []byte {
	raw, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	return raw
}

func (d *device) data(rp string, flags byte) []byte {
	host := sha256.Sum256([]byte(rp))
	out := append(host[:], flags)
	return binary.BigEndian.AppendUint32(out, d.counter)
}

// create answers navigator.credentials.create.
func (d *device) create(v any) json.RawMessage {
	d.t.Helper()
	o := d.read(v)
	owner, err := b64.DecodeString(o.PublicKey.User.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	d.owner = owner
	raw, err := d.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		d.t.Fatal(err)
	}
	cose, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: raw[1:33], -3: raw[33:]})
	if err != nil {
		d.t.Fatal(err)
	}
	data := d.data(o.PublicKey.Rp.ID, d.flags|0x40)
	data = append(data, make([]byte, 16)...) // no model named
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(append(data, d.id...), cose...)
	attestation, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{
		"clientDataJSON": b64.EncodeToString(d.client("webauthn.create", o.PublicKey.Challenge)), "attestationObject": b64.EncodeToString(attestation), "transports": []string{"internal"},
	})
}

// get answers navigator.credentials.get.
func (d *device) get(v any) json.RawMessage {
	d.t.Helper()
	o := d.read(v)
	d.counter++
	client, data := d.client("webauthn.get", o.PublicKey.Challenge), d.data(o.PublicKey.RpID, d.flags)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(data, hash[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{
		"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(data),
		"signature": b64.EncodeToString(sig), "userHandle": b64.EncodeToString(d.owner),
	})
}

func (d *device) answer(response map[string]any) json.RawMessage {
	raw, _ := json.Marshal(map[string]any{"id": b64.EncodeToString(d.id), "rawId": b64.EncodeToString(d.id), "type": "public-key",
		"response": response, "clientExtensionResults": map[string]any{}, "authenticatorAttachment": "platform"})
	return raw
}

func (p *place) addKey(token string, d *device) (identity.Passkey, []string, error) {
	p.t.Helper()
	o, err := p.BeginPasskey(p.t.Context(), p.actor(token), token, site)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.FinishPasskey(p.t.Context(), p.actor(token), token, site, "Điện thoại", d.create(o))
}

func TestAPasskeyAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(t, db, strict)
		p.person("root", access.Admin)
		token := p.mustSignIn("root")
		d := newDevice(t)
		key, recovery, err := p.addKey(token, d)
		if err != nil || len(recovery) != 10 || key.Name != "Điện thoại" {
			t.Fatalf("%+v %d %v", key, len(recovery), err)
		}
		if !p.actor(token).Can(access.UserEdit, access.Scope{}) {
			t.Error("enrolled and may do nothing")
		}
		if _, _, err := p.addKey(token, d); fields(err) != "credential:passkey_form" {
			t.Errorf("the same key again: %v", err)
		}
		ctx := t.Context()
		enter := func(change func(*device, *identity.Proof)) (identity.Step, error) {
			ticket, o, err := p.BeginPasskeySignIn(ctx, "firefox", site, "10.0.0.7")
			if err != nil {
				t.Fatal(err)
			}
			copied := *d
			proof := identity.Proof{Ticket: ticket, Browser: "firefox", Base: site, Address: "10.0.0.7", Agent: "test"}
			change(&copied, &proof)
			proof.Credential = copied.get(o)
			step, err := p.FinishPasskeySignIn(ctx, proof)
			if err == nil {
				d.counter = copied.counter
				if _, err := p.FinishPasskeySignIn(ctx, proof); code(err) != "identity.ticket" {
					t.Errorf("the same answer again: %v", err)
				}
			}
			return step, err
		}
		step, err := enter(func(*device, *identity.Proof) {})
		if err != nil || !p.actor(step.Token).Can(access.UserEdit, access.Scope{}) {
			t.Fatalf("%+v %v", step, err)
		}
		list, err := p.OwnSessions(ctx, p.actor(step.Token), step.Token)
		if err != nil || len(list) != 2 || list[0].Method != "passkey" && list[1].Method != "passkey" {
			t.Errorf("%+v %v", list, err)
		}
		stranger := newDevice(t)
		for name, c := range map[string]struct {
			change func(*device, *identity.Proof)
			want   string
		}{
			"another site":    {func(d *device, _ *identity.Proof) { d.origin = "https://ioc.danang.example.evil" }, "identity.passkey_refused"},
			"nobody verified": {func(d *device, _ *identity.Proof) { d.flags = 1 }, "identity.passkey_refused"},
			"another key":     {func(d *device, _ *identity.Proof) { d.key = stranger.key }, "identity.passkey_refused"},
			"unknown key":     {func(d *device, _ *identity.Proof) { d.id = stranger.id }, "identity.passkey_refused"},
			"unknown owner":   {func(d *device, _ *identity.Proof) { d.owner = []byte("nobody\x00") }, "identity.passkey_refused"},
			"a copied key":    {func(d *device, _ *identity.Proof) { d.counter = 0 }, "identity.passkey_refused"},
			"another browser": {func(_ *device, p *identity.Proof) { p.Browser = "chrome" }, "identity.ticket"},
			"another host":    {func(_ *device, p *identity.Proof) { p.Base = "https://other.example" }, "identity.passkey_refused"},
		} {
			if _, err := enter(c.change); code(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		// Guesses at the password do not lock the key out.
		for range 5 {
			_, _, _ = p.signIn("root", "wrong")
		}
		if _, err := enter(func(*device, *identity.Proof) {}); err != nil {
			t.Errorf("while the name is locked: %v", err)
		}
		if err := p.RemovePasskey(ctx, p.actor(step.Token), step.Token, "x"); code(err) != "identity.no_passkey" {
			t.Errorf("%v", err)
		}
		if err := p.RemovePasskey(ctx, p.actor(step.Token), step.Token, key.ID); code(err) != "identity.factor_needed" {
			t.Errorf("the last factor goes: %v", err)
		}
		p.enrol(step.Token)
		if err := p.RemovePasskey(ctx, p.actor(step.Token), step.Token, key.ID); err != nil {
			t.Errorf("%v", err)
		}
		if _, err := enter(func(*device, *identity.Proof) {}); code(err) != "identity.passkey_refused" {
			t.Errorf("a key that was taken away: %v", err)
		}
	})
}

func TestAPasskeyAsSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		p.person("lan", access.Duty)
		d := newDevice(t)
		if _, _, err := p.addKey(p.mustSignIn("lan"), d); err != nil {
			t.Fatal(err)
		}
		step, err := p.begin("lan")
		if err != nil || strings.Join(step.Second.Methods, " ") != "passkey recovery" {
			t.Fatalf("%+v %v", step.Second, err)
		}
		proof := identity.Proof{Ticket: step.Second.Ticket, Browser: "firefox", Base: site, Credential: json.RawMessage(`{}`)}
		if _, err := p.FinishSignIn(t.Context(), proof); code(err) != "identity.passkey_refused" {
			t.Errorf("rubbish: %v", err)
		}
		o, err := p.ChallengeSecond(t.Context(), step.Second.Ticket, "firefox", site)
		if err != nil || len(d.read(o).PublicKey.AllowCredentials) != 1 {
			t.Fatal(err)
		}
		proof.Credential = d.get(o)
		p.pass(time.Second)
		if step, err = p.FinishSignIn(t.Context(), proof); err != nil {
			t.Fatal(err)
		}
		list, err := p.OwnSessions(t.Context(), p.actor(step.Token), step.Token)
		if err != nil || list[0].Method != "password+passkey" || !list[0].Current {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestPasskeysWantAName(t *testing.T) {
	p := open(t, storetest.SQLite(t, nil))
	for _, base := range []string{"http://127.0.0.1:8080", "https://[::1]:8443", "", "://"} {
		if _, _, err := p.BeginPasskeySignIn(t.Context(), "firefox", base, "10.0.0.7"); code(err) != "identity.passkey_host" {
			t.Errorf("%s: %v", base, err)
		}
	}
	if _, _, err := p.BeginPasskeySignIn(t.Context(), "firefox", "http://localhost:8080", "10.0.0.7"); err != nil {
		t.Error(err)
	}
}
