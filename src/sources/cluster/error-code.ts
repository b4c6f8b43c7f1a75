/** Node's code of an error, `ENOENT`, `ECONNRESET`; `unknown` for what has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
