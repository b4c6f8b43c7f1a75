import { present } from '../envoy/present.ts';
import type { EventFields } from './log-pattern.ts';

const head = /Error adding\/updating listener(?:\(s\))? /;
const listenerName = /^((?:udp_)?[^\s:]\S*_\d{1,5}|::_\d{1,5}): /;
const bindFailure = /cannot bind '/;

/**
 * The listeners of one refusal. Envoy puts them on lines of their own, `NAME: REASON`, and a reason can be a whole
 * configuration over many lines [seen: Envoy 1.38.3].
 */
export function refusedListeners(message: string, about: Partial<EventFields>): readonly EventFields[] {
  const start = head.exec(message);
  const text = start ? message.slice(start.index + start[0].length) : message;
  const found: { listener?: string; lines: string[] }[] = [];
  for (const line of text.split('\n')) {
    const name = listenerName.exec(line);
    const last = found.at(-1);
    if (name?.[1] !== undefined) found.push({ listener: name[1], lines: [line.slice(name[0].length)] });
    else if (last) last.lines.push(line);
    else found.push({ lines: [line] });
  }
  return found.flatMap(({ listener, lines }) => {
    const reason = shortReason(lines);
    const port = /_(\d{1,5})$/.exec(listener ?? '')?.[1];
    const kind = bindFailure.test(reason) ? 'bind-failed' : 'listener-refused';
    return [
      present({ ...about, listener, port: port === undefined ? undefined : Number(port), reason, kind } as const),
    ];
  });
}

/** Of a configuration that is printed with the reason, only what follows it. */
function shortReason(lines: readonly string[]): string {
  const [first = ''] = lines;
  if (!first.startsWith('goo.gle/debugstr')) return first.trim();
  const conclusion = lines.findLast((line) => line.startsWith(': '));
  return (conclusion ?? first).replace(/^: /, '').trim();
}
