package authenticode

import "prestage/authenticode/winerror"

// Problem is a reason why a signature, a time stamp or a certificate table
// does not hold, in the number that Windows gives such a failure (rule 139)
// and in words. It is a finding, not a failure of this package: what could not
// be read at all is an ordinary error instead.
//
// A nil *Problem is the only good answer; there is no Problem that means
// success.
type Problem struct {
	Code   winerror.Code
	Detail string // a lower-case clause without a final period
}

// Error returns the code, its symbolic name and the detail.
func (p *Problem) Error() string { return p.Code.String() + ": " + p.Detail }

// problem makes a Problem. It exists so that the verification steps read as
// one line each.
func problem(code winerror.Code, detail string) *Problem {
	return &Problem{Code: code, Detail: detail}
}
