package trust

import (
	"crypto"
	"crypto/x509"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"prestage/authenticode"
	"prestage/authenticode/signtest"
	"prestage/authenticode/winerror"
)

// revokeTest is one row: a chain, what is said of it, the clock, and what is
// wanted. The chain is root, ca, leaf; both its root and that of the
// time-stamping authority are anchors.
type revokeTest struct {
	name       string
	make       func(*family)          // nil: ordinary
	said       func(*family) [][]byte // CRLs and OCSP responses, as files
	roots      string                 // empty: root and tsa
	carried    string                 // empty: leaf ca
	deny       string                 // disallowed
	at         string                 // empty: 2026-11-20
	stamped    string                 // empty: no time stamp
	stamp      func(*timestamp)       // changes the time stamp
	reason     Reason                 // of the first problem; UnknownReason: trusted
	code       winerror.Code          //
	notes      []Reason               // on revocation
	stampNotes []Reason               // likewise, of the time stamp
}

// crl is a list of the issuer's with the given certificates.
func crl(issuer string, entries ...said) func(*family) [][]byte {
	return crlWith(issuer, nil, entries...)
}

func crlWith(issuer string, change func(*signtest.CRL), entries ...said) func(*family) [][]byte {
	return func(f *family) [][]byte {
		l := signtest.CRL{Issuer: f.certs[issuer]}
		for _, e := range entries {
			l.Revoked = append(l.Revoked, e(f))
		}
		if change != nil {
			change(&l)
		}
		return [][]byte{l.Encode()}
	}
}

// said is an entry of a list.
type said func(*family) signtest.Revoked

func gone(name, at string, changes ...func(*signtest.Revoked)) said {
	return func(f *family) signtest.Revoked {
		r := signtest.Revoked{Serial: f.certs[name].Serial, At: date(at)}
		for _, change := range changes {
			change(&r)
		}
		return r
	}
}

func because(reason int) func(*signtest.Revoked) {
	return func(r *signtest.Revoked) { r.Reason = signtest.Because(reason) }
}

func invalidFrom(day string) func(*signtest.Revoked) {
	return func(r *signtest.Revoked) { r.InvalidityDate = date(day) }
}

func atSecond(offset time.Duration) func(*signtest.Revoked) {
	return func(r *signtest.Revoked) { r.At = r.At.Add(offset) }
}

// both joins what is said.
func both(all ...func(*family) [][]byte) func(*family) [][]byte {
	return func(f *family) [][]byte {
		var out [][]byte
		for _, one := range all {
			out = append(out, one(f)...)
		}
		return out
	}
}

// ocspOf is a response about leaf by ca.
func ocspOf(a signtest.Answer, changes ...func(*family, *signtest.OCSP)) func(*family) [][]byte {
	return func(f *family) [][]byte {
		if a.Serial == nil {
			a.Serial = f.certs["leaf"].Serial
		}
		o := signtest.OCSP{Issuer: f.certs["ca"], Answers: []signtest.Answer{a}}
		for _, change := range changes {
			change(f, &o)
		}
		return [][]byte{o.Encode()}
	}
}

// withResponder is ordinary with a certificate for an OCSP responder.
func withResponder(issuer string, edits ...edit) func(*family) {
	return func(f *family) {
		ordinary(nil)(f)
		f.leaf("responder", issuer, append([]edit{ekus(signtest.EKUOCSPSigning), valid("2026-01-01", "2027-01-01")}, edits...)...)
	}
}

func byResponder(f *family, o *signtest.OCSP) {
	o.Responder = f.certs["responder"]
	o.Certificates = []*signtest.Certificate{o.Responder}
}

const stampDay = "2026-03-02"

var revokedLeaf = signtest.Answer{RevokedAt: date("2026-01-05")}

func scope(fields ...[]byte) func(*signtest.CRL) {
	return func(l *signtest.CRL) {
		l.Extensions = append(l.Extensions, signtest.Extension{OID: signtest.OIDIssuingDistributionPoint, Critical: true, Value: signtest.Sequence(fields...)})
	}
}

