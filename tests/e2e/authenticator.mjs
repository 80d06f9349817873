// An authenticator as people have on their phones: RFC 6238 by Node's own HMAC.

import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const decode = (text) => {
  let bits = "";
  for (const letter of text) bits += ALPHABET.indexOf(letter).toString(2).padStart(5, "0");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
};

/** The code of a step, counted from the present one. */
export const code_of = (secret, steps = 0) => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", decode(secret)).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
};

/** Turns the second factor of a signed-in client on; gives the secret and the recovery codes. */
export const turn_on = async (client) => {
  const { secret } = await client.expect(200, client.post("/v1/me/mfa/totp"));
  // The code of the step before, so that the present one is still unused.
  const body = { code: code_of(secret, -1) };
  const { recovery_codes } = await client.expect(200, client.post("/v1/me/mfa/totp/confirm", body));
  return { secret, recovery_codes };
};
