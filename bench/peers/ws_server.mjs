// Sends whatever comes on /publish to everybody on /watch, with npm `ws`, as its README broadcasts.
// Environment: PEER_PORT.

import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";

const server = createServer();
const options = { noServer: true, perMessageDeflate: false };
const watchers = new WebSocketServer(options);
const publishers = new WebSocketServer({ ...options, clientTracking: false });

server.on("upgrade", (request, socket, head) => {
  if (request.url === "/watch")
    watchers.handleUpgrade(request, socket, head, (ws) => ws.send('{"type":"subscribed"}'));
  else
    publishers.handleUpgrade(request, socket, head, (ws) => ws.on("message", broadcast));
});

function broadcast(data) {
  for (const watcher of watchers.clients)
    if (watcher.readyState === WebSocket.OPEN) watcher.send(data, { binary: false });
}

server.listen({ host: "127.0.0.1", port: Number(process.env.PEER_PORT), backlog: 4096 }, () => console.log("ready"));
