package main

import (
	"strconv"
	"strings"

	"prestage"
	"prestage/authenticode/winerror"
	"prestage/inf/setupapi"
)

// likelyCause explains a difference: by the last results of the two, the first
// row that fits. It is a guess that can be checked.
func likelyCause(s toldStory, p *prestage.PackageReport, v *prestage.VerdictReport) string {
	logged, passed := lastCode(s.imp.Verifications)
	predicted := winerror.Code(0)
	judged := len(v.LogCodes) > 0
	if judged {
		predicted = codeOf(v.LogCodes[len(v.LogCodes)-1])
	}
	for _, c := range causes {
		if c.fits(diagnosis{s: s, v: v, logged: logged, passed: passed, predicted: predicted, judged: judged}) {
			return strings.ReplaceAll(c.text, "%s", p.INF)
		}
	}
	return "no cause is known: please report the case, prestage log --record makes one"
}

// A diagnosis is what the causes are found by.
type diagnosis struct {
	s                 toldStory
	v                 *prestage.VerdictReport
	logged, predicted winerror.Code
	passed, judged    bool // the log has a pass, the prediction has one
}

var causes = []struct {
	fits func(d diagnosis) bool
	text string
}{
	{
		func(d diagnosis) bool {
			return d.s.Status.Code == winerror.SetupFileHashNotInCatalog.Hex() || d.v.Category == prestage.Altered.String()
		},
		"different bytes: what Windows imported is not what is in %s; line endings are the usual reason",
	},
	{
		func(d diagnosis) bool {
			return d.logged == winerror.SetupTrustedPublisher && d.predicted == winerror.SetupTrustNotEstablished
		},
		"the publisher was trusted on that machine: name its certificate with --trusted-publisher",
	},
	{
		func(d diagnosis) bool {
			return d.logged == winerror.SetupTrustNotEstablished && d.predicted == winerror.SetupTrustedPublisher
		},
		"the publisher was not trusted on that machine: leave out --trusted-publisher",
	},
	{
		func(d diagnosis) bool {
			return d.logged == winerror.SetupTrustNotEstablished && d.predicted == d.logged && d.s.Result == setupapi.Failure.String()
		},
		"nobody was there to answer, or somebody said no: the caller was not interactive",
	},
	{
		func(d diagnosis) bool {
			return signs(d.logged, d.passed) && untrusted(d.predicted) && d.judged
		},
		"the root was trusted on that machine: name it with --root; or the machine was in test-signing mode",
	},
	{
		func(d diagnosis) bool { return untrusted(d.logged) && d.passed && signs(d.predicted, d.judged) },
		"the machine did not have the root certificate: it may not update its roots (--no-default-roots stands for such a machine)",
	},
	{
		func(d diagnosis) bool {
			return d.s.Result == setupapi.Success.String() && d.v.Outcome == prestage.Refused.String() && d.logged == d.predicted
		},
		"the machine did not enforce signatures: it was booted with enforcement disabled or in test-signing mode",
	},
	{
		func(d diagnosis) bool {
			return d.passed && d.judged && (d.logged == winerror.OK) != (d.predicted == winerror.OK)
		},
		"different bytes: one of the two catalogs is signed by Microsoft and the other is not",
	},
	{
		func(d diagnosis) bool {
			return d.logged == winerror.TrustNoSignature && d.predicted != d.logged && d.passed
		},
		"Windows saw no signature: another catalog, or an update of Windows that reads signatures more strictly, or fewer of them",
	},
	{
		func(d diagnosis) bool { return d.logged == winerror.CertExpired || d.predicted == winerror.CertExpired },
		"the clock: the machine's, or the time zone, which the log does not say",
	},
	{
		func(d diagnosis) bool { return d.logged == d.predicted && d.passed && d.judged },
		"the last pass agrees, so the rest differs by how the machine is set up or by another catalog of the same name",
	},
}

// signs reports whether a last pass found a valid signature.
func signs(c winerror.Code, known bool) bool {
	switch c {
	case winerror.SetupTrustedPublisher, winerror.SetupTrustNotEstablished, winerror.SetupPublisherNotTrusted:
		return known
	}
	return false
}

func untrusted(c winerror.Code) bool {
	return c == winerror.CertUntrustedRoot || c == winerror.CertChaining || c == winerror.CertUntrustedTestRoot
}

func codeOf(hex string) winerror.Code {
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "0x"), 16, 32)
	if err != nil {
		return winerror.TrustFail
	}
	return winerror.Code(n)
}
