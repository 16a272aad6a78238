// Go's own HTTPS server: server ADDRESS VERSION FOLDER
package main

import (
	"crypto/tls"
	"log"
	"net/http"
	"os"
)

func main() {
	version := uint16(tls.VersionTLS12)
	if os.Args[2] == "1.3" {
		version = tls.VersionTLS13
	}
	s := http.Server{
		Addr:      os.Args[1],
		Handler:   http.FileServer(http.Dir(os.Args[3])),
		TLSConfig: &tls.Config{MinVersion: version, MaxVersion: version},
	}
	log.Fatal(s.ListenAndServeTLS("/srv/good.crt", "/srv/good.key"))
}
