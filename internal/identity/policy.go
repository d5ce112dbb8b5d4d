package identity

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
)

// Policy holds the rules of passwords and sessions as a city sets them; its
// zero fields switch a rule off, but for Idle and Absolute. The defaults are
// those of level 3 (TCVN 11930).
type Policy struct {
	MinLength int // characters
	Lower     bool
	Upper     bool
	Digit     bool
	Special   bool          // neither letter nor digit
	History   int           // how many past passwords may not come back
	MaxAge    time.Duration // after this a password must be changed; 0: never
	LockAfter int           // failures in a row
	LockFor   time.Duration // how long the name is locked, and how long a failure counts
	Idle      time.Duration // a session ends after this without a request
	Absolute  time.Duration // and after this in any case
	Sessions  int           // of one user at once; the oldest gives way

	SecondFactor []access.Role // whose holders must set up a second factor before anything else
	Unused       time.Duration // an account nobody used for longer is refused; 0: never
}

// DefaultPolicy is the policy of a city that sets nothing.
func DefaultPolicy() Policy {
	return Policy{
		MinLength: 12, Lower: true, Upper: true, Digit: true, Special: true, History: 5,
		LockAfter: 5, LockFor: 15 * time.Minute,
		Idle: 15 * time.Minute, Absolute: 12 * time.Hour, Sessions: 20,
		SecondFactor: []access.Role{access.Admin}, Unused: 45 * 24 * time.Hour,
	}
}

// maxPassword bounds the work a stranger can ask for, in bytes.
const maxPassword = 1024

var (
	errPassword = fault.Define(fault.Invalid, "identity.password", "the password does not meet the rules", "mật khẩu không đạt quy định")
	errShort    = fault.Define(fault.Invalid, "identity.password_short", "at least {min} characters", "ít nhất {min} ký tự")
	errLong     = fault.Define(fault.Invalid, "identity.password_long", "at most {max} bytes", "nhiều nhất {max} byte")
	errLower    = fault.Define(fault.Invalid, "identity.password_lower", "a small letter is missing", "thiếu chữ thường")
	errUpper    = fault.Define(fault.Invalid, "identity.password_upper", "a capital letter is missing", "thiếu chữ hoa")
	errDigit    = fault.Define(fault.Invalid, "identity.password_digit", "a digit is missing", "thiếu chữ số")
	errSpecial  = fault.Define(fault.Invalid, "identity.password_special", "a character that is neither letter nor digit is missing", "thiếu ký tự đặc biệt")
	errOwnName  = fault.Define(fault.Invalid, "identity.password_name", "the password holds the user name", "mật khẩu chứa tên đăng nhập")
	errReused   = fault.Define(fault.Invalid, "identity.password_reused", "one of the last {count} passwords", "trùng một trong {count} mật khẩu gần nhất")
)

// check returns nil or the fault that names every rule the password breaks,
// at the given field.
func (p Policy) check(field, username, password string) error {
	e := errPassword.With()
	if n := utf8.RuneCountInString(password); n < p.MinLength {
		e.At(field, errShort.With("min", p.MinLength))
	}
	if len(password) > maxPassword {
		e.At(field, errLong.With("max", maxPassword))
	}
	has := func(is func(rune) bool) bool { return strings.IndexFunc(password, is) >= 0 }
	for _, rule := range []struct {
		on  bool
		is  func(rune) bool
		def *fault.Def
	}{
		{p.Lower, unicode.IsLower, errLower},
		{p.Upper, unicode.IsUpper, errUpper},
		{p.Digit, unicode.IsDigit, errDigit},
		{p.Special, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }, errSpecial},
	} {
		if rule.on && !has(rule.is) {
			e.At(field, rule.def.With())
		}
	}
	if username != "" && strings.Contains(strings.ToLower(password), username) {
		e.At(field, errOwnName.With())
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}
