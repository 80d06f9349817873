// What scanners complain of and we do not mend, each with the reason. An entry that is too wide would hide
// the next finding: name what is complained of as exactly as the scanner does.

const explained = [
  {
    tool: "testssl",
    id: /^engine_problem$/,
    why: "this is about testssl.sh's own OpenSSL",
  },
  {
    tool: "testssl",
    id: /^cert_revocation$/,
    why: "the certificate was made for this run by nobody who could revoke it",
  },
  {
    tool: "testssl",
    id: /^BREACH$/,
    why: "no answer reflects what a stranger sends beside a secret: tokens travel in headers that no other page can set",
  },
  {
    tool: "nmap",
    id: /^http-enum$/,
    text: /^\/account\.html: Possible admin folder$/,
    why: "the page of one's own account",
  },
];

/** Why a finding is none, or undefined. */
export function explain(tool, { id, text }) {
  return explained.find((one) => one.tool === tool && one.id.test(id) && (!one.text || one.text.test(text)))?.why;
}
