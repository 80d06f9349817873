import { randomBytes } from "node:crypto";

/** A UUIDv7; `random(n)` gives n bytes where a run must be repeatable. */
export function uuid7(random = randomBytes) {
  const bytes = Buffer.from(random(16));
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
