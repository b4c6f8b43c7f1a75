const begin = '-----BEGIN ';
const label = /^[A-Z0-9 ]{0,40}PRIVATE KEY-----/;
const end = /-----END [A-Z0-9 ]{0,40}-----/g;

/** The text with the body of every PEM private key taken out, up to its END line or the end of the text. */
export function withoutPrivateKeys(text: string): string {
  let clean = '';
  let from = 0;
  for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at + 1)) {
    if (at < from || !label.test(text.slice(at + begin.length, at + begin.length + 60))) continue;
    end.lastIndex = at;
    const closing = end.exec(text);
    clean += `${text.slice(from, at)}[private key taken out]`;
    from = closing ? closing.index + closing[0].length : text.length;
  }
  return clean + text.slice(from);
}
