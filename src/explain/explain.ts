import type { Answer } from './answer.ts';
import type { Page } from './page.ts';
import { pageNames, readPage } from './pages.ts';

/** Of a text of many lines so many are looked at, and so much of each. */
const mostLines = 1000;
const longestLine = 16_384;

/**
 * All that istls knows of what somebody asks about, most particular meaning first; nothing when it knows nothing. Of
 * several lines each is explained, and what they have in common once.
 *
 * @param asked a name, a number, or lines of text
 */
export async function explain(asked: string): Promise<readonly Answer[]> {
  const pages = new Set(pageNames());
  const name = asked
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, '-');
  if (pages.has(name)) return [fromPage(readPage(name))];

  const answers = new Map<string, Answer>();
  for (const line of asked.split('\n').slice(0, mostLines)) {
    for (const answer of await explainLine(line.slice(0, longestLine).trim())) {
      const key = `${answer.title} ${JSON.stringify(answer.facts)}`;
      if (!answers.has(key)) answers.set(key, answer);
    }
  }
  return [...answers.values()].map((answer) => ({
    ...answer,
    causes: answer.causes.filter((cause) => pages.has(cause)),
  }));
}

/** Every name that can be asked for, for telling somebody what he may have meant. */
export async function knownNames(): Promise<readonly string[]> {
  const [{ clientErrorNames }, { boringsslNames }] = await Promise.all([
    import('./client-errors.ts'),
    import('./boringssl.ts'),
  ]);
  return [...pageNames(), ...clientErrorNames(), ...boringsslNames()];
}

/** What is not asked for is not loaded: each table costs a part of the time in which an answer has to be there. */
async function explainLine(line: string): Promise<readonly Answer[]> {
  if (line === '') return [];
  if (!/\s/.test(line) && !line.startsWith('{')) return explainWord(line);
  const ofClient = /^(?:\* )?curl:? /.test(line) ? await fromClient(line) : [];
  if (ofClient.length > 0) return ofClient;
  const inTls = line.includes('OPENSSL_internal') ? await fromBoringssl(line) : [];
  if (inTls.length > 0 && line.startsWith('error:')) return inTls;
  const inLog = await fromLog(line);
  return inLog.length + inTls.length > 0 ? [...inLog, ...inTls] : fromClient(line);
}

async function explainWord(word: string): Promise<readonly Answer[]> {
  if (/^(?:[A-Za-z]{2,5}|(?:[A-Z][a-z]+){2,6})(?:,[A-Za-z]{2,40})*$/.test(word)) {
    const { flagsByName } = await import('./access-lines.ts');
    const flags = flagsByName(word);
    if (flags.length > 0) return flags;
  }
  const ofClient = word.includes('OPENSSL_internal') ? [] : await fromClient(word);
  return ofClient.length > 0 ? ofClient : fromBoringssl(word);
}

async function fromClient(text: string): Promise<readonly Answer[]> {
  const { clientErrors } = await import('./client-errors.ts');
  return clientErrors(text);
}

async function fromBoringssl(text: string): Promise<readonly Answer[]> {
  const { boringsslErrors } = await import('./boringssl.ts');
  return boringsslErrors(text);
}

async function fromLog(line: string): Promise<readonly Answer[]> {
  // A line of an access log begins with `[` or `{`, behind what kubectl may have put before it.
  if (/[[{]/.test(line.slice(0, 200))) {
    const { accessLine } = await import('./access-lines.ts');
    const answer = accessLine(line);
    if (answer) return [answer];
  }
  const { logLine } = await import('./log-lines.ts');
  const answer = logLine(line);
  return answer ? [answer] : [];
}

function fromPage(page: Page): Answer {
  return { kind: page.group === 'symptom' ? 'check' : 'cause', causes: [], ...page };
}
