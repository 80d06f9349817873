// Google's Secret Manager and the metadata server, as far as their documented requests go, on one port.

import { once } from "node:events";
import { createServer } from "node:http";

const TOKEN = "ya29.stand-in-token-of-the-machine";

/** CRC-32C of a Buffer. */
function crc32c(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0x82f63b78 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

export class SecretManager {
  /** By name, as "projects/p/secrets/s/versions/1". */
  secrets = new Map();
  /** Statuses that the next requests for secrets get instead. */
  refusals = [];
  token = TOKEN;

  static async start() {
    const manager = new SecretManager();
    manager.server = createServer((request, response) => manager.#serve(request, response)).listen(0, "127.0.0.1");
    await once(manager.server, "listening");
    const host = `127.0.0.1:${manager.server.address().port}`;
    /** What a spotterd needs in its environment to come here. */
    manager.env = { GCE_METADATA_HOST: host, SPOTTER_SECRETS_GOOGLE_ENDPOINT: `http://${host}` };
    return manager;
  }

  #serve({ url, headers }, response) {
    const answer = (status, body, more = {}) =>
      response.writeHead(status, { "content-type": "application/json", ...more }).end(JSON.stringify(body));
    if (url === "/computeMetadata/v1/instance/service-accounts/default/token") {
      if (headers["metadata-flavor"] !== "Google") return answer(403, {});
      const body = { access_token: TOKEN, expires_in: 3599, token_type: "Bearer" };
      return answer(200, body, { "metadata-flavor": "Google" });
    }
    const refusal = this.refusals.shift();
    if (refusal) return answer(refusal, { error: { code: refusal, status: "SOMETHING" } });
    if (headers.authorization !== `Bearer ${TOKEN}`) return answer(401, { error: { status: "UNAUTHENTICATED" } });
    const name = /^\/v1\/(.*):access$/.exec(url)?.[1];
    const data = this.secrets.get(name);
    if (!data) return answer(404, { error: { code: 404, status: "NOT_FOUND" } });
    answer(200, { name, payload: { data: data.toString("base64"), dataCrc32c: String(crc32c(data)) } });
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections?.();
  }
}
