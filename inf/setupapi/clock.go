package setupapi

import "time"

// StampLayout is how the logs write a moment, in the form of package time. It
// is local time of the machine; the logs say nothing of its zone.
const StampLayout = "2006/01/02 15:04:05.000"

const (
	clockLen = len("15:04:05.000")
	dateLen  = len("2006/01/02 ")
)

// parseStamp reads a moment, with or without milliseconds (before Vista there
// are none). The result is in UTC for want of a zone.
func parseStamp(s string) (time.Time, bool) {
	if !digits(s, "0000/00/00 00:00:00") {
		return time.Time{}, false
	}
	t, err := time.Parse("2006/01/02 15:04:05", s) // takes a fraction too
	return t, err == nil
}

// ParseClock reads a time of day, "15:04:05.000", as the time since midnight.
func ParseClock(s string) (time.Duration, bool) {
	if len(s) != clockLen || !isClock(s) {
		return 0, false
	}
	n := func(i int) time.Duration { return time.Duration(s[i]-'0')*10 + time.Duration(s[i+1]-'0') }
	h, m, sec := n(0), n(3), n(6)
	ms := time.Duration(s[9]-'0')*100 + n(10)
	if h > 23 || m > 59 || sec > 59 {
		return 0, false
	}
	return h*time.Hour + m*time.Minute + sec*time.Second + ms*time.Millisecond, true
}

// Gap is the time from one time of day to a later one, over midnight if need be.
func Gap(from, to time.Duration) time.Duration {
	if to < from {
		to += 24 * time.Hour
	}
	return to - from
}

// isClock reports whether s has the form 00:00:00.000, cheapest test first.
func isClock(s string) bool {
	return s[8] == '.' && s[5] == ':' && s[2] == ':' && digits(s, "00:00:00.000")
}

// digits reports whether s begins like the pattern, in which 0 is any digit.
func digits(s, pattern string) bool {
	if len(s) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if c := s[i]; pattern[i] == '0' {
			if c < '0' || c > '9' {
				return false
			}
		} else if c != pattern[i] {
			return false
		}
	}
	return true
}

// cutClock takes a time of day from the end: "text 15:04:05.000".
func cutClock(s string) (text, clock string) {
	n := len(s) - clockLen
	if n < 1 || s[n-1] != ' ' || !isClock(s[n:]) {
		return s, ""
	}
	return s[:n-1], s[n:]
}

// findStamp finds a moment anywhere in s.
func findStamp(s string) (before, stamp, after string, ok bool) {
	const short = "0000/00/00 00:00:00"
	for i := 0; i+len(short) <= len(s); i++ {
		if s[i+4] != '/' || !digits(s[i:], short) {
			continue
		}
		end := i + len(short)
		if digits(s[end:], ".000") {
			end += len(".000")
		}
		return s[:i], s[i:end], s[end:], true
	}
	return s, "", "", false
}
