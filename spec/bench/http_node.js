// The HTTP server on Node.

const http = require("node:http");

let seen = 0;

const server = http.createServer((req, res) => {
  seen += req.url.length + req.headers["user-agent"].length;
  res.end("hello");
});
// Connections of the memory test are idle for longer than the default of 5 s.
server.keepAliveTimeout = 0;
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.log("port " + server.address().port);
});
