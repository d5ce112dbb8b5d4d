package identity

// What tests outside the package need of it.
var (
	CodeOfStep = totpCode
	StepOf     = totpStep
	Local      = local
	Base32     = base32Plain
)
