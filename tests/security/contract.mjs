// The routes, as the server's OpenAPI document has them: so what attacks them needs no list of its own.

import { exchange } from "../e2e/http.mjs";

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Every operation: `{id, method, path, parameters, body, responses, open, streams, scope}`. */
export async function operations_of(server) {
  const { json: document } = await exchange(`${server.url}/v1/openapi.json`);
  const all = [];
  for (const [path, item] of Object.entries(document.paths))
    for (const method of METHODS)
      if (item[method]) all.push(operation(document, path, method, item[method]));
  return all;
}

function operation(document, path, method, what) {
  const resolve = (node) => {
    if (Array.isArray(node)) return node.map(resolve);
    if (node === null || typeof node !== "object") return node;
    if (node.$ref) return resolve(node.$ref.slice(2).split("/").reduce((at, step) => at[step], document));
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value)]));
  };
  const content = what.requestBody?.content ?? {};
  const [type] = Object.keys(content);
  return {
    id: what.operationId,
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    parameters: resolve(what.parameters ?? []),
    body: type ? { type, schema: resolve(content[type].schema) } : null,
    responses: Object.keys(what.responses).map(Number),
    open: what.security?.length === 0,
    streams: Boolean(what.responses[101] || resolve(what.responses[200])?.content?.["text/event-stream"]),
    scope: what["x-api-key-scope"] ?? null,
  };
}

/** The names in a path, each with the collection that it picks one of. */
export const places = (path) =>
  [...path.matchAll(/\{(\w+)\}/g)].map((match) => ({ name: match[1], collection: path.slice(0, match.index - 1) }));

/** A path with each `{name}` replaced by what `give(name, collection)` answers. */
export function filled(path, give) {
  const given = new Map(places(path).map(({ name, collection }) => [name, give(name, collection)]));
  return path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(given.get(name)));
}

/** The schema that is not `null`. */
export const plain = (schema) => schema.oneOf?.find(({ type }) => type !== "null") ?? schema;

export const types_of = (schema) => [plain(schema).type].flat();

/**
 * A value that fits. `words` has what a name means ("email", "time_zone"); `id_of(name)` gives ids; `wanted(name)`
 * says whether an optional member is to be there.
 */
export function sample(given, { words = {}, id_of, wanted = () => false }, name = "") {
  const schema = plain(given);
  const again = (inner, inner_name) => sample(inner, { words, id_of, wanted }, inner_name);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  switch (types_of(schema).find((type) => type !== "null")) {
    case "object": {
      const out = {};
      for (const [key, inner] of Object.entries(schema.properties ?? {}))
        if (schema.required?.includes(key) || wanted(key)) out[key] = again(inner, key);
      return out;
    }
    case "array":
      return name in words ? words[name] : schema.minItems ? [again(schema.items, name)] : [];
    case "integer":
    case "number":
      return words[name] ?? schema.minimum ?? 1;
    case "boolean":
      return true;
    case "string":
      if (schema.format === "uuid") return id_of(name);
      if (name in words) return words[name];
      if (schema.format === "date-time") return "2026-01-02T03:04:05Z";
      return "word";
    default:
      throw new Error(`no sample for ${name}: ${JSON.stringify(schema)}`);
  }
}

/** Every text in a schema: `{path: ["target", "note"], schema}`, those in arrays as `[…, 0]`. */
export function texts_of(given, at = []) {
  const schema = plain(given);
  if (types_of(schema).includes("object"))
    return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => texts_of(inner, [...at, key]));
  if (types_of(schema).includes("array")) return texts_of(schema.items, [...at, 0]);
  return types_of(schema).includes("string") ? [{ path: at, schema }] : [];
}

/** Every object in a schema, by the path to it. */
export function objects_of(given, at = []) {
  const schema = plain(given);
  if (types_of(schema).includes("array")) return objects_of(schema.items, [...at, 0]);
  if (!types_of(schema).includes("object")) return [];
  return [
    { path: at, schema },
    ...Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => objects_of(inner, [...at, key])),
  ];
}

/** Puts a value deep into a body, making what is on the way. */
export function put(body, path, value) {
  if (path.length === 0) return value;
  const [step, ...rest] = path;
  const out = typeof step === "number" ? [...(body ?? [])] : { ...body };
  out[step] = put(out[step], rest, value);
  return out;
}

/** A body as its media type wants it: `{bytes, type}`. */
export function encoded(type, body) {
  if (type !== "multipart/form-data") return { bytes: JSON.stringify(body), type };
  const boundary = "a-boundary-that-no-test-puts-into-a-field";
  const parts = Object.entries(body).map(([key, value]) => {
    const file = key === "file" ? '; filename="f.csv"\r\nContent-Type: text/csv' : "";
    return `--${boundary}\r\nContent-Disposition: form-data; name="${key}"${file}\r\n\r\n${value}\r\n`;
  });
  return { bytes: `${parts.join("")}--${boundary}--\r\n`, type: `${type}; boundary=${boundary}` };
}
