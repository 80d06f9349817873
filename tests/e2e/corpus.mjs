// Recordings that others have made; where they are not there, tests skip and say so.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, process.env.SPOTTER_CORPUS ?? "../shared/corpus");
const found = process.env.SPOTTER_CORPUS?.startsWith("/") ? process.env.SPOTTER_CORPUS : folder;

/** Why there is no corpus, or false. */
export const no_corpus = existsSync(join(found, "csv")) ? false : `no corpus: SPOTTER_CORPUS is ${found}`;

export const corpus_file = (path) => readFileSync(join(found, path));

/** What a reader should find in a file, worked out by independent programs. */
export const expected = (path) => JSON.parse(readFileSync(join(found, "expected", `${path}.json`), "utf8")).summary;
