// gzip compresses standard input to standard output.
//
// An image's digest covers its compressed bytes, and each version of zlib
// writes others. This compressor is the one of the Go that is pinned for
// images, so its bytes are the same on every machine.
package main

import (
	"bufio"
	"compress/gzip"
	"io"
	"log"
	"os"
)

func main() {
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	compressor := gzip.NewWriter(out) // writes no name and no time
	if _, err := io.Copy(compressor, bufio.NewReaderSize(os.Stdin, 1<<20)); err != nil {
		log.Fatal(err)
	}
	if err := compressor.Close(); err != nil {
		log.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}
