package cab

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
)

// mszip undoes MSZIP ([MS-MCI]): each block is "CK" and a complete deflate
// stream, whose matches may reach into the 32 KiB of output before it.
type mszip struct {
	inflater io.ReadCloser
	dict     []byte
}

func (d *mszip) decompress(dst, src []byte) error {
	if err := d.start(src); err != nil {
		return err
	}
	if _, err := io.ReadFull(d.inflater, dst); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, noEOF(err))
	}
	// The stream has to end here. That is also what proves it complete.
	var extra [1]byte
	if _, err := io.ReadFull(d.inflater, extra[:]); err != io.EOF {
		return fmt.Errorf("block does not end with its %d bytes: %w", len(dst), ErrCorrupt)
	}
	d.remember(dst)
	return nil
}

// expandOpen expands a block whose expanded size is not recorded.
func (d *mszip) expandOpen(src []byte) ([]byte, error) {
	if err := d.start(src); err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(d.inflater, maxOutput+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, noEOF(err))
	}
	if len(out) > maxOutput {
		return nil, fmt.Errorf("block expands to more than %d bytes: %w", maxOutput, ErrCorrupt)
	}
	d.remember(out)
	return out, nil
}

// start sets the inflater to a block.
func (d *mszip) start(src []byte) error {
	if len(src) < 2 || src[0] != 'C' || src[1] != 'K' {
		return fmt.Errorf("block does not start with CK: %w", ErrCorrupt)
	}
	in := bytes.NewReader(src[2:])
	if d.inflater == nil {
		d.inflater = flate.NewReaderDict(in, d.dict)
	} else if err := d.inflater.(flate.Resetter).Reset(in, d.dict); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}

// remember keeps the last 32 KiB of output.
func (d *mszip) remember(out []byte) {
	d.dict = append(d.dict, out...)
	if surplus := len(d.dict) - maxOutput; surplus > 0 {
		d.dict = append(d.dict[:0], d.dict[surplus:]...)
	}
}

// noEOF keeps io.EOF inside the package: a caller's io.ReadAll would take it
// for a good end.
func noEOF(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrTruncated
	}
	return err
}
