// The echo server in Go, on one processor as all the others.
package main

import (
	"fmt"
	"log"
	"net"
	"runtime"
)

const block = 4096

func serve(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, block)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("port %d\n", server.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := server.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(conn)
	}
}
