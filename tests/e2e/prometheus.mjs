/** The samples of a Prometheus text: name → [{labels, value}]. Throws on a line that is none. */
export function parse_metrics(text) {
  const samples = new Map();
  const types = new Map();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("# HELP ") || line === "# EOF") continue;
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type) {
      if (types.has(type[1])) throw new Error(`two types of ${type[1]}`);
      types.set(type[1], type[2]);
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)( \d+)?$/.exec(line);
    const value = sample && (sample[3] === "+Inf" ? Infinity : Number(sample[3]));
    if (!sample || Number.isNaN(value)) throw new Error(`no sample: ${line}`);
    const [, name, labels = ""] = sample;
    if (!samples.has(name)) samples.set(name, []);
    if (samples.get(name).some((one) => one.labels === labels)) throw new Error(`twice: ${line}`);
    samples.get(name).push({ labels, value });
  }
  return { samples, types };
}
