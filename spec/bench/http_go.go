// The HTTP server in Go, on one processor as all the others.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
)

var seen int

func hello(w http.ResponseWriter, r *http.Request) {
	seen += len(r.URL.Path) + len(r.Header.Get("User-Agent"))
	io.WriteString(w, "hello")
}

func main() {
	runtime.GOMAXPROCS(1)
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("port %d\n", server.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(server, http.HandlerFunc(hello)))
}