var revokeTests = []revokeTest{
	{name: "nothing said", said: both()},
	{name: "list of others", said: crl("ca", gone("ca", "2026-01-05"))},
	{name: "list of nobody", said: crl("ca")},
	{name: "revoked, not stamped", said: crl("ca", gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "revoked before the stamp", stamped: stampDay, said: crl("ca", gone("leaf", "2026-03-01")), reason: Revoked, code: winerror.CertRevoked},
	{name: "revoked at the stamped second", stamped: stampDay, said: crl("ca", gone("leaf", stampDay)), reason: Revoked, code: winerror.CertRevoked},
	{name: "revoked a second after the stamp", stamped: stampDay, said: crl("ca", gone("leaf", stampDay, atSecond(time.Second))), notes: []Reason{RevokedLater}},
	{name: "revoked after the stamp, compromised", stamped: stampDay, said: crl("ca", gone("leaf", "2026-04-01", because(1))), notes: []Reason{RevokedLater}},
	{name: "compromised before the stamp, revoked after", stamped: stampDay, said: crl("ca", gone("leaf", "2026-04-01", because(1), invalidFrom("2026-02-01"))), reason: Revoked, code: winerror.CertRevoked},
	{name: "compromised at the stamped second", stamped: stampDay, said: crl("ca", gone("leaf", "2026-04-01", because(1), invalidFrom(stampDay))), reason: Revoked, code: winerror.CertRevoked},
	{name: "compromised after the stamp", stamped: stampDay, said: crl("ca", gone("leaf", "2026-04-01", because(1), invalidFrom("2026-03-03"))), notes: []Reason{RevokedLater}},
	{name: "invalid before the stamp, no reason", stamped: stampDay, said: crl("ca", gone("leaf", "2026-04-01", invalidFrom("2026-02-01"))), reason: Revoked, code: winerror.CertRevoked},
	{name: "superseded with an invalidity date", stamped: stampDay, said: crl("ca", gone("leaf", "2026-04-01", because(4), invalidFrom("2026-02-01"))), notes: []Reason{RevokedLater}},
	{name: "invalidity date after the revocation", stamped: stampDay, said: crl("ca", gone("leaf", "2026-02-01", because(1), invalidFrom("2026-04-01"))), reason: Revoked, code: winerror.CertRevoked},
	{name: "superseded before the stamp", stamped: stampDay, said: crl("ca", gone("leaf", "2026-02-01", because(4))), reason: Revoked, code: winerror.CertRevoked},
	{name: "reason of a delta list in a complete one", said: crl("ca", gone("leaf", "2026-02-01", because(8))), reason: Revoked, code: winerror.CertRevoked},
	{name: "reason that does not exist", stamped: stampDay, said: crl("ca", gone("leaf", "2026-04-01", because(77), invalidFrom("2026-02-01"))), reason: Revoked, code: winerror.CertRevoked},
	{name: "listed twice, the earlier counts", stamped: stampDay, said: crl("ca", gone("leaf", "2026-04-01"), gone("leaf", "2026-02-01"), gone("leaf", "2026-05-01")), reason: Revoked, code: winerror.CertRevoked},
	{name: "two lists, the earlier date counts", stamped: stampDay, said: both(crl("ca", gone("leaf", "2026-04-01")), crl("ca", gone("leaf", "2026-02-01"))), reason: Revoked, code: winerror.CertRevoked},
	{name: "a later list without it does not release", said: both(crl("ca", gone("leaf", "2026-02-01", because(1))), crlWith("ca", func(l *signtest.CRL) { l.ThisUpdate = date("2026-11-15") })), reason: Revoked, code: winerror.CertRevoked},

	{name: "clock before the revocation", at: "2026-02-01", said: crl("ca", gone("leaf", "2026-04-01")), notes: []Reason{RevokedLater, RevocationNotCurrent}},
	{name: "clock after the revocation, before the list", at: "2026-05-01", said: crl("ca", gone("leaf", "2026-04-01")), reason: Revoked, code: winerror.CertRevoked, notes: []Reason{RevocationNotCurrent}},
	{name: "list that has run out", said: crlWith("ca", func(l *signtest.CRL) { l.ThisUpdate, l.NextUpdate = date("2026-02-01"), date("2026-03-01") }, gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked, notes: []Reason{RevocationNotCurrent}},
	{name: "list that has run out, of others", said: crlWith("ca", func(l *signtest.CRL) { l.NextUpdate = date("2026-11-19") }), notes: []Reason{RevocationNotCurrent}},
	{name: "list on its last day", said: crlWith("ca", func(l *signtest.CRL) { l.NextUpdate = signtest.Now() })},
	{name: "list without an end", said: crlWith("ca", func(l *signtest.CRL) { l.NoNextUpdate = true }, gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "lifetime signing, revoked after the stamp", make: ordinary(map[string]edit{"leaf": ekus(OIDCodeSigning, OIDLifetimeSigning)}), stamped: stampDay, said: crl("ca", gone("leaf", "2026-04-01", because(4))), reason: Revoked, code: winerror.CertRevoked},
	{name: "revoked after a stamp that does not count", stamped: stampDay, stamp: func(s *timestamp) {
		s.Problem = &authenticodeProblem{Code: winerror.TrustTimeStamp, Detail: "altered"}
	}, said: crl("ca", gone("leaf", "2026-04-01")), reason: Revoked, code: winerror.CertRevoked},

	{name: "on hold", said: crl("ca", gone("leaf", "2026-04-01", because(6))), reason: Revoked, code: winerror.CertRevoked},
	{name: "on hold after the stamp", stamped: stampDay, said: crl("ca", gone("leaf", "2026-04-01", because(6), invalidFrom("2026-01-01"))), notes: []Reason{RevokedLater}},
	{name: "hold released", said: both(crl("ca", gone("leaf", "2026-04-01", because(6))), crlWith("ca", func(l *signtest.CRL) { l.ThisUpdate = date("2026-11-15") })), notes: []Reason{HoldReleased}},
	{name: "hold kept", said: both(crl("ca", gone("leaf", "2026-04-01", because(6))), crlWith("ca", func(l *signtest.CRL) { l.ThisUpdate = date("2026-11-15") }, gone("leaf", "2026-04-01", because(6)))), reason: Revoked, code: winerror.CertRevoked},
	{name: "hold released after the check", at: "2026-11-10", said: both(crl("ca", gone("leaf", "2026-04-01", because(6))), crlWith("ca", func(l *signtest.CRL) { l.ThisUpdate = date("2026-11-15") })), reason: Revoked, code: winerror.CertRevoked, notes: []Reason{RevocationNotCurrent}},
	{name: "hold that an older list does not have", said: both(crl("ca", gone("leaf", "2026-04-01", because(6))), crlWith("ca", func(l *signtest.CRL) { l.ThisUpdate = date("2026-03-15") })), reason: Revoked, code: winerror.CertRevoked},
	{name: "hold that a list of another scope does not have", said: both(crl("ca", gone("leaf", "2026-04-01", because(6))), crlWith("ca", func(l *signtest.CRL) {
		l.ThisUpdate = date("2026-11-15")
		scope(signtest.Implicit(2, []byte{0xff}))(l)
	})), reason: Revoked, code: winerror.CertRevoked},
	{name: "hold that a forged list does not have", said: both(crl("ca", gone("leaf", "2026-04-01", because(6))), crlWith("ca", func(l *signtest.CRL) {
		l.ThisUpdate, l.Signature = date("2026-11-15"), signtest.FlipLastBit
	})), reason: Revoked, code: winerror.CertRevoked, notes: []Reason{UnusableRevocation}},

	{name: "list altered", said: crlWith("ca", func(l *signtest.CRL) { l.Signature = signtest.FlipLastBit }, gone("leaf", "2026-01-05")), notes: []Reason{UnusableRevocation}},
	{name: "list by a stranger of the same name", said: crlWith("ca", func(l *signtest.CRL) { l.Key = signtest.NamedKey("rsa2048-9") }, gone("leaf", "2026-01-05")), notes: []Reason{UnusableRevocation}},
	{name: "issuer may not sign lists", make: ordinary(map[string]edit{"ca": func(t *signtest.Template) { t.KeyUsage = signtest.KeyUsageWithoutCRLSign }}), said: crl("ca", gone("leaf", "2026-01-05")), notes: []Reason{UnusableRevocation}},
	{name: "issuer without key usage", make: ordinary(map[string]edit{"ca": func(t *signtest.Template) { t.KeyUsage = 0 }}), said: crl("ca", gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "list of the issuer's name in another string type", said: crlWith("ca", func(l *signtest.CRL) { l.Name = signtest.DN("O=Test", "CN=ca").As(signtest.TagBMPString) }, gone("leaf", "2026-01-05"))},
	{name: "the same serial number of another issuer", said: crl("root", gone("leaf", "2026-01-05"))},
	{name: "key identifier that matches nothing", said: crlWith("ca", func(l *signtest.CRL) { l.AuthorityKeyID = []byte{1, 2, 3} }, gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "no key identifier", said: crlWith("ca", func(l *signtest.CRL) { l.AuthorityKeyID = []byte{} }, gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "version 1", said: crlWith("ca", func(l *signtest.CRL) { l.Version = 1 }, gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "signed with SHA-1", said: crlWith("ca", func(l *signtest.CRL) { l.Algorithm = signtest.Algorithm{Hash: crypto.SHA1} }, gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "signed with the OIW's SHA-1", said: crlWith("ca", func(l *signtest.CRL) { l.Algorithm = signtest.OIWSHA1WithRSA() }, gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "signed with MD5", said: crlWith("ca", func(l *signtest.CRL) { l.Algorithm = signtest.Algorithm{Hash: crypto.MD5} }, gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "signed with MD2", said: crlWith("ca", func(l *signtest.CRL) { l.Algorithm = signtest.MD2WithRSA() }, gone("leaf", "2026-01-05")), notes: []Reason{UnusableRevocation}},
	{name: "signed with PSS", said: crlWith("ca", func(l *signtest.CRL) {
		l.Algorithm = signtest.Algorithm{Scheme: signtest.SchemePSS, Salt: make([]byte, 32)}
	}, gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "signed on a curve", make: ordinary(map[string]edit{"ca": key("p256-1")}), said: crl("ca", gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "for certificates of users only", said: crlWith("ca", scope(signtest.Implicit(1, []byte{0xff})), gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "of a distribution point", said: crlWith("ca", scope(signtest.Explicit(0, signtest.Explicit(0, signtest.Implicit(6, []byte("http://crl.example/1"))))), gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "negative serial number", make: ordinary(map[string]edit{"leaf": func(t *signtest.Template) { t.Serial = big.NewInt(-7) }}), said: crl("ca", gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "serial number that differs in sign", make: ordinary(map[string]edit{"leaf": func(t *signtest.Template) { t.Serial = big.NewInt(-7) }}), said: crl("ca", gone("leaf", "2026-01-05", func(r *signtest.Revoked) { r.Serial = big.NewInt(249) }))},

	{name: "intermediate revoked", said: crl("root", gone("ca", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "intermediate revoked before the stamp", stamped: stampDay, said: crl("root", gone("ca", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "intermediate revoked after the stamp", stamped: stampDay, said: crl("root", gone("ca", "2026-04-05")), notes: []Reason{RevokedLater}},
	{name: "intermediate compromised before the stamp", stamped: stampDay, said: crl("root", gone("ca", "2026-04-05", because(2), invalidFrom("2026-01-01"))), reason: Revoked, code: winerror.CertRevoked},
	{name: "anchor on its own list", said: crl("root", gone("root", "2026-01-05"))},
	{name: "self-signed leaf on its own list", make: func(f *family) { f.leaf("leaf", "", nil) }, roots: "leaf", carried: "leaf", said: crl("leaf", gone("leaf", "2026-01-05"))},
	{name: "revoked and disallowed", deny: "leaf", said: crl("ca", gone("leaf", "2026-01-05")), reason: Disallowed, code: winerror.TrustExplicitDistrust},
	{name: "revoked and untrusted", roots: "tsa", said: crl("ca", gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "revoked and expired", make: ordinary(map[string]edit{"leaf": valid("2021-01-01", "2023-01-01")}), said: crl("ca", gone("leaf", "2022-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "revoked and signed with MD5", make: ordinary(map[string]edit{"leaf": signedWith(signtest.Algorithm{Hash: crypto.MD5})}), said: crl("ca", gone("leaf", "2026-01-05")), reason: WeakDigest, code: winerror.TrustCertSignature},

	{name: "list by the issuer's new key", make: func(f *family) {
		ordinary(nil)(f)
		f.ca("newer", "root", named("ca"))
	}, carried: "leaf ca newer", said: crl("newer", gone("leaf", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "list by a new key that nobody certified", make: func(f *family) {
		ordinary(nil)(f)
		f.ca("forged", "", named("ca"))
	}, carried: "leaf ca forged", said: crl("forged", gone("leaf", "2026-01-05")), notes: []Reason{UnusableRevocation}},
	{name: "list by an end certificate with the issuer's name", make: func(f *family) {
		ordinary(nil)(f)
		f.leaf("namesake", "root", named("ca"), func(t *signtest.Template) { t.KeyUsage = x509.KeyUsageCRLSign })
	}, carried: "leaf ca namesake", said: crl("namesake", gone("leaf", "2026-01-05")), notes: []Reason{UnusableRevocation}},
	{name: "list by the anchor's new key", make: func(f *family) {
		ordinary(nil)(f)
		f.ca("newer", "", named("root"))
	}, roots: "root newer", said: crl("newer", gone("ca", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},
	{name: "cross-certificate revoked, another way", make: crossed, roots: "root other", carried: "leaf|ca|root by other", said: crl("other", gone("root by other", "2026-01-05"))},
	{name: "cross-certificate revoked, the only way", make: crossed, roots: "other", carried: "leaf|ca|root by other", said: crl("other", gone("root by other", "2026-01-05")), reason: Revoked, code: winerror.CertRevoked},

	{name: "time-stamping authority revoked, no reason", stamped: stampDay, said: crl("tsa ca", gone("tsa leaf", "2026-04-01")), reason: BadTimestamp, code: winerror.TrustTimeStamp},
	{name: "time-stamping authority compromised later", stamped: stampDay, said: crl("tsa ca", gone("tsa leaf", "2026-04-01", because(1))), reason: BadTimestamp, code: winerror.TrustTimeStamp},
	{name: "time-stamping authority ended later", stamped: stampDay, said: crl("tsa ca", gone("tsa leaf", "2026-04-01", because(5))), stampNotes: []Reason{RevokedLater}},
	{name: "time-stamping authority revoked later, reason unspecified", stamped: stampDay, said: crl("tsa ca", gone("tsa leaf", "2026-04-01", because(0))), stampNotes: []Reason{RevokedLater}},
	{name: "time-stamping authority revoked later, unspecified but invalid before", stamped: stampDay, said: crl("tsa ca", gone("tsa leaf", "2026-04-01", because(0), invalidFrom("2026-01-01"))), reason: BadTimestamp, code: winerror.TrustTimeStamp},
	{name: "time-stamping authority ended before", stamped: stampDay, said: crl("tsa ca", gone("tsa leaf", "2026-01-01", because(5))), reason: BadTimestamp, code: winerror.TrustTimeStamp},
	{name: "time-stamping authority listed with and without a reason", stamped: stampDay, said: crl("tsa ca", gone("tsa leaf", "2026-04-01", because(5)), gone("tsa leaf", "2026-05-01")), reason: BadTimestamp, code: winerror.TrustTimeStamp},
	{name: "authority of the time-stamping authority compromised", stamped: stampDay, said: crl("tsa", gone("tsa ca", "2026-04-01", because(2))), reason: BadTimestamp, code: winerror.TrustTimeStamp},
	{name: "time-stamping authority on a list that ran out", stamped: stampDay, said: crlWith("tsa ca", func(l *signtest.CRL) { l.NextUpdate = date("2026-11-15") }), stampNotes: []Reason{RevocationNotCurrent}},

	{name: "OCSP good", said: ocspOf(signtest.Answer{Good: true})},
	{name: "OCSP good and on a list", said: both(ocspOf(signtest.Answer{Good: true}), crl("ca", gone("leaf", "2026-01-05"))), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP unknown", said: ocspOf(signtest.Answer{Unknown: true}), notes: []Reason{RevocationUnknown}},
	{name: "OCSP revoked", said: ocspOf(revokedLeaf), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP revoked after the stamp", stamped: stampDay, said: ocspOf(signtest.Answer{RevokedAt: date("2026-04-01"), Reason: signtest.Because(4)}), notes: []Reason{RevokedLater}},
	{name: "OCSP revoked after the stamp, compromised before", stamped: stampDay, said: ocspOf(signtest.Answer{RevokedAt: date("2026-04-01"), Reason: signtest.Because(1), InvalidityDate: date("2026-01-01")}), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP revoked after the stamp, invalidity date damaged", stamped: stampDay, said: ocspOf(signtest.Answer{RevokedAt: date("2026-04-01"), Extensions: []signtest.Extension{extension(signtest.OIDInvalidityDate, false, signtest.Null())}}), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP revoked after the stamp, two invalidity dates", stamped: stampDay, said: ocspOf(signtest.Answer{RevokedAt: date("2026-04-01"), InvalidityDate: date("2026-01-01"), Extensions: []signtest.Extension{extension(signtest.OIDInvalidityDate, false, signtest.GeneralizedTime(date("2026-03-20")))}}), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP that has run out", said: ocspOf(signtest.Answer{RevokedAt: date("2026-01-05"), NextUpdate: date("2026-11-19")}), reason: Revoked, code: winerror.CertRevoked, notes: []Reason{RevocationNotCurrent}},
	{name: "OCSP without an end", said: ocspOf(signtest.Answer{RevokedAt: date("2026-01-05"), NoNextUpdate: true}), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP of the future", at: "2026-10-10", said: ocspOf(revokedLeaf), reason: Revoked, code: winerror.CertRevoked, notes: []Reason{RevocationNotCurrent}},
	{name: "OCSP altered", said: ocspOf(revokedLeaf, func(_ *family, o *signtest.OCSP) { o.Signature = signtest.FlipLastBit }), notes: []Reason{UnusableRevocation}},
	{name: "OCSP by a stranger", said: ocspOf(revokedLeaf, func(_ *family, o *signtest.OCSP) { o.Key = signtest.NamedKey("rsa2048-9") }), notes: []Reason{UnusableRevocation}},
	{name: "OCSP named by key", said: ocspOf(revokedLeaf, func(_ *family, o *signtest.OCSP) { o.ByKey = true }), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP that names another responder", said: ocspOf(revokedLeaf, func(f *family, o *signtest.OCSP) { o.NamedAs = f.certs["root"] }), notes: []Reason{UnusableRevocation}},
	{name: "OCSP that names another responder's key", said: ocspOf(revokedLeaf, func(f *family, o *signtest.OCSP) { o.NamedAs, o.ByKey = f.certs["root"], true }), notes: []Reason{UnusableRevocation}},
	{name: "OCSP that carries the issuer", said: ocspOf(revokedLeaf, func(f *family, o *signtest.OCSP) { o.Certificates = []*signtest.Certificate{f.certs["ca"]} }), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP with SHA-256 identifiers", said: ocspOf(signtest.Answer{RevokedAt: date("2026-01-05"), Hash: crypto.SHA256}), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP signed with SHA-1", said: ocspOf(revokedLeaf, func(_ *family, o *signtest.OCSP) { o.Algorithm = signtest.Algorithm{Hash: crypto.SHA1} }), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP for the same serial number of another issuer", said: ocspOf(revokedLeaf, func(f *family, o *signtest.OCSP) { o.Answers[0].Issuer = f.certs["root"] })},
	{name: "OCSP with several answers", said: ocspOf(signtest.Answer{Serial: big.NewInt(7), Good: true}, func(f *family, o *signtest.OCSP) {
		o.Answers = append(o.Answers, signtest.Answer{Serial: f.certs["leaf"].Serial, RevokedAt: date("2026-01-05")}, signtest.Answer{Serial: big.NewInt(-9), Unknown: true})
	}), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP for a negative serial number", make: ordinary(map[string]edit{"leaf": func(t *signtest.Template) { t.Serial = big.NewInt(-700) }}), said: ocspOf(revokedLeaf), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP about the intermediate", said: ocspOf(revokedLeaf, func(f *family, o *signtest.OCSP) {
		o.Issuer, o.Answers[0].Serial = f.certs["root"], f.certs["ca"].Serial
	}), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP about the time-stamping authority", stamped: stampDay, said: ocspOf(signtest.Answer{RevokedAt: date("2026-04-01"), Reason: signtest.Because(1)}, func(f *family, o *signtest.OCSP) {
		o.Issuer, o.Answers[0].Serial = f.certs["tsa ca"], f.certs["tsa leaf"].Serial
	}), reason: BadTimestamp, code: winerror.TrustTimeStamp},
	{name: "OCSP responder appointed", make: withResponder("ca"), said: ocspOf(revokedLeaf, byResponder), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP responder appointed, named by key", make: withResponder("ca"), said: ocspOf(revokedLeaf, byResponder, func(_ *family, o *signtest.OCSP) { o.ByKey = true }), reason: Revoked, code: winerror.CertRevoked},
	{name: "OCSP responder without the purpose", make: withResponder("ca", ekus(OIDCodeSigning)), said: ocspOf(revokedLeaf, byResponder), notes: []Reason{UnusableRevocation}},
	{name: "OCSP responder for every purpose", make: withResponder("ca", ekus(OIDAnyUsage)), said: ocspOf(revokedLeaf, byResponder), notes: []Reason{UnusableRevocation}},
	{name: "OCSP responder of another issuer", make: withResponder("root"), said: ocspOf(revokedLeaf, byResponder), notes: []Reason{UnusableRevocation}},
	{name: "OCSP responder of a forged issuer", make: func(f *family) {
		ordinary(nil)(f)
		f.ca("forged", "", named("ca"), key("rsa2048-9")).leaf("responder", "forged", ekus(signtest.EKUOCSPSigning))
	}, said: ocspOf(revokedLeaf, byResponder), notes: []Reason{UnusableRevocation}},
	{name: "OCSP responder under another issuer's name", make: withResponder("ca", func(t *signtest.Template) { t.Issuer = signtest.DN("O=Test", "CN=other") }), said: ocspOf(revokedLeaf, byResponder), notes: []Reason{UnusableRevocation}},
	{name: "OCSP responder with the issuer's name", make: func(f *family) {
		ordinary(nil)(f)
		f.ca("responder", "", named("ca"), key("rsa2048-9"))
	}, said: ocspOf(revokedLeaf, byResponder), notes: []Reason{UnusableRevocation}},
	{name: "OCSP responder with the issuer's key", make: func(f *family) {
		ordinary(nil)(f)
		f.ca("responder", "", func(t *signtest.Template) { t.Key = f.certs["ca"].Key })
	}, said: ocspOf(revokedLeaf, byResponder), notes: []Reason{UnusableRevocation}},
	{name: "OCSP for an issuer with another name and the same key", make: func(f *family) {
		ordinary(nil)(f)
		f.ca("renamed", "root", func(t *signtest.Template) { t.Key = f.certs["ca"].Key })
	}, said: ocspOf(revokedLeaf, func(f *family, o *signtest.OCSP) { o.Answers[0].Issuer = f.certs["renamed"] })},
	{name: "OCSP for an issuer with the same name and another key", make: func(f *family) {
		ordinary(nil)(f)
		f.ca("rolled", "root", named("ca"), key("rsa2048-9"))
	}, said: ocspOf(revokedLeaf, func(f *family, o *signtest.OCSP) { o.Answers[0].Issuer = f.certs["rolled"] })},
	{name: "OCSP responder expired when it signed", make: withResponder("ca", valid("2026-01-01", "2026-06-01")), said: ocspOf(revokedLeaf, byResponder), notes: []Reason{UnusableRevocation}},
	{name: "OCSP responder expired since", at: "2027-02-01", make: withResponder("ca"), said: ocspOf(revokedLeaf, byResponder), reason: Revoked, code: winerror.CertRevoked, notes: []Reason{RevocationNotCurrent}},
	{name: "OCSP responder that is an authority", make: func(f *family) {
		ordinary(nil)(f)
		f.ca("responder", "ca", ekus(signtest.EKUOCSPSigning))
	}, said: ocspOf(revokedLeaf, byResponder), notes: []Reason{UnusableRevocation}},
	{name: "OCSP responder with an unknown critical extension", make: withResponder("ca", critical(oidUnknown, signtest.Null())), said: ocspOf(revokedLeaf, byResponder), notes: []Reason{UnusableRevocation}},
}

// revocationReasons are the notes that the table is about.
var revocationReasons = []Reason{RevokedLater, HoldReleased, RevocationUnknown, RevocationNotCurrent, UnusableRevocation}

func revocationNotes(notes []Problem) []Reason {
	return slices.DeleteFunc(reasonsOf(notes), func(r Reason) bool { return !slices.Contains(revocationReasons, r) })
}

func TestRevocation(t *testing.T) {
	for _, c := range revokeTests {
		t.Run(c.name, func(t *testing.T) {
			f := newFamily(t)
			if c.make == nil {
				c.make = ordinary(nil)
			}
			c.make(f)
			tsa := signtest.TimeStamping(nil)
			f.certs["tsa"], f.certs["tsa ca"], f.certs["tsa leaf"] = tsa.Root, tsa.CA, tsa.Leaf
			store := NewStore()
			for _, n := range split(orElse(c.roots, "root tsa")) {
				store.AddRoot(f.get(n)[0], n)
			}
			if !slices.Contains(split(c.roots), "tsa") {
				store.AddRoot(f.get("tsa")[0], "tsa")
			}
			for _, x := range f.get(split(c.deny)...) {
				store.AddDisallowed(x)
			}
			for _, data := range c.said(f) {
				n, err := store.AddRevocations("said", data, ReadOptions{})
				if must(t, err); n != 1 {
					t.Fatalf("%d statements", n)
				}
			}
			sig := signature(f.get(split(orElse(c.carried, "leaf ca"))...))
			if c.stamped != "" {
				stamp := stampAt(t, date(c.stamped), tsa)
				if c.stamp != nil {
					c.stamp(stamp)
				}
				sig.Timestamps = []*timestamp{stamp}
			}
			at := signtest.Now()
			if c.at != "" {
				at = date(c.at)
			}
			v := Verify(sig, store, Options{At: at, Purpose: CodeSigning})
			checkInvariants(t, v)
			if v.Trusted != (c.reason == UnknownReason) || firstCode(v.Problems) != c.code {
				t.Errorf("trusted %v, problems %v", v.Trusted, v.Problems)
			}
			if c.reason != UnknownReason && (len(v.Problems) == 0 || v.Problems[0].Reason != c.reason) {
				t.Errorf("problems %v, want %v first", v.Problems, c.reason)
			}
			if got := revocationNotes(v.Notes); !slices.Equal(got, c.notes) {
				t.Errorf("notes %v, want %v", v.Notes, c.notes)
			}
			var stampNotes []Reason
			if v.Timestamp != nil {
				stampNotes = revocationNotes(v.Timestamp.Notes)
			}
			if !slices.Equal(stampNotes, c.stampNotes) {
				t.Errorf("notes on the time stamp %v, want %v", stampNotes, c.stampNotes)
			}
			for _, p := range slices.Concat(v.Problems, v.Notes) {
				if p.Reason == Revoked && (p.Cert == nil || p.Detail == "") {
					t.Errorf("%v does not say which certificate, and who says so", p)
				}
			}
		})
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// TestRevocationIsMonotonic: who is refused for what is said stays refused
// whatever else is said, but for the release of a hold.
func TestRevocationIsMonotonic(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	tsa := signtest.TimeStamping(nil)
	f.certs["tsa"], f.certs["tsa ca"], f.certs["tsa leaf"] = tsa.Root, tsa.CA, tsa.Leaf
	var rows []string
	said := map[string][][]byte{}
	for _, c := range revokeTests {
		if c.make == nil && !strings.Contains(c.name, "hold") {
			rows, said[c.name] = append(rows, c.name), c.said(f)
		}
	}
	for _, stamped := range []bool{false, true} {
		sig := signature(f.get("leaf", "ca"))
		if stamped {
			sig.Timestamps = []*timestamp{stampAt(t, date(stampDay), tsa)}
		}
		trusted := func(names ...string) bool {
			store := NewStore()
			store.AddRoot(f.get("root")[0], "root")
			store.AddRoot(f.get("tsa")[0], "tsa")
			for _, n := range names {
				for _, data := range said[n] {
					_, err := store.AddRevocations(n, data, ReadOptions{})
					must(t, err)
				}
			}
			return Verify(sig, store, Options{At: signtest.Now(), Purpose: CodeSigning}).Trusted
		}
		refused := 0
		for i, n := range rows {
			if trusted(n) {
				continue
			}
			refused++
			for _, other := range []string{rows[(i+1)%len(rows)], rows[(i+7)%len(rows)], "OCSP good", "nothing said", "a later list without it does not release", "list without an end"} {
				if trusted(n, other) || trusted(other, n) {
					t.Errorf("stamped %v: refused for %q, trusted with %q", stamped, n, other)
				}
			}
			if trusted(append([]string{n}, rows...)...) {
				t.Errorf("stamped %v: refused for %q, trusted with all others", stamped, n)
			}
		}
		if refused < 20 {
			t.Errorf("stamped %v: only %d of %d rows refused", stamped, refused, len(rows))
		}
	}
}

// TestStapled: what a signature carries about revocation counts, wherever it
// stands.
func TestStapled(t *testing.T) {
	f := newFamily(t)
	ordinary(nil)(f)
	tsa := signtest.TimeStamping(nil)
	f.certs["tsa"], f.certs["tsa ca"], f.certs["tsa leaf"] = tsa.Root, tsa.CA, tsa.Leaf
	store := NewStore()
	store.AddRoot(f.get("root")[0], "root")
	store.AddRoot(f.get("tsa")[0], "tsa")

	list := crl("ca", gone("leaf", "2026-01-05"))(f)[0]
	answer := ocspOf(revokedLeaf)(f)[0]
	basic := signtest.OCSP{Issuer: f.certs["ca"], Answers: []signtest.Answer{{Serial: f.certs["leaf"].Serial, RevokedAt: date("2026-01-05")}}}.Basic()
	harmless := crl("ca")(f)[0]
	tsaList := crl("tsa ca", gone("tsa leaf", "2026-04-01"))(f)[0]
	many := func(n int) [][]byte {
		var lists [][]byte
		for i := range n {
			lists = append(lists, crlWith("ca", func(l *signtest.CRL) { l.ThisUpdate = date("2026-11-01").Add(time.Duration(i) * time.Second) })(f)...)
		}
		return lists
	}
	for _, c := range []struct {
		name    string
		message func(*signtest.SignedData)
		stamped func(*signtest.TimeStamp)
		reason  Reason
		notes   []Reason
	}{
		{name: "nothing"},
		{name: "list that has it not", message: func(m *signtest.SignedData) { m.RevocationInfo = [][]byte{harmless} }},
		{name: "list", message: func(m *signtest.SignedData) { m.RevocationInfo = [][]byte{list} }, reason: Revoked},
		{name: "response among the lists", message: func(m *signtest.SignedData) { m.RevocationInfo = [][]byte{harmless, signtest.RevocationOCSP(answer)} }, reason: Revoked},
		{name: "list in the attribute", message: func(m *signtest.SignedData) {
			m.Signers[0].Unsigned = []signtest.Attribute{signtest.RevocationValues([][]byte{list}, nil)}
		}, reason: Revoked},
		{name: "response in the attribute", message: func(m *signtest.SignedData) {
			m.Signers[0].Unsigned = []signtest.Attribute{signtest.RevocationValues(nil, [][]byte{basic})}
		}, reason: Revoked},
		{name: "both in the attribute", message: func(m *signtest.SignedData) {
			m.Signers[0].Unsigned = []signtest.Attribute{signtest.RevocationValues([][]byte{harmless}, [][]byte{basic})}
		}, reason: Revoked},
		{name: "list in the token", stamped: func(s *signtest.TimeStamp) {
			s.Token = func(m *signtest.SignedData) { m.RevocationInfo = [][]byte{tsaList} }
		}, reason: BadTimestamp},
		{name: "list in the token's attribute", stamped: func(s *signtest.TimeStamp) {
			s.Token = func(m *signtest.SignedData) {
				m.Signers[0].Unsigned = []signtest.Attribute{signtest.RevocationValues([][]byte{tsaList}, nil)}
			}
		}, reason: BadTimestamp},
		{name: "list for the stamp in the message", stamped: func(*signtest.TimeStamp) {}, message: func(m *signtest.SignedData) { m.RevocationInfo = [][]byte{tsaList} }, reason: BadTimestamp},
		{name: "garbage", message: func(m *signtest.SignedData) {
			m.RevocationInfo = [][]byte{signtest.Sequence(signtest.Null()), signtest.RevocationOCSP(signtest.Sequence()), signtest.Explicit(1), signtest.Explicit(7)}
		}, notes: []Reason{UnusableRevocation, UnusableRevocation}},
		{name: "garbage in the attribute", message: func(m *signtest.SignedData) {
			m.Signers[0].Unsigned = []signtest.Attribute{{OID: signtest.OIDRevocationValues, Values: [][]byte{signtest.Null(), signtest.Sequence(signtest.Null())}}}
		}},
		{name: "as many as are read", message: func(m *signtest.SignedData) { m.RevocationInfo = many(maxStapled) }},
		{name: "more than are read", message: func(m *signtest.SignedData) { m.RevocationInfo = many(maxStapled + 5) }, notes: []Reason{UnusableRevocation}},
	} {
		t.Run(c.name, func(t *testing.T) {
			signer := signtest.Signer{Certificate: f.certs["leaf"], Chain: []*signtest.Certificate{f.certs["ca"]}}
			if c.stamped != nil {
				stamp := tsa.Stamp()
				stamp.Time = date(stampDay)
				c.stamped(&stamp)
				signer.TimeStamps = []signtest.TimeStamp{stamp}
			}
			message := signtest.SignedData{ContentType: signtest.OIDData, Content: signtest.OctetString([]byte("content")), Signers: []signtest.Signer{signer}}
			if c.message != nil {
				c.message(&message)
			}
			sig, err := authenticode.ParseSignature(message.Encode())
			must(t, err)
			v := Verify(sig, store, Options{At: signtest.Now(), Purpose: CodeSigning})
			checkInvariants(t, v)
			if v.Trusted != (c.reason == UnknownReason) || !v.Trusted && v.Problems[0].Reason != c.reason {
				t.Errorf("trusted %v, problems %v", v.Trusted, v.Problems)
			}
			if got := revocationNotes(v.Notes); !slices.Equal(got, c.notes) {
				t.Errorf("notes %v, want %v", v.Notes, c.notes)
			}
		})
	}
}
