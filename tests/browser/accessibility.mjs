// What can be checked of accessibility by computing: names, contrast, target sizes, layout. Runs in
// the page as it stands and returns complaints in words.

/** Complaints about what is visible now; empty when all is well. */
export function complaints(page) {
  return page.evaluate(inspect);
}

function inspect() {
  const found = [];
  const complain = (node, what) => {
    const name = node.id ? `#${node.id}` : `${node.localName}.${node.className}`;
    found.push(`${name}: ${what}`);
  };
  const visible = (node) =>
    node.checkVisibility({ checkVisibilityCSS: true }) && node.getClientRects().length > 0;
  const hidden_from_sight = (node) => getComputedStyle(node).clipPath !== "none";
  const all = [...document.body.querySelectorAll("*")].filter(
    (node) => visible(node) && !node.closest("noscript"),
  );

  // ---- names and structure
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of new Set(ids.filter((one, i) => ids.indexOf(one) !== i)))
    found.push(`the id ${id} is used twice`);
  if (!document.documentElement.lang) found.push("the page names no language");
  if (!document.title) found.push("the page has no title");
  if (!document.querySelector("main")) found.push("there is no main landmark");
  if (!all.some(({ localName }) => localName === "h1"))
    found.push("no heading of the first rank is visible");
  for (const node of document.querySelectorAll("[style]")) complain(node, "has an inline style");
  for (const node of document.querySelectorAll("script:not([src]), style"))
    complain(node, "is inline");
  for (const node of document.querySelectorAll("img:not([alt])")) complain(node, "has no alt");
  for (const name of [
    "aria-labelledby",
    "aria-describedby",
    "aria-controls",
    "aria-activedescendant",
    "for",
  ]) {
    for (const node of document.querySelectorAll(`[${name}]`)) {
      if (!document.getElementById(node.getAttribute(name)))
        complain(node, `${name} points at nothing`);
    }
  }
  for (const node of all.filter((one) => one.matches("input, select, button"))) {
    const labels = [...(node.labels ?? [])].map(({ textContent }) => textContent);
    const name =
      node.getAttribute("aria-label") ??
      [...labels, node.localName === "button" ? node.textContent : ""].join("");
    if (!name.trim()) complain(node, "has no name");
    const { width, height } = node.getBoundingClientRect();
    if (height < 44 || width < 44)
      complain(node, `is ${Math.round(width)}×${Math.round(height)}, under 44×44`);
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");

  // ---- contrast
  const parse = (colour) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    const pen = canvas.getContext("2d");
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return { r, g, b, a: a / 255 };
  };
  const over = (top, under) => {
    const mix = (channel) => top[channel] * top.a + under[channel] * (1 - top.a);
    return { r: mix("r"), g: mix("g"), b: mix("b"), a: 1 };
  };
  const behind = (node) => {
    const own = parse(getComputedStyle(node).backgroundColor);
    if (own.a === 1) return own;
    const under = node.parentElement
      ? behind(node.parentElement)
      : { r: 255, g: 255, b: 255, a: 1 };
    return over(own, under);
  };
  const luminance = ({ r, g, b }) => {
    const part = (value) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const has_text = (node) =>
    node.matches("input, select") ||
    [...node.childNodes].some(
      (child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim(),
    );
  for (const node of all.filter(
    (one) => has_text(one) && !one.disabled && !hidden_from_sight(one),
  )) {
    const style = getComputedStyle(node);
    const background = behind(node);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const measured = ratio(over(parse(style.color), background), background);
    if (measured < (large ? 3 : 4.5))
      complain(node, `contrast ${measured.toFixed(2)} of "${node.textContent.trim()}"`);
    if (node.matches("input, select")) {
      const edge = ratio(parse(style.borderTopColor), behind(node.parentElement));
      if (edge < 3) complain(node, `its border has contrast ${edge.toFixed(2)}`);
    }
  }
  return found;
}
