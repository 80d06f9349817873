// Texts that break programs: put into every field, path and parameter.

/** By what each is. */
export const NASTY = {
  quote: "'",
  quotes: `'"\`\\`,
  "always true": "' OR '1'='1",
  "drop table": "'; DROP TABLE spotter.app_user CASCADE; --",
  sleep: "'; SELECT pg_sleep(60); --",
  "sleep in a value": "'||(SELECT pg_sleep(60))||'",
  "sleep behind a backslash": "\\'; SELECT pg_sleep(60); --",
  "sleep in a number": "1 OR (SELECT pg_sleep(60)) IS NULL",
  "a closed call": "1); DELETE FROM spotter.workout; --",
  "a union": "' UNION SELECT password_hash FROM spotter.app_user --",
  "dollar quotes": "$$; SELECT pg_sleep(60); $$",
  placeholders: "$1 $2 ?1 :name @p1",
  copy: "'; COPY (SELECT 1) TO PROGRAM 'touch /tmp/spotter-was-here'; --",
  "LIKE's signs": "%_\\%\\_",
  "a pattern without end": "(((((a+)+)+)+)+)+$",
  "an array": '{"a","b",NULL}',
  NUL: "a\u0000b",
  "half a character": "a\ud800b",
  "the other half": "\udc00",
  "no character": "\uffff\ufffe",
  "byte order mark": "\ufeffx",
  "right to left": "\u202e\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd\u202c",
  "beyond the plane": "\u{1f3cb}\u{1f3fd}\u200d\u2640\ufe0f \u{10ffff}",
  combining: "Z\u0351\u036b\u0343\u030a e\u0301 \u1e9b\u0323",
  "line ends": "a\r\nSet-Cookie: stolen=1\r\n\r\nb",
  controls: "\u0001\u0008\u000b\u001b[31m\u007f\u0085\u2028\u2029",
  "C format": "%s%s%n%x%p%1000000d",
  "braces": "{}{0}{:n}{{{}",
  template: "{{7*7}}${7*7}<%= 7*7 %>",
  lookup: "${jndi:ldap://127.0.0.1:9/a}",
  markup: "<script>alert(1)</script><img src=x onerror=alert(1)>]]>",
  "a way up": "../../../../../../etc/passwd",
  "a way up, escaped": "..%2f..%2f%2e%2e/etc/passwd%00",
  shell: "`id`;$(id)|id&&id",
  formula: "=cmd|' /C calc'!A0",
  "10,000 letters": "x".repeat(10_000),
  "10,000 wide letters": "\u00e9".repeat(10_000),
  nothing: "",
  blanks: " \t ",
  null: "null",
  number: "-1",
  "a large number": "99999999999999999999999999",
  "no number": "NaN",
  list: "[]",
};

/** Bytes that are no UTF-8. */
export const NOT_UTF8 = { "a stray byte": "ff", "an overlong slash": "c0af", "half a character": "eda080", "beyond Unicode": "f4908080", "cut short": "e282" };

/** As a part of a URL; halves of characters as the bytes that careless programs make of them. */
export const in_url = (text) =>
  text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[^]/gu, (letter) => {
    const code = letter.codePointAt(0);
    if (code < 0xd800 || code > 0xdfff) return encodeURIComponent(letter);
    return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)].map((byte) => `%${byte.toString(16)}`).join("");
  });
