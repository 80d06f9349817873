// Renders the OpenAPI document. Everything is made of text nodes: nothing in it is trusted as HTML.

const place = document.getElementById("operations");
const filter = document.getElementById("filter");

const make = (name, attributes, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

const follow = (root, node) =>
  node?.$ref
    ? node.$ref.slice(2).split("/").reduce((at, key) => at[key], root)
    : node;

const type_of = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.oneOf) return schema.oneOf.map(type_of).join(" | ");
  if (schema.type === "array") return `[${type_of(schema.items)}]`;
  const bounds = [];
  if (schema.minimum !== undefined) bounds.push(`≥ ${schema.minimum}`);
  if (schema.maximum !== undefined) bounds.push(`≤ ${schema.maximum}`);
  if (schema.maxLength !== undefined) bounds.push(`≤ ${schema.maxLength} characters`);
  const type = [schema.type].flat().join(" | ") + (schema.format ? ` (${schema.format})` : "");
  return [type, ...bounds].join(", ");
};

const members = (schema) =>
  make("table", {},
    make("thead", {}, make("tr", {}, ...["field", "type", ""].map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {},
      ...Object.entries(schema.properties ?? {}).map(([name, value]) =>
        make("tr", {},
          make("td", {}, make("code", {}, name), schema.required?.includes(name) ? " *" : ""),
          make("td", {}, type_of(value)),
          make("td", {}, value.description ?? "")))));

const shape = (root, schema) => {
  const whole = follow(root, schema);
  if (!whole) return "";
  if (whole.properties) {
    const items = follow(root, whole.properties.items?.items);
    return items?.properties
      ? make("div", {}, make("p", {}, "A page; its items:"), members(items))
      : members(whole);
  }
  return make("p", {}, type_of(whole));
};

const content = (root, title, of) => {
  const out = [];
  for (const [type, { schema }] of Object.entries(of ?? {}).slice(0, 1)) {
    const name = schema.$ref ? ` ${type_of(schema)}` : "";
    out.push(make("h3", {}, `${title}: ${type}${name}`), shape(root, schema));
  }
  return out;
};

const operation = (root, path, method, what) => {
  const inside = make("div", { class: "inside" });
  if (what.description) inside.append(make("p", {}, what.description));
  const open = Array.isArray(what.security) && what.security.length === 0;
  inside.append(make("p", {}, open ? "No token needed." : "Needs an access token."));
  const parameters = (what.parameters ?? []).map((one) => follow(root, one));
  if (parameters.length) {
    const schema = { properties: {}, required: [] };
    for (const { name, in: where, schema: value, description, required } of parameters) {
      schema.properties[name] = { ...value, description: [`in ${where}.`, description].filter(Boolean).join(" ") };
      if (required) schema.required.push(name);
    }
    inside.append(make("h3", {}, "Parameters"), members(schema));
  }
  inside.append(...content(root, "Body", what.requestBody?.content));
  const answers = Object.entries(what.responses).map(([status, one]) => [status, follow(root, one)]);
  for (const [status, answer] of answers) {
    if (status < "300" && answer.content) inside.append(...content(root, `Answer ${status}`, answer.content));
  }
  inside.append(make("h3", {}, "Answers"), make("ul", {},
    ...answers.map(([status, { description }]) => make("li", {}, make("code", {}, status), ` ${description}`))));
  return make("details", { "data-words": `${method} ${path} ${what.summary} ${what.operationId}`.toLowerCase() },
    make("summary", {},
      make("span", { class: "method" }, method.toUpperCase()),
      make("span", { class: "path" }, path), ` ${what.summary}`),
    inside);
};

const render = (root) => {
  const groups = new Map();
  for (const [path, methods] of Object.entries(root.paths)) {
    for (const [method, what] of Object.entries(methods)) {
      const [tag] = what.tags;
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(root, path, method, what));
    }
  }
  place.replaceChildren(make("p", {}, root.info.description));
  for (const [tag, operations] of groups) {
    place.append(make("section", {}, make("h2", {}, tag), ...operations));
  }
};

filter.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/);
  for (const one of place.querySelectorAll("details")) {
    one.hidden = !words.every((word) => one.dataset.words.includes(word));
  }
  for (const group of place.querySelectorAll("section")) {
    group.hidden = !group.querySelector("details:not([hidden])");
  }
});

try {
  const answer = await fetch("/v1/openapi.json");
  render(await answer.json());
} catch {
  place.replaceChildren(make("p", { role: "alert" }, "The document can't be loaded. Try again."));
}
