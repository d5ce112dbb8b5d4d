package identity

import (
	"encoding/xml"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B, cut to six digits.
func TestCodesOfTheRFC(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totpCode(secret, totpStep(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestACodeFitsOneStepBeforeAndAfter(t *testing.T) {
	secret := []byte("12345678901234567890")
	now := time.Unix(1111111111, 0)
	for off, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step, ok := totpMatch(secret, now, totpCode(secret, totpStep(now)+off))
		if ok != want || ok && step != totpStep(now)+off {
			t.Errorf("%+d: %d %v", off, step, ok)
		}
	}
	for _, code := range []string{"", "0", "0504711", "05047", "٠٥٠٤٧١", "050 471 "} {
		if _, ok := totpMatch(secret, now, code); ok != (code == "050 471 ") {
			t.Errorf("%q: %v", code, ok)
		}
	}
}

func TestThePictureIsWhatAuthenticatorsRead(t *testing.T) {
	uri := totpURI("IOC Đà Nẵng", "lan", []byte("12345678901234567890"))
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/IOC Đà Nẵng:lan" || u.Query().Get("secret") != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" ||
		u.Query().Get("issuer") != "IOC Đà Nẵng" || strings.Contains(uri, "+") {
		t.Errorf("%s: %v", uri, err)
	}
	svg, err := qrSVG(uri)
	if err != nil {
		t.Fatal(err)
	}
	for dec := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := dec.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	// The corner of every QR code: seven modules black after the quiet zone.
	if !strings.Contains(svg, `d="M4 4h7v1h-7z`) || strings.Contains(svg, "http://") && !strings.Contains(svg, `xmlns="http://www.w3.org/2000/svg"`) {
		t.Errorf("%.300s", svg)
	}
}

func TestRecoveryCodesAreReadAsPeopleTypeThem(t *testing.T) {
	codes, hashes := newRecovery("u1")
	if len(codes) != recoveryCodes || recoveryHash("u1", codes[0]) != hashes[0] || recoveryHash("u2", codes[0]) == hashes[0] {
		t.Fatal("hashes do not fit")
	}
	if recoveryHash("u1", " "+strings.ToUpper(strings.ReplaceAll(codes[1], "-", " "))) != hashes[1] || recoveryHash("u1", "OIL0-111") != recoveryHash("u1", "0110111") {
		t.Error("capitals or spaces matter")
	}
}

func TestSealedSecretsStayWhereTheyAre(t *testing.T) {
	key := []byte(strings.Repeat("k", keyLength))
	secrets, _, err := openVaults(key)
	if err != nil {
		t.Fatal(err)
	}
	sealed := secrets.seal("totp:lan", []byte("secret"))
	if plain, err := secrets.open("totp:lan", sealed); err != nil || string(plain) != "secret" {
		t.Fatalf("%q %v", plain, err)
	}
	other, _, _ := openVaults([]byte(strings.Repeat("x", keyLength)))
	for name, open := range map[string]func() ([]byte, error){
		"another owner": func() ([]byte, error) { return secrets.open("totp:root", sealed) },
		"another key":   func() ([]byte, error) { return other.open("totp:lan", sealed) },
		"changed":       func() ([]byte, error) { return secrets.open("totp:lan", "A"+sealed[1:]) },
		"rubbish":       func() ([]byte, error) { return secrets.open("totp:lan", "%") },
		"nothing":       func() ([]byte, error) { return secrets.open("totp:lan", "") },
	} {
		if plain, err := open(); err == nil {
			t.Errorf("%s opens: %q", name, plain)
		}
	}
	if _, _, err := openVaults([]byte("short")); err == nil {
		t.Error("a short key is taken")
	}
}

func TestTheKeyFileIsMadeOnceAndForNobodyElse(t *testing.T) {
	path := t.TempDir() + "/secret.key"
	first, err := SecretKeyFile(path)
	if err != nil || len(first) != keyLength {
		t.Fatalf("%d %v", len(first), err)
	}
	if again, err := SecretKeyFile(path); err != nil || string(again) != string(first) {
		t.Errorf("another key: %v", err)
	}
	mode(t, path, 0o600)
	chmod(t, path, 0o644)
	if _, err := SecretKeyFile(path); err != nil {
		t.Error(err)
	}
	mode(t, path, 0o600)
	write(t, path, "half")
	if _, err := SecretKeyFile(path); err == nil {
		t.Error("half a key is taken")
	}
}
