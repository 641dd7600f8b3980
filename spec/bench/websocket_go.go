// The WebSocket server in Go with gorilla/websocket, on one processor as all
// the others. It echoes, or passes each message on to everybody.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"

	"github.com/gorilla/websocket"
)

var upgrader = websocket.Upgrader{}

func echo(conn *websocket.Conn) {
	for {
		kind, message, err := conn.ReadMessage()
		if err != nil || conn.WriteMessage(kind, message) != nil {
			return
		}
	}
}

var (
	lock  sync.Mutex
	conns = map[*websocket.Conn]bool{}
)

func join(conn *websocket.Conn, in bool) {
	lock.Lock()
	defer lock.Unlock()
	if in {
		conns[conn] = true
	} else {
		delete(conns, conn)
	}
}

func broadcast(kind int, message []byte) error {
	prepared, err := websocket.NewPreparedMessage(kind, message)
	if err != nil {
		return err
	}
	lock.Lock()
	defer lock.Unlock()
	for conn := range conns {
		conn.WritePreparedMessage(prepared)
	}
	return nil
}

func chat(conn *websocket.Conn) {
	join(conn, true)
	defer join(conn, false)
	for {
		kind, message, err := conn.ReadMessage()
		if err != nil || broadcast(kind, message) != nil {
			return
		}
	}
}

func main() {
	serve := echo
	if os.Args[1] == "broadcast" {
		serve = chat
	}
	runtime.GOMAXPROCS(1)
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("port %d\n", server.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(server, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			conn, err := upgrader.Upgrade(w, r, nil)
			if err == nil {
				defer conn.Close()
				serve(conn)
			}
		})))
}
