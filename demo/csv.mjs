// Reads delimited text as RFC 4180 has it, and as exporters bend it: comma, semicolon or tab, a byte
// order mark, quoted line breaks, any line ending.

/** The rows of `text` as objects keyed by the header's names, with the delimiter that was found. */
export function read_csv(text) {
  const body = text.replace(/^\uFEFF/, "");
  const delimiter = sniff(body);
  const [header, ...rows] = split(body, delimiter);
  if (!header) throw new Error("The file is empty.");
  const names = header.map((name) => name.trim());
  const records = rows
    .filter((cells) => cells.some((cell) => cell !== ""))
    .map((cells) => Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""])));
  return { names, records, delimiter };
}

function sniff(text) {
  const header = text.slice(0, text.search(/[\r\n]|$/)).replace(/"[^"]*"/g, "");
  const uses = (mark) => header.split(mark).length;
  return [",", ";", "\t"].reduce((best, mark) => (uses(mark) > uses(best) ? mark : best));
}

function split(text, delimiter) {
  const rows = [];
  let row = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < text.length; ++i) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (c === '"' && cell === "") {
      quoted = true;
    } else if (c === delimiter) {
      row.push(cell);
      cell = "";
    } else if (c === "\n" || c === "\r") {
      if (c === "\r" && text[i + 1] === "\n") ++i;
      rows.push([...row, cell]);
      row = [];
      cell = "";
    } else {
      cell += c;
    }
  }
  if (cell !== "" || row.length > 0) rows.push([...row, cell]);
  return rows;
}
