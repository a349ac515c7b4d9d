package cab_test

import (
	"bytes"
	"errors"
	"fmt"

	"prestage/authenticode/cab"
)

// A compressed source as compress.exe writes it: three letters, then a match of
// six bytes that repeats them.
func ExampleExpand() {
	source := []byte("SZDD\x88\xF0\x27\x33As\x09\x00\x00\x00\x07abc\xF0\xF3")
	_, data, err := cab.Expand(bytes.NewReader(source), int64(len(source)))
	fmt.Println(string(data), err)

	plain := []byte("MZ")
	_, _, err = cab.Expand(bytes.NewReader(plain), int64(len(plain)))
	fmt.Println(errors.Is(err, cab.ErrNotCompressed))
	// Output:
	// abcabcabc <nil>
	// true
}

// A cabinet with one stored file in a folder.
func ExampleOpen() {
	data := []byte("MSCF\x00\x00\x00\x00\x5a\x00\x00\x00\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x00\x00\x00" +
		"\x03\x01\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00" + // one folder, one file
		"\x4c\x00\x00\x00\x01\x00\x00\x00" + // its data at 0x4c, one block, stored
		"\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x5d\x58\x00\x00\x20\x00" + `amd64\hello.inf` + "\x00" +
		"\x00\x00\x00\x00\x06\x00\x06\x00hello\n")
	c, err := cab.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range c.Files {
		fmt.Println(f.Name, f.Size, f.Modified.Format("2006-01-02"), f.Folder().Method)
	}
	// Output:
	// amd64/hello.inf 6 2024-02-29 stored
}
