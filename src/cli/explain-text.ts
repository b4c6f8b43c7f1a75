import { explain, knownNames } from '../explain/explain.ts';
import type { IstlsError } from '../model/errors.ts';
import { jsonText } from '../text/json.ts';
import type { Look } from './terminal.ts';

/** What `istls explain` was asked. */
export interface ExplainQuestion {
  /** The words behind the command; none asks for the list of what there is, `-` for what standard input holds. */
  readonly words: readonly string[];
  readonly format: 'text' | 'json';
  readonly look: Look;
  /** `istls` or `kubectl istio-tls`. */
  readonly program: string;
}

const schema = 'istls.explain/v1';

/**
 * The answer, ready to be printed. What only some answers need is loaded for those only: `explain` has to be fast.
 *
 * @throws IstlsError with the nearest names when nothing is known of it
 */
export async function explainText(question: ExplainQuestion): Promise<string> {
  const { words, format, look, program } = question;
  const asked = (words.length === 1 && words[0] === '-' ? await standardInput() : words.join(' ')).trim();
  if (asked === '') return listText(question);
  const answers = await explain(asked);
  if (answers.length === 0) throw await unknown(asked, program);
  if (format === 'json') return jsonText({ schema, asked, answers });
  const { renderAnswers } = await import('../explain/render-text.ts');
  return `${renderAnswers(answers, { ...look, program })}\n`;
}

async function listText({ format, look, program }: ExplainQuestion): Promise<string> {
  const { topics } = await import('../explain/topics.ts');
  if (format === 'json') return jsonText({ schema, asked: null, topics: topics() });
  const { renderTopics } = await import('../explain/render-topics.ts');
  return `${renderTopics(topics(), { ...look, program })}\n`;
}

async function standardInput(): Promise<string> {
  const { readStandardInput } = await import('./standard-input.ts');
  return readStandardInput();
}

async function unknown(asked: string, program: string): Promise<IstlsError> {
  const [{ alternatives, nearest }, { quoted }, { usageError }] = await Promise.all([
    import('../text/nearest.ts'),
    import('../text/quoted.ts'),
    import('./usage-error.ts'),
  ]);
  const near = nearest(asked, await knownNames());
  return usageError(
    `nothing is known of ${quoted(asked)}`,
    near.length > 0 ? `did you mean ${alternatives(near)}?` : `${program} explain lists what can be explained`,
  );
}
