// The WebSocket server on Node with ws. It echoes, or passes each message on to
// everybody.

const { WebSocketServer } = require("ws");

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 4096 });
const broadcast = process.argv[2] === "broadcast";

server.on("connection", (ws) => {
  ws.on("error", () => {});
  ws.on("message", (data, isBinary) => {
    const to = broadcast ? server.clients : [ws];
    for (const client of to) client.send(data, { binary: isBinary });
  });
});
server.on("listening", () => console.log("port " + server.address().port));
