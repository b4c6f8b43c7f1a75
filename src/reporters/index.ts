import type { Report } from '../report/report.ts';
import type { ReporterOptions } from './style.ts';

/** A reporter turns a report into text. It never prints, and the exit code is no business of its. */
export type Reporter = (report: Report, options: ReporterOptions) => string;

/** The formats of a report. A new one is a file and a line here; the flag's choices are these keys. */
export const reporters = {
  text: async () => (await import('./text.ts')).renderText,
  short: async () => (await import('./text.ts')).renderShort,
  wide: async () => (await import('./text.ts')).renderWide,
  json: async () => (await import('./machine.ts')).renderJson,
  jsonl: async () => (await import('./machine.ts')).renderJsonLines,
  yaml: async () => (await import('./machine.ts')).renderYaml,
} satisfies Record<string, () => Promise<Reporter>>;

export type ReportFormat = keyof typeof reporters;

const isFormat = (name: string): name is ReportFormat => Object.hasOwn(reporters, name);

export const reportFormats: readonly ReportFormat[] = Object.keys(reporters).filter(isFormat);
