/**
 * How long a server asks to wait before the same request is worth sending again, in milliseconds; nothing when it does
 * not ask. As client-go has it: 429 and 5xx, and only with a Retry-After header (seconds or an HTTP date, RFC 9110).
 */
export function retryDelay(status: number, retryAfter: string | undefined, now: number): number | undefined {
  if (status !== 429 && status < 500) return undefined;
  if (retryAfter === undefined) return undefined;
  if (/^\d{1,6}$/.test(retryAfter.trim())) return Number(retryAfter) * 1000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
