// Sends whatever comes on /publish to everybody on /watch, with uWebSockets' own publish.
// Environment: PEER_PORT.

import uws from "uwebsockets";

const app = uws.App();
const options = { compression: uws.DISABLED, idleTimeout: 0, maxBackpressure: 16 * 1024 * 1024 };

app.ws("/watch", {
  ...options,
  open(ws) {
    ws.subscribe("workout");
    ws.send('{"type":"subscribed"}');
  },
});
app.ws("/publish", {
  ...options,
  message(ws, data) {
    app.publish("workout", data, false);
  },
});
app.listen("127.0.0.1", Number(process.env.PEER_PORT), (token) => {
  if (!token) process.exit(1);
  console.log("ready");
});
