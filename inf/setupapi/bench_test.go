package setupapi

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

// sample is a log like those of Windows 10 and 11: titles, nested contexts,
// time stamps, long paths.
func sample() []byte {
	var b strings.Builder
	b.WriteString("[Device Install Log]\r\n     OS Version = 10.0.22621\r\n     Architecture = amd64\r\n\r\n[BeginLog]\r\n\r\n[Boot Session: 2024/03/13 11:08:42.008]\r\n\r\n")
	section := strings.ReplaceAll(importTrusted, "\n", "\r\n")
	for range 200 {
		b.WriteString(section)
		b.WriteString("\r\n\r\n")
	}
	return []byte(b.String())
}

// repeated is a reader that gives the sample n times without holding them.
type repeated struct {
	sample []byte
	n, at  int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.sample[r.at:])
	if r.at += n; r.at == len(r.sample) {
		r.at = 0
		r.n--
	}
	return n, nil
}

func BenchmarkScan(b *testing.B) {
	data := sample()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		s := NewScanner(bytes.NewReader(data), Options{})
		for s.Scan() {
		}
		if s.Err() != nil {
			b.Fatal(s.Err())
		}
	}
}

func BenchmarkSections(b *testing.B) {
	data := sample()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r := NewReader(bytes.NewReader(data), Options{})
		for {
			if _, err := r.Next(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestMemoryIsFlat: what is held does not grow with the log.
func TestMemoryIsFlat(t *testing.T) {
	data := sample()
	r := NewReader(&repeated{sample: data, n: 64 << 20 / len(data)}, Options{})
	var peak uint64
	for n := 0; ; n++ {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n%5000 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	if r.Offset() < 60<<20 {
		t.Fatalf("only %d bytes were read", r.Offset())
	}
	if peak > 16<<20 {
		t.Errorf("%d MiB are held while a log of 64 MiB is read", peak>>20)
	}
}
