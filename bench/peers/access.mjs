// Who a bearer token speaks for. Verified once, then remembered until it expires, as Spotter does.

import { createPrivateKey, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const PKCS8_OF_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

export class Access {
  #key;
  #known = new Map(); // token → { user, expires }

  constructor(seed_file) {
    const der = Buffer.concat([PKCS8_OF_ED25519, readFileSync(seed_file)]);
    this.#key = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  }

  /** The user id, or null where the header holds no valid token. */
  user_of(header) {
    if (!header?.startsWith("Bearer ")) return null;
    const token = header.slice(7);
    const now = Date.now() / 1000;
    const known = this.#known.get(token);
    if (known) return known.expires > now ? known.user : null;
    const parts = token.split(".");
    if (parts.length !== 3) return null;
    const head = JSON.parse(Buffer.from(parts[0], "base64url"));
    const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
    if (head.alg !== "EdDSA" || !verify(null, signed, this.#key, Buffer.from(parts[2], "base64url"))) return null;
    const claims = JSON.parse(Buffer.from(parts[1], "base64url"));
    if (claims.iss !== "spotter" || claims.exp <= now) return null;
    if (this.#known.size >= 16_384) this.#known.clear();
    this.#known.set(token, { user: claims.sub, expires: claims.exp });
    return claims.sub;
  }
}
